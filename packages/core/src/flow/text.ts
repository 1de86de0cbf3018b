/** Characters that show nothing: joiners, variation selectors, tags, bidirectional controls, soft hyphens. */
const invisible = /\p{Cf}|\u034F|[\u115F\u1160]|[\u17B4\u17B5]|\u3164|\uFFA0|[\uFE00-\uFE0F]|[\u{E0100}-\u{E01EF}]/gu;

// oxlint-disable-next-line no-control-regex
const isAscii = (text: string): boolean => !/[^\x00-\x7F]/.test(text);

/** The form in which texts are compared: compatibility forms, case and white space folded, invisible characters gone. */
export function fold(text: string): string {
  // Most text is ASCII already, with single spaces: normalising and replacing are the dearest steps of learning.
  const lower = (isAscii(text) ? text : text.normalize('NFKC').replace(invisible, '')).toLowerCase();
  return (/[^\S ]| {2}/.test(lower) ? lower.replace(/\s+/g, ' ') : lower).trim();
}

/**
 * Whether an argument is written plainly. What is not is never taken for the value it looks like: the tool would get
 * other bytes than the ones that were vouched for.
 */
export const isPlain = (value: string): boolean =>
  isAscii(value) || (value.normalize('NFKC') === value && value.search(invisible) === -1);

const word = /[\p{L}\p{N}]+/gu;

/** Words of a folded text, in order. */
export const wordsOf = (folded: string): string[] => folded.match(word) ?? [];

/** Words that begin sentences, or say what an agent is: with a capital they still name nobody. */
const commonWords = new Set(
  (
    'please can could would will shall should may might must do does did don not let lets and or but if then also after before once when ' +
    'while where what which who whom whose why how the this that these those there here they them their his her its our your you ' +
    'she was were are has have had been being hello dear hey thanks thank yes now just only first next finally lastly last second ' +
    'all any each every some from for with without about into onto over under your mine myself today tomorrow yesterday tonight ' +
    'monday tuesday wednesday thursday friday saturday sunday january february march july september october november december ' +
    'send reply forward write read check find search look get give show tell make create add book buy pay order schedule remind ' +
    'summarize summarise update change delete remove cancel list open download upload post share invite move copy transfer visit ' +
    'use help need want see set put take keep note run email mail message info contact support admin team sales office billing ' +
    'service customer user account assistant agent helpful client manager security system bot'
  ).split(' '),
);
export const isCommonWord = (folded: string): boolean => commonWords.has(folded);

const partOfWord = /[\p{L}\p{N}_]/u;
const partOfName = /[\p{L}\p{N}_@%+-]/u;

/** Where `sought` begins in `text` as a whole token; -1 where it does not. `names`: also not inside a longer path, host or address. */
export function placeOf(text: string, sought: string, names = false): number {
  if (sought === '') return -1;
  const inner = names ? partOfName : partOfWord;
  // A text made of overlapping near-hits costs their number: after so many it counts as not found, which holds the call.
  let tries = 0;
  for (let at = text.indexOf(sought); at !== -1 && tries < 1000; at = text.indexOf(sought, at + 1), tries++) {
    const before = text[at - 1] ?? ' ';
    const end = at + sought.length;
    const after = text[end] ?? ' ';
    const joined = names && (/[./\\]/.test(before) || (/[./\\]/.test(after) && inner.test(text[end + 1] ?? ' ')));
    const opens = !partOfWord.test(sought[0] ?? '') || !inner.test(before);
    const closes = !partOfWord.test(sought.at(-1) ?? '') || !inner.test(after);
    if (opens && closes && !joined) return at;
  }
  return -1;
}
