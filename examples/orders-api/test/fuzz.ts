import type { Operation } from '../operations.ts';
import type { Person, Shop } from '../shop.ts';
import { compromised, operations } from '../operations.ts';
import { leaksTo, orders, people, writesBeyond } from '../shop.ts';

export interface Tally {
  calls: number;
  /** Answers that held something of another customer. */
  reads: number;
  /** Calls after which another customer's order was another, gone, or new. */
  writes: number;
  /** Calls that were answered with the caller's own orders, and that changed them: a fuzz in which nothing works proves nothing. */
  ownReads: number;
  ownWrites: number;
  refused: number;
  /** The first calls that went wrong. */
  readonly found: string[];
}

export interface Attempt {
  readonly person: Person;
  readonly statement: string | undefined;
  /** What the attacker gets to see, and whether the call was refused. */
  readonly make: () => Promise<{ readonly text: string; readonly refused: boolean }>;
}

/**
 * Makes calls one after another, and looks after each at everything the caller got and at everything in the tables: the
 * superuser's view, before and after.
 */
export async function tally<T>(
  shop: Shop,
  calls: readonly T[],
  attemptOf: (call: T) => Promise<Attempt>,
): Promise<Tally> {
  const sum: Tally = { calls: 0, reads: 0, writes: 0, ownReads: 0, ownWrites: 0, refused: 0, found: [] };
  for (const call of calls) {
    const { person, statement, make } = await attemptOf(call);
    shop.api.operations = toolOf(statement);
    const { text, refused } = await make();
    // What others do in preparing the next call is no work of a tool that has been taken over.
    shop.api.operations = operations;
    const after = await shop.database.all();
    const reads = leaksTo(person.customer, text);
    const writes = writesBeyond(person.customer, orders, after);
    const changed = JSON.stringify(after) !== JSON.stringify(orders);
    sum.calls++;
    if (refused) sum.refused++;
    if (reads.length > 0) sum.reads++;
    if (writes.length > 0) sum.writes++;
    if (text.includes(person.customer.replace('C-', 'Lane-'))) sum.ownReads++;
    if (changed && writes.length === 0) sum.ownWrites++;
    if (reads.length + writes.length > 0 && sum.found.length < 5)
      sum.found.push(JSON.stringify({ call, reads, writes, text: text.slice(0, 500) }));
    if (changed) await shop.database.restore(orders);
  }
  // oxlint-disable-next-line no-console -- what a fuzz has seen is the result as much as what it has not
  console.info(JSON.stringify({ ...sum, found: sum.found.length }));
  return sum;
}

const toolOf = (statement: string | undefined): readonly Operation[] =>
  statement === undefined ? operations : compromised(() => statement);

export const other = (person: Person): Person => (person === people.ann ? people.bob : people.ann);

/** How many calls; the environment may ask for more. */
export const callsOf = (usual: number): number => Number(process.env['ORDERS_FUZZ_CALLS'] ?? usual);
/** For that many calls, also on a machine that is busy with other things. @returns milliseconds */
export const timeFor = (calls: number): number => 120_000 + calls * 100;
export const seedOf = (): number => Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
