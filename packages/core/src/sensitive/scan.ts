import { familiesOf, labelsRound, type Label } from './labels.ts';
import type { BuiltInType, Certainty, FieldNames, SensitiveMatch } from './types.ts';
import type { Family } from './vocabulary.ts';

/** How far a word that names a value may stand from it, in characters. */
const before = 40;
const after = 24;
const longestCode = 40;
const none: ReadonlySet<Family> = new Set();
/** Words of one label, such as "SSN or tax id", name the value together. */
const together = 6;
/** What ends the reach of a label over values without a form: another number, a clause's end, a second line. */
const parting = /\d|[;!?<>{}|]|(?<!\b(?:nr|no|n|num|nro|id|ref))\. |\n[^\n]*\n/i;
/** A general word for an id names those of a scheme as well. */
const kin: Partial<Record<Family, readonly Family[]>> = {
  nationalScheme: ['nationalId'],
  ssn: ['nationalId'],
  routing: ['account'],
};
/** Names that say nothing of what they hold: the one outside them does. */
const empty =
  /^(?:ids?|no|nr|num|numbers?|values?|val|text|data|content|code|items?|input\w*|field\w*|results?|document|type|key|home|work|main|primary|secondary|default|other|personal|current|old|new|[a-z]|#|\d+)$/i;

export interface ScanContext {
  /** Whether the leaf is the whole text. */
  readonly alone: boolean;
  /** The question that stands before it, which names it where no field does. */
  readonly asked: string | undefined;
}

/** One value or stretch of prose, with what names it. Labels are looked for once, and only if some candidate asks. */
export class Scan {
  readonly text: string;
  readonly field: FieldNames;
  readonly matches: SensitiveMatch[] = [];
  private found: readonly Label[] | undefined;
  private readonly fieldFamilies: ReadonlySet<Family>;
  /** Whether the text is all there is, and short enough for one value. */
  readonly alone: boolean;

  constructor(text: string, field: FieldNames, { alone, asked }: ScanContext) {
    this.text = text;
    this.field = field;
    this.alone = alone && text.length <= 64;
    const families = naming(field);
    this.fieldFamilies = families.size === 0 && asked !== undefined ? familiesOf(asked) : families;
  }

  add(type: BuiltInType, rule: string, certainty: Certainty, [start, end]: readonly [number, number]): void {
    this.matches.push({ type, start, end, rule, certainty });
  }

  /** Whether key or header name a value of the family. */
  named(family: Family): boolean {
    return this.fieldFamilies.has(family);
  }

  /**
   * Whether a word of the family names what stands at [start, end): the nearest label before it in the text, the key or
   * header when the value stands at its beginning, or a label right after it. A nearer label of another family says that
   * the value is something else.
   *
   * @param tight nothing but a few words stands between label and value: for values that have no form of their own.
   */
  labelled(family: Family, start: number, end: number, tight = false): boolean {
    const meant = (families: readonly Family[]) => families.includes(family);
    const near = this.nearest(start);
    if (near.length > 0)
      return near.some((label) => meant(label.families) && !(tight && this.parted(label.end, start)));
    if (this.named(family) && start <= before && !(tight && this.parted(0, start))) return true;
    return this.following(end).some(({ families }) => meant(families));
  }

  /** Whether the nearest label names something else, neither the family nor one that is as good as it. */
  labelledOtherwise(family: Family, start: number): boolean {
    const allowed: readonly Family[] = [family, ...(kin[family] ?? [])];
    const near = this.nearest(start);
    if (near.length > 0) return !near.some(({ families }) => families.some((one) => allowed.includes(one)));
    if (start > before || this.fieldFamilies.size === 0) return false;
    return !allowed.some((one) => this.fieldFamilies.has(one));
  }

  /** Whether field or text have a word of the family at all. */
  names(family: Family): boolean {
    return this.named(family) || this.labels().some(({ families }) => families.includes(family));
  }

  /** Families that may name what stands at an offset: for a choice of rules, which then ask `labelled`. */
  namersAt(start: number): ReadonlySet<Family> {
    const labels = this.labels();
    if (labels.length === 0) return start <= before ? this.fieldFamilies : none;
    const families = new Set(start <= before ? this.fieldFamilies : []);
    for (const label of this.nearest(start)) for (const family of label.families) families.add(family);
    for (let i = indexBefore(labels, start); i < labels.length; i++) {
      const label = labels[i] as Label;
      if (label.start > start + longestCode + after) break;
      for (const family of label.families) families.add(family);
    }
    return families;
  }

  private parted(from: number, to: number): boolean {
    const gap = this.text.slice(from, to).replace(/^\./, '');
    return gap.length > 30 || parting.test(gap);
  }

  private labels(): readonly Label[] {
    return (this.found ??= labelsRound(this.text));
  }

  /** The nearest label before an offset, with those written together with it. */
  private nearest(start: number): Label[] {
    const labels = this.labels();
    const near: Label[] = [];
    let edge = start - before;
    for (let i = indexBefore(labels, start) - 1; i >= 0; i--) {
      const label = labels[i] as Label;
      if (label.end <= edge) break;
      near.push(label);
      edge = Math.max(edge, label.start - together);
    }
    return near;
  }

  private following(end: number): Label[] {
    const labels = this.labels();
    const label = labels[indexBefore(labels, end)];
    if (!label || label.start > end + after || label.start < end) return [];
    return /[\n;|{}]|[.,] /.test(this.text.slice(end, label.start)) ? [] : [label];
  }
}

/** How many labels begin before the offset. */
function indexBefore(labels: readonly Label[], offset: number): number {
  let low = 0;
  let high = labels.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((labels[middle] as Label).start < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function naming(field: FieldNames): ReadonlySet<Family> {
  let families: ReadonlySet<Family> = new Set();
  for (let i = field.length - 1; i >= 0; i--) {
    const name = field[i] as string;
    families = familiesOf(name);
    if (families.size > 0 || !empty.test(name)) break;
    if (i > 0) {
      // `{"passport": {"number": …}}`: both together name the value.
      families = familiesOf(`${field[i - 1] as string} ${name}`);
      if (families.size > 0) break;
    }
  }
  return families;
}
