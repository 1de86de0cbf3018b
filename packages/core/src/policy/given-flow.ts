import { z } from 'zod';
import type { ArgumentProvenance } from '../flow/provenance.ts';
import type { Integrity } from '../flow/labels.ts';
import type { JsonObject } from '../events.ts';
import type { RequestFlow } from './policy.ts';
import { argumentLeaves, linkSuffix, type Place } from './origins.ts';
import { integrities } from '../flow/labels.ts';
import { showText } from '../normalize/show.ts';
import { strictKeys } from './strict-keys.ts';

const integrity = z.enum(integrities, { error: `must be one of ${integrities.join(', ')}` });
const names = z.array(z.string({ error: 'must be a text' }), { error: 'must be a list' }).default([]);
const counts = z
  .record(z.string(), z.int({ error: 'must be a whole number' }).nonnegative('must not be negative'), {
    error: 'must map tools to how often',
  })
  .default({});

/** A call's flow as a person writes it, in tests and questions. What is left out is as in a fresh session. */
export const givenFlowSchema = strictKeys({
  tainted: z.boolean({ error: 'must be true or false' }).default(false),
  labels: names,
  /** By path as in `context.args`, also of one element (`to[1]`) or of the links in a text (`body#link`). */
  provenance: z.record(z.string(), integrity, { error: 'must map paths to integrities' }).default({}),
  called: counts,
  denied: counts,
  held: counts,
  read: names,
});
export type GivenFlow = z.output<typeof givenFlowSchema>;

/**
 * @returns the flow, and the paths that name no argument: they are mistyped. An argument that no path names counts as
 * untrusted.
 */
export function flowOfGiven(args: JsonObject, given: GivenFlow): { flow: RequestFlow; strangers: readonly string[] } {
  const { tainted, labels, called, denied, held, read } = given;
  const paths = new Map(Object.entries(given.provenance));
  const used = new Set<string>();
  const leaves = argumentLeaves(args);
  const provenance = ('code' in leaves ? [] : leaves).flatMap(({ path, place, value }): ArgumentProvenance[] => {
    // The most exact path counts: the element, then the argument, then what is around it.
    const ways = [path.replace(/^arguments\./, '')];
    for (let at: Place | undefined = place; at !== undefined; at = at.around) ways.push(at.key);
    const record = (suffix: string, role: ArgumentProvenance['role']): ArgumentProvenance[] => {
      const named = ways.filter((way) => paths.has(way + suffix));
      for (const way of named) used.add(way + suffix);
      const of: Integrity | undefined = named[0] === undefined ? undefined : paths.get(named[0] + suffix);
      return of === undefined
        ? []
        : [{ path, value: showText(String(value)), role, integrity: of, labels: [], origins: [] }];
    };
    return [...record('', 'content'), ...record(linkSuffix, 'link')];
  });
  return {
    flow: { tainted, labels, provenance, trajectory: { called, denied, held, read } },
    strangers: [...paths.keys()].filter((path) => !used.has(path)),
  };
}
