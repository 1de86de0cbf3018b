import type { FieldNames, Finder, SensitiveMatch } from '../types.ts';
import { fieldsOf } from './columns.ts';
import { readingOf, type Reading } from './features.ts';
import { holds, holdsOf } from './fields.ts';
import { labels, tag, type Model } from './model.ts';
import { tokenKinds, tokensOf } from './tokens.ts';
import { bits } from './words.ts';

const wholeName = /^[\p{L}\p{M}][\p{L}\p{M}.'’ -]{0,60}[\p{L}\p{M}.]$/u;
const longestAddress = 200;

/** A value whose field says what it is: the whole of it is the match. */
function byField(text: string, field: FieldNames): SensitiveMatch | undefined {
  const held = holdsOf(field);
  const start = text.length - text.trimStart().length;
  const end = text.trimEnd().length;
  const value = text.slice(start, end);
  if (held === holds.person && wholeName.test(value) && value.split(/\s+/).length <= 6)
    return { type: 'PERSON', start, end, rule: 'name-field', certainty: 'context' };
  if (held === holds.address && value.length <= longestAddress && /\p{L}/u.test(value) && /\d/.test(value))
    return { type: 'ADDRESS', start, end, rule: 'address-field', certainty: 'context' };
  return undefined;
}

/** First and past-the-last token. */
interface Run {
  readonly from: number;
  readonly to: number;
}

function runsOf(tags: Uint8Array, begins: number, goesOn: number): Run[] {
  const runs: Run[] = [];
  for (let token = 0; token < tags.length; token++) {
    if (tags[token] !== begins) continue;
    let to = token + 1;
    while (to < tags.length && tags[to] === goesOn) to++;
    runs.push({ from: token, to });
  }
  return runs;
}

/** Without the marks and line breaks at its ends. */
function trimmed({ tokens, facts }: Reading, { from, to }: Run): Run | undefined {
  const { kinds, text, starts } = tokens;
  while (
    from < to &&
    kinds[from] !== tokenKinds.word &&
    kinds[from] !== tokenKinds.number &&
    text[starts[from] ?? 0] !== '#'
  )
    from++;
  while (from < to && kinds[to - 1] !== tokenKinds.word && kinds[to - 1] !== tokenKinds.number) {
    const abbreviated = text[starts[to - 1] ?? 0] === '.' && facts[to - 2]?.lowerText.length === 1;
    if (abbreviated) break;
    to--;
  }
  return from < to ? { from, to } : undefined;
}

/** Part of an identifier, a path, a handle or a call, which names no person. */
function inIdentifier({ tokens: { text, starts, ends } }: Reading, { from, to }: Run): boolean {
  const before = text[(starts[from] ?? 0) - 1] ?? ' ';
  const after = text[ends[to - 1] ?? 0] ?? ' ';
  if (/[@/\\_$]/.test(before) || /[@/\\_$(={[]/.test(after)) return true;
  const next = text[(ends[to - 1] ?? 0) + 1] ?? ' ';
  return (after === '.' || after === ':') && /[\p{L}\p{N}:]/u.test(next);
}

function peopleIn(reading: Reading, tags: Uint8Array): SensitiveMatch[] {
  const { tokens, facts, fields } = reading;
  return runsOf(tags, labels.person, labels.personOn).flatMap((each) => {
    const run = trimmed(reading, each);
    if (!run || run.to - run.from > 9 || inIdentifier(reading, run)) return [];
    let named = false;
    for (let token = run.from; token < run.to; token++)
      named ||= tokens.kinds[token] === tokenKinds.word && (facts[token]?.lowerText.length ?? 0) > 1;
    if (!named) return [];
    const titled = run.from > 0 && ((facts[run.from - 1]?.bits ?? 0) & bits.title) !== 0;
    const sure = titled || fields[run.from] === holds.person;
    return [
      {
        type: 'PERSON',
        start: tokens.starts[run.from] ?? 0,
        end: tokens.ends[run.to - 1] ?? 0,
        rule: 'name-tagger',
        certainty: sure ? ('context' as const) : ('name' as const),
      },
    ];
  });
}

function addressesIn(reading: Reading, tags: Uint8Array): SensitiveMatch[] {
  const { tokens, facts } = reading;
  return runsOf(tags, labels.address, labels.addressOn).flatMap((each) => {
    const run = trimmed(reading, each);
    if (!run) return [];
    let number = false;
    let words = 0;
    let street = false;
    for (let token = run.from; token < run.to; token++) {
      if (tokens.kinds[token] === tokenKinds.number) number = true;
      else if (tokens.kinds[token] === tokenKinds.word) words++;
      street ||= ((facts[token]?.bits ?? 0) & (bits.street | bits.unit)) !== 0;
    }
    if (words === 0 || !(number || (street && words > 1))) return [];
    return [
      {
        type: 'ADDRESS',
        start: tokens.starts[run.from] ?? 0,
        end: tokens.ends[run.to - 1] ?? 0,
        rule: 'address-tagger',
        certainty: 'name' as const,
      },
    ];
  });
}

/** The finder that a model makes. `caution` is what the model must say for a name above what it says against it. */
export function finderOf(model: () => Model, caution: number): Finder {
  return (text, field) => {
    const whole = byField(text, field);
    if (whole) return [whole];
    if (!/[\p{Lu}\d]/u.test(text) && holdsOf(field) !== holds.named) return [];
    const tokens = tokensOf(text);
    const reading = readingOf(tokens, fieldsOf(tokens, field));
    const tags = tag(model(), reading, caution);
    return [...peopleIn(reading, tags), ...addressesIn(reading, tags)].toSorted((a, b) => a.start - b.start);
  };
}
