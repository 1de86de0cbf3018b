import type { FieldNames, Finder, SensitiveMatch } from '../types.ts';
import { fieldsOf } from './columns.ts';
import { readingOf, type Reading } from './features.ts';
import { holds, holdsOf } from './fields.ts';
import { labels, tag, type Model } from './model.ts';
import { tokenKinds, tokensOf } from './tokens.ts';
import { bits, bitsOf } from './words.ts';

const wholeName = /^[\p{L}\p{M}][\p{L}\p{M}.'’ -]{0,60}[\p{L}\p{M}.]$/u;
const longestAddress = 200;

const placeholder =
  /^(?:null|none|nil|n\.?a\.?|unknown|anonymous|undefined|true|false|yes|no|admin|root|system|default|test|user|guest|bot|tbd)$/iu;

/** Whether a value could be a name at all: not `none`, nor a few common words. */
function nameable(value: string): boolean {
  if (!wholeName.test(value) || placeholder.test(value)) return false;
  const words = value.split(/[ .]+/).filter(Boolean);
  return (
    words.length <= 6 &&
    words.some((word) => {
      const known = bitsOf(word);
      return (known & (bits.first | bits.last)) !== 0 || ((known & bits.common) === 0 && !/^\p{Ll}/u.test(word));
    })
  );
}

/** A value whose field says what it is: the whole of it is the match. */
function byField(text: string, field: FieldNames): SensitiveMatch | undefined {
  const held = holdsOf(field);
  const start = text.length - text.trimStart().length;
  const end = text.trimEnd().length;
  if (end - start > longestAddress) return undefined;
  const value = text.slice(start, end);
  if (held === holds.person && nameable(value))
    return { type: 'PERSON', start, end, rule: 'name-field', certainty: 'context' };
  if (
    held === holds.address &&
    /\p{L}{2}/u.test(value) &&
    /\d/.test(value) &&
    /\s/.test(value) &&
    !/[@{}<>=]|:\/\//.test(value)
  )
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

/** A degree is part of a full name (`Dr. Ann Poe`); `Mr` is not. */
function degreeBefore({ tokens, facts }: Reading, from: number): number {
  const dot = tokens.text[tokens.starts[from - 1] ?? 0] === '.' && from > 1 ? 1 : 0;
  const degree = facts[from - 1 - dot]?.lowerText;
  return degree === 'dr' || degree === 'prof' ? from - 1 - dot : from;
}

function peopleIn(reading: Reading, tags: Uint8Array): SensitiveMatch[] {
  const { tokens, facts, fields } = reading;
  return [...runsOf(tags, labels.person, labels.personOn), ...againIn(reading, tags)].flatMap((each) => {
    const run = trimmed(reading, each);
    if (!run || run.to - run.from > 9 || inIdentifier(reading, run)) return [];
    let named = false;
    for (let token = run.from; token < run.to; token++)
      named ||= tokens.kinds[token] === tokenKinds.word && (facts[token]?.lowerText.length ?? 0) > 1;
    if (!named) return [];
    const titled = run.from > 0 && ((facts[run.from - 1]?.bits ?? 0) & bits.title) !== 0;
    const start = run.to - run.from > 1 ? degreeBefore(reading, run.from) : run.from;
    const sure = titled || fields[run.from] === holds.person;
    return [
      {
        type: 'PERSON',
        start: tokens.starts[start] ?? 0,
        end: tokens.ends[run.to - 1] ?? 0,
        rule: 'name-tagger',
        certainty: sure ? ('context' as const) : ('name' as const),
      },
    ];
  });
}

/** What speaks for an address besides the tagger: a street or unit word, a place with its code, a cue before it. */
function evident({ facts, fields, tokens }: Reading, { from, to }: Run): boolean {
  if (fields[from] === holds.address) return true;
  let number = false;
  let words = 0;
  let named = 0;
  let code = false;
  for (let token = Math.max(0, from - 4); token < to; token++) {
    const known = facts[token]?.bits ?? 0;
    if (token < from) {
      if ((known & bits.cue) !== 0) named |= bits.cue;
      continue;
    }
    if (tokens.kinds[token] === tokenKinds.number) {
      number = true;
      code ||= (tokens.ends[token] ?? 0) - (tokens.starts[token] ?? 0) >= 4;
    } else if (tokens.kinds[token] === tokenKinds.word) words++;
    named |= known;
  }
  const street = (named & (bits.street | bits.unit)) !== 0;
  if (words === 0 || !(number || (street && words > 1))) return false;
  return street || (named & bits.cue) !== 0 || (code && (named & (bits.place | bits.state)) !== 0);
}

function addressesIn(reading: Reading, tags: Uint8Array): SensitiveMatch[] {
  const { tokens } = reading;
  return runsOf(tags, labels.address, labels.addressOn).flatMap((each) => {
    const run = trimmed(reading, each);
    if (!run || !evident(reading, run)) return [];
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

const notAlone =
  bits.product | bits.common | bits.particle | bits.title | bits.place | bits.date | bits.organisation | bits.role;

/**
 * Parts of a full name that stand alone elsewhere in the text (`Ann Poe … Poe said`) and were not tagged so: whoever
 * masks the full name means these too.
 */
function againIn(reading: Reading, tags: Uint8Array): Run[] {
  const { tokens, facts } = reading;
  const parts = new Set<string>();
  for (const { from, to } of runsOf(tags, labels.person, labels.personOn)) {
    if (to - from < 2 || to - from > 5) continue;
    for (let token = from; token < to; token++) {
      const word = facts[token];
      if (tokens.kinds[token] !== tokenKinds.word || !word?.capital || word.lowerText.length < 3) continue;
      if ((word.bits & notAlone) === 0) parts.add(tokens.text.slice(tokens.starts[token], tokens.ends[token]));
    }
  }
  const runs: Run[] = [];
  if (parts.size === 0) return runs;
  for (let token = 0; token < tokens.count; token++) {
    if (
      (tags[token] !== labels.other && tags[token] !== labels.place) ||
      tokens.kinds[token] !== tokenKinds.word ||
      !facts[token]?.capital
    )
      continue;
    if (parts.has(tokens.text.slice(tokens.starts[token], tokens.ends[token])))
      runs.push({ from: token, to: token + 1 });
  }
  return runs;
}

/**
 * What must speak for a name or an address above what speaks against it, in the model's rounded weights: more of it finds
 * fewer and surer ones. F1 on rows held out is flat from -15 to 60; from 15 on, technical text is left alone.
 */
export const caution = 15;

/** The finder that a model makes. */
export function finderOf(model: () => Model, above: number = caution): Finder {
  return (text, field) => {
    const whole = byField(text, field);
    if (whole) return [whole];
    if (!/[\p{Lu}\d]/u.test(text) && holdsOf(field) !== holds.named) return [];
    const tokens = tokensOf(text);
    const reading = readingOf(tokens, fieldsOf(tokens, field));
    const tags = tag(model(), reading, above);
    return [...peopleIn(reading, tags), ...addressesIn(reading, tags)].toSorted((a, b) => a.start - b.start);
  };
}
