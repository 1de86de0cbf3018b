import type { FindOptions } from '../sensitive/engine.ts';
import type { RedactPolicy, Where } from './policy.ts';
import type { SensitiveMatch } from '../sensitive/types.ts';
import type { Vault } from '../ports.ts';
import { KnownValues } from './known-values.ts';
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
  readonly #found = new Remembered<readonly SensitiveMatch[]>(foundChars);
  readonly #made = new Remembered<Made>(madeChars);
  readonly #known = new WeakMap<Vault, { readonly values: KnownValues; readonly id: number }>();
  #vaults = 0;

  constructor({ policy, hash, find = findSensitive }: RedactorOptions) {
    this.policy = policy;
    this.#hash = hash;
    this.#find = find;
  }

  /**
   * The text with everything replaced that the policy does not allow where it stands. A text that is JSON stays JSON of the
   * same shape; a number that is replaced becomes a string.
   *
   * @param vault gives out the tokens; without it `tokenise` masks
   */
  redact(text: string, where: Where, vault: Vault | undefined, author: Author = 'stranger'): Redacted {
    if (text.length < 3) return { text, edits: [], counts: unmade, blocked: unmade };
    const key = `${this.#knownOf(vault)?.id ?? 0} ${author} ${where.direction} ${where.tool ?? ''} ${where.field?.join('.') ?? ''}\n${text}`;
    const made = this.#made.of(key, () => this.#make(text, where, vault, author));
    if (vault && !stillHolds(made, text, vault)) Object.assign(made, this.#make(text, where, vault, author));
    return made.redacted;
  }

  #make(text: string, where: Where, vault: Vault | undefined, author: Author): Made {
    const pass: Pass = { where, author, vault, counts: new Map(), blocked: new Map() };
    const edits = this.#edits(text, this.#pieces(text, pass), pass, 0);
    const redacted = { text: applyEdits(text, edits), edits, counts: pass.counts, blocked: pass.blocked };
    return { redacted, size: vault?.size ?? 0 };
  }

  #knownOf(vault: Vault | undefined) {
    if (!vault) return undefined;
    let known = this.#known.get(vault);
    if (!known) {
      known = { values: new KnownValues(vault), id: ++this.#vaults };
      this.#known.set(vault, known);
    }
    return known;
  }

  #pieces(text: string, { where, vault }: Pass): Piece[] {
    const types = this.policy.wanted(where.direction);
    const pieces: Piece[] = types.size === 0 ? [] : [...this.#matches(text, where, types)];
    for (const found of this.#knownOf(vault)?.values.find(text) ?? []) {
      if (found.type !== literalType) pieces.push(found);
    }
    if (vault && where.direction !== 'log') {
      for (const { start, end } of this.policy.grammar.find(text)) pieces.push({ start, end, type: undefined });
    }
    return disjoint(pieces);
  }

  #matches(text: string, { direction, field }: Where, types: ReadonlySet<string>): readonly SensitiveMatch[] {
    const { own } = this.policy;
    const key = `${direction} ${field?.join('.') ?? ''}\n${text}`;
    return this.#found.of(key, () => this.#find(text, { types, ...(field ? { field } : {}), ...(own ? { own } : {}) }));
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
        const replaced = this.#replacement(here[0]?.type, written, pass, path);
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
      if (changed !== text) edits.push({ start: literal.start, end: literal.end, text: JSON.stringify(changed) });
    }
    return edits;
  }

  /** What takes a value's place; nothing where it stays. */
  #replacement(type: string | undefined, value: string, pass: Pass, field: readonly string[]): string | undefined {
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
