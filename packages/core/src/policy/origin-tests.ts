import type { ArgumentFacts, ArgumentTest } from './patterns.ts';
import type { ArgumentOrigin } from './origins.ts';
import type { DemandedOrigin } from './cells.ts';
import type { Integrity } from '../flow/labels.ts';
import { atLeast, integrities } from '../flow/labels.ts';
import { cedarString } from './text.ts';
import { linkSuffix } from './origins.ts';

type Demand = Exclude<DemandedOrigin, 'untrusted'>;

/** Whether something is demanded at all. */
export const demandsOrigin = (demand: DemandedOrigin | undefined): demand is Demand =>
  demand !== undefined && demand !== 'untrusted';

/** Demands that the argument came from no less than `demand`. */
export const originTest = (path: string, demand: Demand): ArgumentTest => test(path, path, demand, wanted[demand]);

/** Demands that every link, address and account in the argument's text did. */
export const linksTest = (path: string, demand: Demand): ArgumentTest =>
  test(path, path + linkSuffix, demand, `hold only links, addresses and accounts that ${wanted[demand]}`);

const wanted: Readonly<Record<Demand, string>> = {
  named: 'come at least from a source that the user named',
  trusted: 'come from a trusted source, the user or the operator',
  user: 'come from the user or the operator',
  operator: 'come from the operator',
};
function test(path: string, tag: string, demand: Demand, words: string): ArgumentTest {
  const key = cedarString(tag);
  const value = `context.provenance.getTag(${key})`;
  const accepted = integrities.slice(integrities.indexOf(demand)).map(cedarString);
  return {
    path,
    cedar: [
      `context.provenance.hasTag(${key})`,
      accepted.length === 1 ? `${value} == ${accepted.join('')}` : `[${accepted.join(', ')}].contains(${value})`,
    ],
    holds(facts: ArgumentFacts) {
      const origin = facts.origin(tag);
      return origin !== undefined && atLeast(origin.integrity, demand);
    },
    explain(facts: ArgumentFacts) {
      const origin = facts.origin(tag);
      return { value: origin?.provenance?.value, detail: `must ${words}${foundOf(origin)}` };
    },
  };
}

const found: Readonly<Record<Integrity, string>> = {
  untrusted: 'came from untrusted text',
  derived: 'was found nowhere',
  named: 'came from a source that the user named',
  trusted: 'came from a trusted source',
  user: 'came from the user',
  operator: 'came from the operator',
};

function foundOf(origin: ArgumentOrigin | undefined): string {
  if (origin === undefined) return '; it is missing, or where it came from is not known';
  const [first] = origin.provenance?.origins ?? [];
  const tool = first?.tool === undefined ? '' : `, in the result of ${first.tool}`;
  return `; it ${found[origin.integrity]}${tool}`;
}
