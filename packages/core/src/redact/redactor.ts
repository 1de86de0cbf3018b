import type { FindOptions } from '../sensitive/engine.ts';
import type { RedactPolicy, Where } from './policy.ts';
import type { SensitiveMatch } from '../sensitive/types.ts';
import type { Vault } from '../ports.ts';
import { KnownValues } from './known-values.ts';
import { redactDirections } from '../config/content/redact.ts';
import { applyEdits, decoded, deepestNesting, isJsonText, literalsOf, type Edit, type Span } from './json-text.ts';
import { RecalledMessages, stillHolds } from './recalled.ts';
import { Remembered } from '../remembered.ts';
import { findSensitive } from '../sensitive/engine.ts';
import { literalType } from './tokens.ts';
import { masked } from './mask.ts';

/**
 * Who wrote a text, which decides what its tokens are. `stranger`: nothing of it is a token, whatever it looks like.
 * `user`: those that the user was shown. `model`: what the model wrote, or the runtime to it. `proposal`: a call that is
 * about to be made, with its values: tokens are out of place there, and none is given out.
 */
export type Author = 'stranger' | 'user' | 'model' | 'proposal';

export interface Redacted {
  readonly text: string;
  /** What of the text given became what, in order; empty where nothing was changed. */
  readonly edits: readonly Edit[];
  /** By type, how many were replaced. */
  readonly counts: ReadonlyMap<string, number>;
  /** By type, how many may not pass: then the rest counts for nothing. */
  readonly blocked: ReadonlyMap<string, number>;
}

export interface RedactorOptions {
  readonly policy: RedactPolicy;
  /** Keyed hash, hex: the same value of a type has the same one, and nobody without the key can try values. */
  readonly hash: (type: string, value: string) => string;
  readonly find?: (text: string, options: FindOptions) => SensitiveMatch[];
}

interface Piece extends Span {
  /** `undefined`: it looks like a token. */
  readonly type: string | undefined;
}

/** What a text holds, in whatever session it is read. */
interface Read {
  readonly matches: readonly SensitiveMatch[];
  /** As it comes back where nothing of it is replaced. */
  readonly untouched: Redacted;
  /** Whether nothing of it looks like a token, however it is escaped; absent until that had to be known. */
  isTokenless?: boolean;
}

interface Made {
  readonly redacted: Redacted;
  /** How many tokens had been given out. */
  size: number;
}

interface Pass {
  readonly where: Where;
  readonly author: Author;
  readonly vault: Vault | undefined;
  readonly counts: Map<string, number>;
  readonly blocked: Map<string, number>;
  /** How many values and tokens had to be judged. */
  judged: number;
}

const foundChars = 8_388_608;
const madeChars = 33_554_432;
const unmade: ReadonlyMap<string, number> = new Map();

/** Puts tokens, masks, hashes or names in the place of personal data and secrets, as the policy says. */
export class Redactor {
  /** A conversation brings the same messages again with every turn. */
  readonly messages = new RecalledMessages();
  readonly policy: RedactPolicy;
  readonly #hash: RedactorOptions['hash'];
  readonly #find: NonNullable<RedactorOptions['find']>;
  /** By the types that are looked for. */
  readonly #reads = new Map<ReadonlySet<string>, Remembered<Read>>();
  readonly #made = new Remembered<Made>(madeChars);
  readonly #known = new WeakMap<Vault, { readonly values: KnownValues; readonly id: number }>();
  #vaults = 0;

  constructor({ policy, hash, find = findSensitive }: RedactorOptions) {
    this.policy = policy;
    this.#hash = hash;
    this.#find = find;
    const wanted = new Set(redactDirections.map((direction) => policy.wanted(direction)));
    for (const types of wanted) this.#reads.set(types, new Remembered(foundChars / wanted.size));
  }

  /**
   * The text with everything replaced that the policy does not allow where it stands. A text that is JSON stays JSON of the
   * same shape; a number that is replaced becomes a string.
   *
   * @param vault gives out the tokens; without it `tokenise` masks
   */
  redact(text: string, where: Where, vault: Vault | undefined, author: Author = 'stranger'): Redacted {
    if (text.length < 3) return untouched(text);
    const read = this.#read(text, where);
    if (this.#isClean(text, read, where, vault)) return read.untouched;
    const key = `${vault ? this.#knownOf(vault).id : 0} ${author} ${where.direction} ${where.tool ?? ''} ${where.field?.join('.') ?? ''}\n${text}`;
    const made = this.#made.of(key, () => this.#make(text, read, { where, vault, author }));
    if (vault && !stillHolds(made, text, vault)) Object.assign(made, this.#make(text, read, { where, vault, author }));
    return made.redacted;
  }

  #read(text: string, { direction, field }: Where): Read {
    const types = this.policy.wanted(direction);
    const { own } = this.policy;
    const read = (): Read => ({
      matches:
        types.size === 0 ? [] : this.#find(text, { types, ...(field ? { field } : {}), ...(own ? { own } : {}) }),
      untouched: untouched(text),
    });
    const known = field ? undefined : this.#reads.get(types);
    return known ? known.of(text, read) : read();
  }

  /** Whether nothing of the text is replaced, whoever wrote it: nothing is found in it, no token, no value with a token. */
  #isClean(text: string, read: Read, { direction }: Where, vault: Vault | undefined): boolean {
    if (read.matches.length > 0) return false;
    if (!vault) return true;
    if (direction !== 'log' && !this.#isTokenless(text, read)) return false;
    return vault.size === 0 || this.#knownOf(vault).values.find(text).length === 0;
  }

  /** What an escape may hide is found once the text is read as JSON, in `#make`. */
  #isTokenless(text: string, read: Read): boolean {
    if (read.isTokenless === undefined && !text.includes('\\'))
      read.isTokenless = this.policy.grammar.find(text).length === 0;
    return read.isTokenless === true;
  }

  #make(text: string, read: Read, about: Pick<Pass, 'where' | 'vault' | 'author'>): Made {
    const pass: Pass = { ...about, counts: new Map(), blocked: new Map(), judged: 0 };
    const pieces = this.#pieces(text, read, pass);
    const edits = this.#edits(text, pieces, pass, 0);
    if (pass.vault && pass.where.direction !== 'log' && pass.judged === 0) read.isTokenless = true;
    const redacted = { text: applyEdits(text, edits), edits, counts: pass.counts, blocked: pass.blocked };
    return { redacted, size: pass.vault?.size ?? 0 };
  }

  #knownOf(vault: Vault) {
    let known = this.#known.get(vault);
    if (!known) {
      known = { values: new KnownValues(vault), id: ++this.#vaults };
      this.#known.set(vault, known);
    }
    return known;
  }

  #pieces(text: string, { matches }: Read, { where, vault }: Pass): Piece[] {
    const pieces: Piece[] = [...matches];
    if (!vault) return disjoint(pieces);
    for (const found of this.#knownOf(vault).values.find(text)) if (found.type !== literalType) pieces.push(found);
    if (where.direction !== 'log') {
      for (const { start, end } of this.policy.grammar.find(text)) pieces.push({ start, end, type: undefined });
    }
    return disjoint(pieces);
  }

  #edits(text: string, pieces: readonly Piece[], pass: Pass, depth: number): Edit[] {
    if (pieces.length === 0 && !text.includes('\\')) return [];
    if (depth < deepestNesting && isJsonText(text)) return this.#jsonEdits(text, pieces, pass, depth);
    const edits: Edit[] = [];
    // The end of the line that is known to be no JSON.
    let plainUntil = depth === 0 ? 0 : Infinity;
    for (let at = 0; at < pieces.length;) {
      const { start, end, type } = pieces[at] as Piece;
      const line = start < plainUntil ? undefined : lineAt(text, start);
      // What goes on in the next line is no part of this one's JSON.
      if (!line || end > line.end || !isJsonText(text.slice(line.start, line.end))) {
        plainUntil = line ? Math.max(line.end, end) : plainUntil;
        const replaced = this.#replacement(type, text.slice(start, end), pass, pass.where.field ?? []);
        if (replaced !== undefined) edits.push({ start, end, text: replaced });
        at++;
        continue;
      }
      const first = at;
      while (at < pieces.length && (pieces[at] as Piece).end <= line.end) at++;
      const inside = pieces.slice(first, at).map((piece) => moved(piece, -line.start));
      const changed = this.#jsonEdits(text.slice(line.start, line.end), inside, pass, depth);
      for (const edit of changed) edits.push(moved(edit, line.start));
    }
    return edits;
  }

  /** Within strings and numbers alone: what lies between them is shape. */
  #jsonEdits(json: string, pieces: readonly Piece[], pass: Pass, depth: number): Edit[] {
    const edits: Edit[] = [];
    let next = 0;
    for (const literal of literalsOf(json)) {
      while (next < pieces.length && (pieces[next] as Piece).end <= literal.start) next++;
      const here: Piece[] = [];
      for (let at = next; at < pieces.length && (pieces[at] as Piece).start < literal.end; at++) {
        here.push(pieces[at] as Piece);
      }
      const written = json.slice(literal.start, literal.end);
      // An escape may hide what looks like a token.
      const escaped = pass.vault !== undefined && pass.where.direction !== 'log' && written.includes('\\');
      if (here.length === 0 && !escaped) continue;
      const path = [...(pass.where.field ?? []), ...literal.path];
      if (literal.kind === 'number') {
        // `536228726.0` is the same number, and the same person's.
        const replaced = this.#replacement(here[0]?.type, written.replace(/\.0+$/, ''), pass, path);
        if (replaced === undefined) continue;
        edits.push({ start: literal.start, end: literal.end, text: JSON.stringify(replaced) });
        continue;
      }
      const { text, spans } = decoded(json, literal, here);
      const inside: Piece[] = spans.map((span, at) => ({ ...span, type: here[at]?.type }));
      if (escaped) {
        for (const { start, end } of this.policy.grammar.find(text)) inside.push({ start, end, type: undefined });
      }
      const within = { ...pass, where: { ...pass.where, field: path } };
      const changed = applyEdits(text, this.#edits(text, disjoint(inside), within, depth + 1));
      pass.judged = within.judged;
      if (changed !== text) edits.push({ start: literal.start, end: literal.end, text: JSON.stringify(changed) });
    }
    return edits;
  }

  /** What takes a value's place; nothing where it stays. */
  #replacement(type: string | undefined, value: string, pass: Pass, field: readonly string[]): string | undefined {
    pass.judged++;
    if (value === '') return undefined;
    if (type === undefined) return this.#ofToken(value, pass);
    const action = this.policy.isAllowed(value) ? 'allow' : this.policy.actionOf(type, { ...pass.where, field });
    if (action === 'allow' || (action === 'tokenise' && pass.author === 'proposal')) return undefined;
    const list = action === 'block' ? pass.blocked : pass.counts;
    list.set(type, (list.get(type) ?? 0) + 1);
    switch (action) {
      case 'block':
        return undefined;
      case 'replace':
        return `[${type}]`;
      case 'hash':
        return `[${type}:${this.#hash(type, value).slice(0, 12)}]`;
      case 'tokenise':
        if (pass.vault) return pass.vault.tokenOf(type, value);
        return masked(type, this.policy.labelOf(type), value);
      case 'mask':
        return masked(type, this.policy.labelOf(type), value);
    }
  }

  /**
   * A token that somebody else wrote is a pointer to a value that is not his: copied by the model, it would fetch the value
   * for him. So it gets a token of its own, which stands for nothing but this text.
   */
  #ofToken(written: string, { vault, author, counts }: Pass): string | undefined {
    const [found] = this.policy.grammar.find(written);
    if (!vault || !found || author === 'proposal') return undefined;
    const planted = vault.has(literalType, written) || vault.has(literalType, found.token);
    if (author === 'model' && !planted) return undefined;
    const shown = vault.valueOf(found.token) !== undefined && !this.policy.answersRestore(found.type);
    if (author === 'user' && !planted && shown) return undefined;
    counts.set(literalType, (counts.get(literalType) ?? 0) + 1);
    return vault.tokenOf(literalType, written);
  }
}

const untouched = (text: string): Redacted => ({ text, edits: [], counts: unmade, blocked: unmade });

/** Logs and exports are JSON by the line. */
function lineAt(text: string, at: number): Span {
  const start = at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
  const next = text.indexOf('\n', at);
  const end = next === -1 ? text.length : next;
  return { start, end };
}

const moved = <S extends Span>(span: S, by: number): S => ({ ...span, start: span.start + by, end: span.end + by });

/** Of those that overlap, the one that begins first, then the longer; what sticks out of it counts for itself. */
function disjoint(pieces: Piece[]): Piece[] {
  pieces.sort((a, b) => a.start - b.start || b.end - a.end || (a.type === undefined ? -1 : 1));
  const kept: Piece[] = [];
  let covered = 0;
  for (const piece of pieces) {
    const start = Math.max(piece.start, covered);
    if (start >= piece.end) continue;
    kept.push({ ...piece, start });
    covered = piece.end;
  }
  return kept;
}
