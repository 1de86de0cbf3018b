import type { Effect } from '../flow/manifest.ts';
import type { ToolAnnotations } from './propose.ts';
import {
  effectOfVerb,
  isAlsoNoun,
  passives,
  stricter,
  strictness,
  verbOfGerund,
  verbOfThirdPerson,
  wordsOf,
} from './words.ts';

/** An effect, and the words that it was read off. */
export interface EffectFound {
  readonly effect: Effect;
  readonly word: string;
  /** Of a sentence: whether it begins with it. */
  readonly at?: 'head' | 'later';
}

const joins: ReadonlySet<string> = new Set(['and', 'or', 'then']);

/**
 * The effect that a name tells: its first verb, and every other word that can only be a verb. `get_post` reads;
 * `post_get` may post, and `get_or_create_user` writes.
 */
export function effectOfName(name: string): EffectFound | undefined {
  const words = wordsOf(name);
  let found: EffectFound | undefined;
  for (const [at, word] of words.entries()) {
    const effect = effectOfVerb(word);
    if (effect === undefined) continue;
    const verbStandsHere = found === undefined || joins.has(words[at - 1] ?? '');
    if (verbStandsHere || !isAlsoNoun(word)) found = worse(found, { effect, word });
  }
  return found;
}

/** Words after which a verb tells what the tool does. */
const beforeVerb: ReadonlySet<string> = new Set(
  'will also can may to and or then but it automatically optionally immediately that which finally you'.split(' '),
);
/** Words with which a sentence about a tool begins before its verb. */
const openings: ReadonlySet<string> = new Set(
  'command use used it will also can may allows lets you to please automatically'.split(' '),
);
const subject = /^\s*(?:this|the|a|an) (?:tool|function|method|action|endpoint|api|command|operation)\b/;
/** Words after which `-ing` tells how it does what it does: `by posting`. */
const beforeGerund: ReadonlySet<string> = new Set('by and then before after while'.split(' '));
const present: ReadonlySet<string> = new Set(['is', 'are', 'be', 'gets']);

/** The effects that a description tells, the strictest of them. What is quoted as code names other tools and arguments. */
export function effectOfDescription(description: string): EffectFound | undefined {
  let found: EffectFound | undefined;
  for (const [at, sentence] of sentencesOf(description).entries()) {
    const told = effectOfSentence(sentence);
    // That it reads counts only where its first words say so: "Gets the report" may well follow on something worse.
    if (told?.effect !== 'read' || (at === 0 && told.at === 'head')) found = worse(found, told);
  }
  return found;
}

const sentencesOf = (description: string): string[][] =>
  description
    .replaceAll(/`[^`]*`/g, ' ')
    .replaceAll(/\b(?:e\.g|i\.e)\./gi, ' ')
    .toLowerCase()
    .replaceAll(/\bperforms? (?:an? )?(?:\w+ ){0,2}(?:search|lookup|query)\b/g, 'searches')
    .replaceAll(/\b(?:note|warning|important|caution|attention|side[- ]effects?)\s*:/g, '. ')
    .split(/[.!?;\n]+/)
    .map((sentence) => sentence.replace(subject, ' ').match(/[\p{L}\p{N}]+/gu) ?? [])
    .filter((words) => words.length > 0);

function effectOfSentence(words: readonly string[]): EffectFound | undefined {
  const head = words.findIndex((word) => !openings.has(word));
  if (words[head] === 'gets' && words[head + 1] === 'rid') return { effect: 'delete', word: 'gets rid', at: 'head' };
  let found: EffectFound | undefined;
  for (const [at, word] of words.entries()) {
    const before = words[at - 1] ?? '';
    const passive = present.has(before) ? passives.get(word) : undefined;
    if (passive !== undefined) found = worse(found, { effect: passive, word: `${before} ${word}` });
    const inflected = beforeGerund.has(before) ? verbOfGerund(word) : undefined;
    const base = inflected ?? (effectOfVerb(word) === undefined ? verbOfThirdPerson(word) : word);
    const effect = base === undefined ? undefined : effectOfVerb(base);
    if (base === undefined || effect === undefined) continue;
    const verbStandsHere = at === head || inflected !== undefined || beforeVerb.has(before);
    const canOnlyBeVerb = base !== word && !isAlsoNoun(base);
    if (verbStandsHere || (canOnlyBeVerb && effect !== 'read'))
      found = worse(found, { effect, word, at: at === head ? 'head' : 'later' });
  }
  return found;
}

/** Of two readings the stricter; of equals the first. */
function worse(a: EffectFound | undefined, b: EffectFound | undefined): EffectFound | undefined {
  if (!a || !b) return a ?? b;
  return a.effect !== b.effect && stricter(a.effect, b.effect) === b.effect ? b : a;
}

export interface EffectProposal {
  readonly effect: Effect;
  readonly why: readonly string[];
}

/** What the tool does to the world, by the strictest of its name, its description and the hints about it. */
export function proposeEffect(
  name: string,
  description: string,
  annotations: ToolAnnotations,
  vouched: boolean,
): EffectProposal {
  const byName = effectOfName(name);
  const byText = effectOfDescription(description);
  const why: string[] = [];
  let effect: Effect;
  if (byName) {
    effect = byName.effect;
    why.push(`Its name says "${byName.word}", so its effect is ${effect}.`);
    if (byText && isStricter(byText.effect, effect)) {
      effect = byText.effect;
      why.push(`Its description says more, "${byText.word}", so its effect is ${effect}.`);
    }
  } else if (byText) {
    effect = byText.effect;
    why.push(`Its description says "${byText.word}", so its effect is ${effect}; its name says nothing.`);
  } else if (vouched && annotations.readOnlyHint === true) {
    return { effect: 'read', why: ['Its server says that it only reads, and you vouch for the server.'] };
  } else {
    return {
      effect: 'execute',
      why: ['Neither its name nor its description says what it does, so it is taken to act on the world.'],
    };
  }
  return hinted(effect, why, annotations, vouched);
}

/** A hint makes a proposal stricter. It makes one laxer only where an operator vouches for the server. */
function hinted(
  effect: Effect,
  why: readonly string[],
  { readOnlyHint, destructiveHint }: ToolAnnotations,
  vouched: boolean,
): EffectProposal {
  if (readOnlyHint === true && effect !== 'read') {
    const because = vouched ? 'its own words say otherwise' : 'nobody vouches for it';
    return { effect, why: [...why, `Its server says that it only reads; that is not believed, because ${because}.`] };
  }
  if (destructiveHint === true && isStricter('delete', effect)) {
    return { effect: 'delete', why: [...why, 'Its server says that it may destroy, so its effect is delete.'] };
  }
  if (readOnlyHint === false && effect === 'read') {
    return { effect: 'write', why: [...why, 'Its server says that it changes something, so its effect is write.'] };
  }
  return { effect, why };
}

const isStricter = (a: Effect, b: Effect): boolean => strictness.indexOf(a) > strictness.indexOf(b);
