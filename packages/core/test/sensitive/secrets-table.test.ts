import { describe, expect, it } from 'vitest';
import { findSecrets, secretRules } from '../../src/sensitive/secrets/index.ts';
import { secretRows } from '../../src/sensitive/secrets/rows/index.ts';
import type { Part, SecretRow } from '../../src/sensitive/secrets/shape.ts';
import { alphabets, compile, endOf } from '../../src/sensitive/secrets/shape.ts';

/** Numbers that are the same in every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const charactersOf = Object.fromEntries(
  Object.entries(alphabets).map(([name, range]) => {
    const all = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
    const test = new RegExp(name === 'printable' ? '[A-Za-z0-9]' : `[${range}]`);
    return [name, all.filter((character) => test.test(character))];
  }),
);

function exampleOf(parts: readonly Part[], random: () => number, change: number): string {
  const runs = parts.filter((part) => 'alphabet' in part);
  const longest = runs.toSorted((a, b) => b.max - a.max)[0];
  return parts
    .map((part) => {
      if ('literal' in part) return part.literal;
      const length = part === longest && change !== 0 ? Math.max(0, part.min + change) : part.min;
      const characters = charactersOf[part.alphabet]!;
      return Array.from({ length }, () => characters[Math.floor(random() * characters.length)]).join('');
    })
    .join('');
}

/** One example of every shape of a row, and where the secret in it ends. */
function examplesOf(row: SecretRow, change = 0): { text: string; secret: string }[] {
  return compile(row).map((shape, index) => {
    const text = exampleOf(shape.parts, chance(row.id.length * 7919 + index), change);
    return { text, secret: row.after === undefined ? text : text.slice(0, -row.after.length) };
  });
}

const anywhere: Record<string, (secret: string) => string> = {
  JSON: (secret) => `{"a":1,"value":"${secret}","b":2}`,
  'JSON in JSON': (secret) => `{"file":"A=1\\n${secret}\\nB=2"}`,
  'an environment file': (secret) => `A=1\nTHING=${secret}\nB=2\n`,
  'a header': (secret) => `GET / HTTP/1.1\r\nX-Thing: ${secret}\r\nAccept: */*\r\n`,
  'a URL query': (secret) => `https://api.example.com/v1?thing=${secret}&page=2`,
  prose: (secret) => `They sent me ${secret} by mail.`,
};
const underName: Record<string, (name: string, secret: string) => string> = {
  JSON: (name, secret) => `{"a":1,"${name}_token":"${secret}"}`,
  'an environment file': (name, secret) => `A=1\nexport ${name.toUpperCase()}_TOKEN="${secret}"\nB=2\n`,
  YAML: (name, secret) => `config:\n  ${name}-token: '${secret}'\n`,
  Go: (name, secret) => `var ${name}Token string = "${secret}"`,
  XML: (name, secret) => `<${name}_token>${secret}</${name}_token>`,
  'a call': (name, secret) => `System.setProperty("${name.toUpperCase()}_TOKEN", "${secret}");`,
};

function spans(text: string): string[] {
  return findSecrets(text, []).map((match) => text.slice(match.start, match.end));
}

describe('every published format', () => {
  it('has an id of its own, and a row for documentation', () => {
    expect(new Set(secretRows.map((row) => row.id)).size).toBe(secretRows.length);
    expect(secretRules.map((rule) => rule.id)).toEqual(secretRows.map((row) => row.id));
    expect(secretRows.length).toBeGreaterThan(600);
  });

  it.each(Object.entries(anywhere))('that is proof by itself is found whole in %s', (_, put) => {
    const missed: string[] = [];
    for (const row of secretRows.filter(({ near }) => near === undefined)) {
      for (const { text, secret } of examplesOf(row)) {
        if (!spans(put(text)).includes(secret)) missed.push(`${row.id} ${put(text)} ${String(spans(put(text)))}`);
      }
    }
    expect(missed).toEqual([]);
  });

  it.each(Object.entries(underName))('that needs its vendor is found whole under its name in %s', (kind, put) => {
    const missed: string[] = [];
    for (const row of secretRows.filter(({ near }) => near !== undefined)) {
      const name = row.near![0]!.replaceAll(' ', '_');
      for (const { text, secret } of examplesOf(row)) {
        if (kind === 'XML' && text.includes(' ')) continue;
        if (!spans(put(name, text)).includes(secret)) missed.push(`${row.id} ${put(name, text)}`);
      }
    }
    expect(missed).toEqual([]);
  });

  it.each([-1, 1])('is not taken for that format when %i character is too many', (change) => {
    const taken: string[] = [];
    for (const row of secretRows) {
      const fixed = compile(row).filter(({ parts }) =>
        parts.every((part) => 'literal' in part || part.min === part.max),
      );
      for (const shape of fixed) {
        const text = exampleOf(shape.parts, chance(row.id.length * 31), change);
        const accepts = compile(row).some((other) => endOf(other, text, 0) === text.length);
        const found = findSecrets(`thing ${text} end`, []);
        if (!accepts && found.some(({ rule, end }) => rule === row.id && end === text.length + 6)) taken.push(row.id);
      }
    }
    expect(taken).toEqual([]);
  });

  it('is not taken for a secret where it only shows the place for one', () => {
    const taken: string[] = [];
    for (const row of secretRows.filter(({ near, entropy }) => near === undefined && entropy !== 0)) {
      for (const shape of compile(row)) {
        const longest = Math.max(0, ...shape.parts.map((part) => ('alphabet' in part ? part.min : 0)));
        if (longest < 16) continue;
        const text = shape.parts
          .map((part) => {
            if ('literal' in part) return part.literal;
            return charactersOf[part.alphabet]!.at(-1)!.repeat(part.min);
          })
          .join('');
        if (findSecrets(`value ${text} end`, []).some(({ rule }) => rule === row.id)) taken.push(`${row.id} ${text}`);
      }
    }
    expect(taken).toEqual([]);
  });
});
