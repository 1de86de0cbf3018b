import type { OfferedTool, PinFinding } from '../pins.ts';
import type { KnownTool, Neighbours } from './names.ts';
import type { PoisonPattern } from './poison.ts';
import { fold } from '../normalize/fold.ts';
import { mentionFindings, nameFindings, neighboursOf } from './names.ts';
import { parameterPatterns, poisonPatterns } from './poison.ts';
import { scanInjection } from '../injection/scan.ts';
import { showText } from '../normalize/show.ts';
import { textsOf, type DefinitionText } from './texts.ts';
import { viewsOf } from '../normalize/views.ts';

export interface ScanContext {
  /** Reviewed tools of other upstreams. */
  readonly others: readonly KnownTool[];
  /** Names of all tools that this upstream offers. */
  readonly siblings: readonly string[];
  /** Of these the reviewed ones: a tool may speak of them, also where another upstream has the name. */
  readonly own?: readonly string[];
}

/** Honest descriptions stay below by far. */
const longestText = 8_000;
const longestDefinition = 65_536;
const mostFindings = 20;
/** What is scanned of one definition, in characters; what is longer is oversized, so never unseen. */
const mostScanned = 66_000;

/**
 * What is suspicious about a tool: everything that its own definition shows, and what it does beside other tools. A signal
 * for whoever reviews it, never proof that it is harmless.
 */
export const scanDefinition = (tool: OfferedTool, { others, siblings, own = [] }: ScanContext): readonly PinFinding[] =>
  [...scanTexts(tool), ...scanBeside(tool, neighboursOf(others, siblings, own))].slice(0, mostFindings);

/** The part of the scan that hangs on nothing but the definition: the same definition has the same findings. */
export function scanTexts(tool: OfferedTool): readonly PinFinding[] {
  const { texts, complete } = textsOf(tool);
  const found: PinFinding[] = [...invisible(texts), ...oversized(tool, texts, complete)];
  let left = mostScanned;
  const scanned: DefinitionText[] = [];
  for (const { at, text, isName } of texts) {
    if (left <= 0) break;
    scanned.push({ at, text: text.slice(0, left), isName });
    left -= text.length;
  }
  found.push(...instructions(scanned));
  return found.slice(0, mostFindings);
}

/** The part of the scan that hangs on which other tools there are. */
export const scanBeside = (tool: OfferedTool, neighbours: Neighbours): readonly PinFinding[] =>
  [...nameFindings(tool.name, neighbours), ...mentionFindings(textsOf(tool).texts, tool.name, neighbours)].slice(
    0,
    mostFindings,
  );

/** Characters that show nothing, but for those without which emoji and some scripts cannot be written. */
const hidden =
  // oxlint-disable-next-line no-misleading-character-class, no-control-regex -- single code points are what is sought
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u2800\ufff9-\ufffb\p{Default_Ignorable_Code_Point}\p{Co}\p{Cs}]/u;
const joined =
  /\p{Extended_Pictographic}[\p{Emoji_Modifier}\ufe0f]?(?:\u200d\p{Extended_Pictographic}[\p{Emoji_Modifier}\ufe0f]?){0,8}|[0-9#*]\ufe0f\u20e3|(?<=[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Malayalam}\p{Script=Kannada}\p{Script=Sinhala}])[\u200c\u200d]/gu;
const gap = /[^\S\n]{80}|\n[\s]{0,3}\n(?:\s{0,3}\n){10}/;

function invisible(texts: readonly DefinitionText[]): PinFinding[] {
  const found: PinFinding[] = [];
  for (const { at, text } of texts) {
    const first = hidden.exec(text.replaceAll(joined, ''))?.[0];
    if (first !== undefined) found.push({ code: 'invisible', at, detail: `It holds ${showText(first)}` });
    else if (gap.test(text)) found.push({ code: 'invisible', at, detail: 'A long gap hides what comes after it' });
    if (found.length >= mostFindings) break;
  }
  return found;
}

function oversized(tool: OfferedTool, texts: readonly DefinitionText[], complete: boolean): PinFinding[] {
  const found: PinFinding[] = [];
  const whole = texts.reduce((sum, { text }) => sum + text.length, 0);
  if (!complete) found.push({ code: 'oversized', at: '', detail: 'It is too deep or too large to be read whole' });
  else if (whole > longestDefinition)
    found.push({ code: 'oversized', at: '', detail: `Its texts are ${whole} characters` });
  for (const { at, text } of texts) {
    if (text.length <= longestText) continue;
    found.push({ code: 'oversized', at, detail: `${text.length} characters` });
  }
  if (tool.name.length > 128) found.push({ code: 'oversized', at: '/name', detail: `${tool.name.length} characters` });
  return found.slice(0, 3);
}

interface Sign {
  readonly pattern: Omit<PoisonPattern, 'text'>;
  readonly at: string;
  readonly excerpt: string;
}

const enough = 2;
/** Rules of the injection scan that descriptions of tools break now and then, written for a model as they are. */
const commanding: ReadonlySet<string> = new Set([
  'strict-order',
  'tool-command',
  'leak-text-above',
  'linear-score',
  'override-not-follow',
]);

/** Signs add up over the whole definition, so that an instruction which is cut into pieces is one still. */
function instructions(texts: readonly DefinitionText[]): PinFinding[] {
  const signs = texts.flatMap(signsOf);
  const weights = new Map(signs.map(({ pattern }) => [pattern.id, pattern.weight]));
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  if (total < enough) return [];
  const strong = signs.filter(({ pattern }) => pattern.weight >= enough);
  const told = new Map<string, PinFinding>();
  for (const { pattern, at, excerpt } of strong.length > 0 ? strong : signs) {
    const key = `${pattern.code} ${at}`;
    if (!told.has(key)) told.set(key, { code: pattern.code, at, detail: `${capital(pattern.says)}: “${excerpt}”` });
  }
  return [...told.values()];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function signsOf({ at, text, isName }: DefinitionText): Sign[] {
  // As it stands as well: in words, what is encoded is so no more.
  const readings = isName || !/\s/.test(text) ? new Set([text, spaced(text)]) : [text];
  const signs = [...readings].flatMap((reading) => signsIn(reading, at));
  // Nobody is asked to fill in what a tool answers.
  if (!isName || at.startsWith('/outputSchema/')) return signs;
  const bare = fold(text).text.replaceAll(/[^a-z0-9]/g, '');
  for (const { text: expression, ...pattern } of parameterPatterns) {
    if (bare.match(expression)) signs.push({ pattern, at, excerpt: showText(text, 60) });
  }
  return signs;
}

function signsIn(text: string, at: string): Sign[] {
  const signs: Sign[] = [];
  for (const view of viewsOf(text).views) {
    const { text: folded } = fold(view.text);
    for (const { text: expression, ...pattern } of poisonPatterns) {
      const hit = folded.match(expression)?.[0];
      if (hit !== undefined) signs.push({ pattern, at, excerpt: showText(hit, 80) });
    }
  }
  for (const { rule, severity, via, start, end } of scanInjection(text).findings) {
    if (severity === 'notice') continue;
    // What was encoded was not written for people; and honest descriptions command tool calls in the same words, in English
    // also what is to be kept from users, which the patterns above know better.
    const isHidden = via.some((each) => each !== 'reversed-words');
    const excerpt = text.slice(start, end);
    const isUsual = commanding.has(rule) || (rule === 'secrecy-from-user' && /^[\0-\x7f]*$/.test(excerpt));
    const weight = severity === 'block' || isHidden || !isUsual ? 2 : 1;
    const pattern = { id: rule, code: 'instructions', weight, says: 'it reads like an attack' } as const;
    signs.push({ pattern, at, excerpt: showText(excerpt, 80) });
  }
  return signs;
}

/** `readTheFileFirst` and `read_the_file_first` are sentences too. */
const spaced = (name: string): string => name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll(/[_-]+/g, ' ');
