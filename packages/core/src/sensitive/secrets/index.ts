import type { BuiltInType, Finder, SensitiveMatch } from '../types.ts';
import { certainties } from '../types.ts';
import { assignmentAt, comparedBefore, nameEnd } from './assignments.ts';
import { commandPasswordAt, curlUserAt } from './commands.ts';
import { jwtAt } from './jwt.ts';
import { shapeAt, table, wrappedAt } from './known.ts';
import { kubernetesSecretAt } from './kubernetes.ts';
import { judged, judgedField } from './named.ts';
import { privateKeyAt, puttyKeyAt } from './pem.ts';
import { secretRows as rows } from './rows/index.ts';
import { beginsAt } from './shape.ts';
import { signatureAt, urlCredentialsAt } from './urls.ts';

/** Every rule of the table, for documentation: which vendor's secret, and what it is found as. */
export const secretRules: readonly { id: string; vendor: string; type: BuiltInType }[] = rows.map((row) => ({
  id: row.id,
  vendor: row.vendor,
  type: row.type ?? 'API_KEY',
}));

/** What one pass has seen so far, so that nothing is looked at twice. */
interface Pass {
  readonly text: string;
  readonly matches: SensitiveMatch[];
  /** Where the last name ended. */
  name: number;
  /** Where the last assignment's sign ended. */
  sign: number;
  /** Up to where a token, key or manifest has been taken. */
  taken: number;
  manifest: number;
  /** The last command that takes a password as an option. */
  command: { readonly word: string; readonly start: number };
}

/**
 * Secrets in any text: published formats of `secretRules`, private keys, JSON Web Tokens, passwords in URLs, and what is
 * given to a name that says so, in code, configuration, headers, command lines or prose. The whole value is the span,
 * without quotes. One pass over the text for all words; rules look only round a hit, within bounds, so the work is
 * linear in the text whatever it says.
 */
export const findSecrets: Finder = (text, field) => {
  const { automaton, leads, words } = table();
  const pass: Pass = {
    text,
    matches: [],
    name: -1,
    sign: -1,
    taken: -1,
    manifest: -1,
    command: { word: '', start: -10_000 },
  };
  const whole = judgedField(text, field);
  if (whole) pass.matches.push(whole);
  automaton.scan(text, (word, start) => {
    const lead = leads[word]!;
    const end = start + words[word]!.length;
    switch (lead.kind) {
      case 'name':
        return named(pass, start, end);
      case 'shape':
        return push(pass, shapeAt(text, start, lead.shapes));
      case 'wrapped':
        return push(pass, wrappedAt(text, start, lead.shapes));
      case 'wrapped-jwt':
        return push(pass, wrappedAt(text, start, []));
      case 'jwt':
        return start >= pass.taken && beginsAt(text, start) ? take(pass, jwtAt(text, start)) : undefined;
      case 'pem':
        return start >= pass.taken ? take(pass, privateKeyAt(text, start)) : undefined;
      case 'putty':
        return start >= pass.taken ? take(pass, puttyKeyAt(text, start)) : undefined;
      case 'url':
        return push(pass, urlCredentialsAt(text, end));
      case 'signature':
        return push(pass, signatureAt(text, start, end));
      case 'command':
        pass.command = { word: lead.command, start };
        return;
      case 'user':
      case 'option':
        return push(pass, optionOf(pass, lead.kind, start, end));
      case 'kubernetes':
        return /\w/.test(text[end] ?? '') ? undefined : manifest(pass, start);
    }
  });
  return pass.matches.length < 2 ? pass.matches : disjoint(pass.matches, text.length);
};

function push(pass: Pass, match: SensitiveMatch | undefined): void {
  if (match) pass.matches.push(match);
}

function take(pass: Pass, match: SensitiveMatch | undefined): void {
  if (!match) return;
  pass.matches.push(match);
  pass.taken = match.end;
}

/** The password that an option gives to the command before it; a command may go on over a few lines. */
function optionOf(
  { text, command }: Pass,
  kind: 'user' | 'option',
  start: number,
  end: number,
): SensitiveMatch | undefined {
  if (start - command.start > 1000) return undefined;
  if (command.word === 'curl ') return kind === 'user' ? curlUserAt(text, end) : undefined;
  return kind === 'option' && start - command.start < 300 ? commandPasswordAt(text, end, command.word) : undefined;
}

function manifest(pass: Pass, start: number): void {
  if (start < pass.manifest) return;
  const { matches, end } = kubernetesSecretAt(pass.text, start);
  pass.matches.push(...matches);
  pass.manifest = end;
}

/** A word of a name: the value given to that name, once for each value however many words the name has. */
function named(pass: Pass, start: number, end: number): void {
  if (start < pass.taken || start < pass.name) return;
  pass.name = nameEnd(pass.text, end);
  const before = comparedBefore(pass.text, start);
  if (before) push(pass, judged(before));
  const given = assignmentAt(pass.text, start, end);
  if (!given || given.sign === pass.sign) return;
  pass.sign = given.sign;
  push(pass, judged(given));
}

/** The surest of matches that overlap, and of those the longest. */
function disjoint(matches: readonly SensitiveMatch[], length: number): SensitiveMatch[] {
  const rank = (match: SensitiveMatch): number => certainties.indexOf(match.certainty);
  const surest = matches.toSorted((a, b) => rank(a) - rank(b) || b.end - b.start - (a.end - a.start));
  const covered = new Uint8Array(length);
  const kept = surest.filter(({ start, end }) => {
    const free = !covered.subarray(start, end).includes(1);
    if (free) covered.fill(1, start, end);
    return free;
  });
  return kept.toSorted((a, b) => a.start - b.start);
}
