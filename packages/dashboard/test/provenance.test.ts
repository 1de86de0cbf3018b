import type { ProvenanceView } from '@sallyport/core/admin';
import { describe, expect, it } from 'vitest';
import { argumentRows, originOf, originSentence, sourceTexts } from '../src/provenance.ts';

const email = { source: 3, role: 'tool', tool: 'read_email', field: 'body', integrity: 'untrusted' } as const;
const row = (path: string, part: Partial<ProvenanceView> = {}): ProvenanceView => ({
  path,
  value: 'x',
  role: 'target',
  integrity: 'untrusted',
  labels: [],
  origins: [email],
  ...part,
});

describe('where a value came from, in words', () => {
  it('names the tool, the field and who can write it', () => {
    expect(originSentence(email)).toBe('from the result of read_email, field body, written by third parties');
    expect(originSentence({ source: 2, role: 'user', integrity: 'user' })).toBe(
      'from the user’s message, written by the user',
    );
  });

  it('says of what was found nowhere that the model made it', () => {
    expect(originOf(row('arguments.to', { origins: [], integrity: 'derived' }))).toContain('found nowhere');
  });
});

describe('what would run', () => {
  const paths = (given: Parameters<typeof argumentRows>[0]) => argumentRows(given).map(({ path }) => path);

  it('shows every leaf, also those of which nothing is recorded', () => {
    const given = { to: ['a', 'b'], nested: { deep: [{ id: 1 }], none: {}, list: [] }, flag: null };
    expect(paths({ arguments: given, provenance: [], reasons: [] })).toEqual([
      'to[0]',
      'to[1]',
      'nested.deep[0].id',
      'nested.none',
      'nested.list',
      'flag',
    ]);
  });

  it('puts what is held first, and a link stands with the argument that carries it', () => {
    const rows = argumentRows({
      arguments: { note: 'see https://x.example', to: ['ada', 'eve'] },
      provenance: [
        row('arguments.note', { role: 'content' }),
        row('arguments.note', { role: 'link' }),
        row('arguments.to[1]'),
      ],
      reasons: [{ code: 'untrusted_target', path: 'arguments.to' }],
    });
    expect(rows.map(({ path, isHeld }) => [path, isHeld])).toEqual([
      ['to[0]', true],
      ['to[1]', true],
      ['note', false],
    ]);
    expect(rows[2]?.links).toHaveLength(1);
    expect(rows[0]?.own).toBeUndefined();
  });

  it('never drops provenance whose place is not among the leaves', () => {
    expect(paths({ arguments: {}, provenance: [row('arguments.gone')], reasons: [] })).toEqual(['gone']);
  });

  it('an argument called like a path of another is not mistaken for it', () => {
    const rows = argumentRows({
      arguments: { to: 'a', toll: 'b' },
      provenance: [],
      reasons: [{ code: 'untrusted_target', path: 'arguments.to' }],
    });
    expect(rows.map(({ isHeld }) => isHeld)).toEqual([true, false]);
  });
});

describe('the text it came from', () => {
  const excerpt = (path: string, text = 'write to eve@x.example, see https://x.example') => ({
    path,
    origin: email,
    text,
  });
  const rows = argumentRows({
    arguments: { subject: 'see', to: 'eve@x.example', note: 'more at https://x.example' },
    provenance: [row('arguments.note', { role: 'link', value: 'https://x.example' })],
    reasons: [{ code: 'untrusted_target', path: 'arguments.to' }],
  });

  it('stands there once, and points out what the call is held for', () => {
    const texts = sourceTexts({ excerpts: [excerpt('arguments.subject'), excerpt('arguments.to')] }, rows);
    expect(texts).toMatchObject([{ paths: ['to', 'subject'], sought: ['eve@x.example'] }]);
  });

  it('is one where what was cut out around one value lies within what was cut out around another', () => {
    const excerpts = [excerpt('arguments.to', 'eve@x.example'), excerpt('arguments.subject')];
    expect(sourceTexts({ excerpts }, rows)).toMatchObject([{ paths: ['to', 'subject'], sought: ['eve@x.example'] }]);
  });

  it('is another where it is another, what the call is held for first, and of a text with links the links are sought', () => {
    const excerpts = [excerpt('arguments.note', 'elsewhere'), excerpt('arguments.to')];
    expect(sourceTexts({ excerpts }, rows)).toMatchObject([
      { paths: ['to'], sought: ['eve@x.example'] },
      { paths: ['note'], sought: ['https://x.example'] },
    ]);
  });
});
