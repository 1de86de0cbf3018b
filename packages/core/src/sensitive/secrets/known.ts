import type { SensitiveMatch } from '../types.ts';
import type { Automaton } from './automaton.ts';
import { automatonOf } from './automaton.ts';
import { commandsWithPassword } from './commands.ts';
import { decoded, jwtAt } from './jwt.ts';
import { secretRows } from './rows/index.ts';
import type { Compiled } from './shape.ts';
import { beginsAt, compile, endOf } from './shape.ts';
import { entropy, isFiller } from './values.ts';

/** What one word that the pass looks for leads to. */
export type Lead =
  | { readonly kind: 'shape'; readonly shapes: readonly Compiled[] }
  | { readonly kind: 'wrapped'; readonly shapes: readonly Compiled[] }
  | { readonly kind: 'name' }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'pem' | 'putty' | 'jwt' | 'wrapped-jwt' | 'url' | 'signature' | 'kubernetes' | 'user' | 'option' };

/** Words of names whose value may be a secret, whoever the vendor is. */
const nameWords =
  'key token secret passw pwd pswd passphrase passcode kennwort senha wachtwoord parola haslo heslo sessid credential creds auth session cookie bearer db_pass dbpass pass';

const fixed: Readonly<Record<string, Lead>> = {
  '-----begin': { kind: 'pem' },
  '---- begin': { kind: 'pem' },
  'private-lines:': { kind: 'putty' },
  eyj: { kind: 'jwt' },
  zxlk: { kind: 'wrapped-jwt' },
  '://': { kind: 'url' },
  'sig=': { kind: 'signature' },
  'signature=': { kind: 'signature' },
  'kind: secret': { kind: 'kubernetes' },
  'kind: "secret"': { kind: 'kubernetes' },
  "kind: 'secret'": { kind: 'kubernetes' },
  'curl ': { kind: 'command', command: 'curl ' },
  ' -p': { kind: 'option' },
  ' -u': { kind: 'user' },
  '--user': { kind: 'user' },
};

/** Shapes that only count in a place for them, by the squeezed word that makes the place. */
export const nearShapes = new Map<string, Compiled[]>();

interface Table {
  readonly automaton: Automaton;
  readonly leads: readonly Lead[];
  readonly words: readonly string[];
}

let built: Table | undefined;

/** The one pass over a text and what its words lead to; made at first use. */
export function table(): Table {
  built ??= build();
  return built;
}

function build(): Table {
  const [byAnchor, byWrapped] = [new Map<string, Compiled[]>(), new Map<string, Compiled[]>()];
  const names = new Set([...nameWords.split(' '), ' sid', '.sid']);
  for (const row of secretRows) {
    for (const shape of compile(row)) {
      if (row.near === undefined) {
        addTo(byAnchor, shape.anchor.toLowerCase(), shape);
        const wrapped = shape.offset === 0 ? wrappedAnchor(shape.anchor) : '';
        if (wrapped.length >= 5) addTo(byWrapped, wrapped.toLowerCase(), shape);
      } else for (const word of row.near) addTo(nearShapes, word.replaceAll(' ', ''), shape);
    }
    for (const word of row.near ?? []) {
      for (const joint of ['', '_', '-', ' ']) names.add(word.replaceAll(' ', joint));
    }
  }
  const words: string[] = [];
  const leads: Lead[] = [];
  const add = (word: string, lead: Lead): void => {
    words.push(word);
    leads.push(lead);
  };
  for (const [word, lead] of Object.entries(fixed)) add(word, lead);
  for (const command of commandsWithPassword) add(command, { kind: 'command', command });
  for (const [word, shapes] of byAnchor) add(word, { kind: 'shape', shapes });
  for (const [word, shapes] of byWrapped) add(word, { kind: 'wrapped', shapes });
  for (const word of names) if (word.length >= 3) add(word, { kind: 'name' });
  return { automaton: automatonOf(words), leads, words };
}

function addTo(map: Map<string, Compiled[]>, key: string, shape: Compiled): void {
  const list = map.get(key);
  if (list) list.push(shape);
  else map.set(key, [shape]);
}

/** The base64 characters that a text beginning with `anchor` surely begins with. */
function wrappedAnchor(anchor: string): string {
  return btoa(anchor).slice(0, Math.floor((anchor.length * 8) / 6));
}

/** Whether what a shape matched is a secret and not the picture of one. */
export function isLikely(shape: Compiled, value: string): boolean {
  if (shape.minEntropy === 0) return true;
  if (shape.row.digit && !/\d/.test(value)) return false;
  return entropy(value) >= shape.minEntropy && !isFiller(value.replace(shape.anchor, ''));
}

export function matchOf(shape: Compiled, start: number, end: number, certainty: 'secret' | 'context'): SensitiveMatch {
  return { type: shape.row.type ?? 'API_KEY', start, end, rule: shape.row.id, certainty };
}

/** The secret of which one of `shapes` has its fixed word at `index`; the longest where several do. */
export function shapeAt(text: string, index: number, shapes: readonly Compiled[]): SensitiveMatch | undefined {
  let best: SensitiveMatch | undefined;
  for (const shape of shapes) {
    const start = index - shape.offset;
    if (start < 0 || !text.startsWith(shape.anchor, index) || !beginsAt(text, start)) continue;
    const end = endOf(shape, text, start);
    if (end < 0 || end <= (best?.end ?? 0)) continue;
    if (isLikely(shape, text.slice(start, end))) best = matchOf(shape, start, end, 'secret');
  }
  return best;
}

const base64Run = /[A-Za-z0-9+/_-]{16,4000}={0,2}/y;

/** A secret of a known shape, or a JSON Web Token, in base64 once more. */
export function wrappedAt(text: string, index: number, shapes: readonly Compiled[]): SensitiveMatch | undefined {
  if (!beginsAt(text, index)) return undefined;
  base64Run.lastIndex = index;
  if (!base64Run.test(text)) return undefined;
  const end = base64Run.lastIndex;
  const inner = decoded(text.slice(index, end));
  if (inner === undefined) return undefined;
  const found = shapes.length > 0 ? shapeAt(inner, 0, shapes) : jwtAt(inner, 0);
  return found && { ...found, start: index, end, rule: `${found.rule}-base64` };
}
