import type { ArgumentFacts, ArgumentTest } from './patterns.ts';
import type { TestValue, UserDemand } from './cells.ts';
import { cedarString } from './text.ts';

type Whose = Extract<TestValue, object>['user'];

/** Whether something is demanded at all. */
export const demandsUser = (demand: Whose): demand is UserDemand => demand !== undefined && demand !== 'anyone';

/**
 * Demands that the argument is the session's user: their id, or one of the values of a claim. Of a list every element.
 * What is said of a failure holds the argument and the name of the claim, never what the claim holds.
 */
export const userTest = (path: string, demand: UserDemand): ArgumentTest =>
  demand === 'id' ? idTest(path) : claimTest(path, demand.claim);

function idTest(path: string): ArgumentTest {
  const key = cedarString(path);
  return {
    path,
    cedar: [`context.args.hasTag(${key})`, `context.args.getTag(${key}) == context.user.id`],
    holds: (facts) => facts.leaf(path)?.text === facts.user.id,
    explain: (facts) => failure(path, facts, "must be the user's own id"),
  };
}

function claimTest(path: string, claim: string): ArgumentTest {
  const key = cedarString(path);
  const name = cedarString(claim);
  const values = ({ user: { claims = {} } }: ArgumentFacts) =>
    Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  return {
    path,
    cedar: [
      `context.args.hasTag(${key})`,
      `context.user.hasTag(${name})`,
      `context.user.getTag(${name}).contains(context.args.getTag(${key}))`,
    ],
    holds(facts) {
      const leaf = facts.leaf(path);
      return leaf !== undefined && (values(facts)?.includes(leaf.text) ?? false);
    },
    explain(facts) {
      const demand = `must be in the user's claim ${name}`;
      if (values(facts) !== undefined) return failure(path, facts, demand);
      return {
        ...failure(path, facts, `${demand}, which this user does not have`),
        fix: `Open the session with the user's claim ${name}.`,
      };
    },
  };
}

function failure(path: string, facts: ArgumentFacts, demand: string): ReturnType<ArgumentTest['explain']> {
  const leaf = facts.leaf(path);
  return leaf === undefined
    ? { detail: `is missing or no plain value; it ${demand}` }
    : { value: leaf.text, detail: demand };
}
