import { hash } from 'node:crypto';
import { loadPolicySet, zeroCounters } from '@sallyport/core';
import type { AuthorizationRequest, PolicySet } from '@sallyport/core';
import type { CedarCall } from '../../packages/core/src/policy/cedar.ts';
import { CedarEngine, readCedar } from '../../packages/core/src/policy/cedar.ts';
import { CedarRequest } from '../../packages/core/src/policy/request.ts';
import { compare } from '../../packages/core/test/policy/compare.ts';

const rounds = 41;
const sha256 = (text: string): string => hash('sha256', text, 'hex');

/**
 * - `authorizeVsWasm`: time of one `PolicySet.authorize`, from the request to the reasons, over the time of one
 *   `statefulIsAuthorized` with preparsed policies and a request that is already in Cedar's form. 100 policies.
 * - `authorize1000Vs10`: the same call with 1,000 policies over the same call with 10; the worse of two figures, one with
 *   a different agent in every call, so that nothing is remembered.
 * - `fuzzed`, `disagreements`: generated requests put to both evaluators, and how often they differed.
 */
export async function authorize(log: (line: string) => void = () => undefined): Promise<Record<string, number>> {
  const wasm = againstWasm();
  log(
    `${requests.length} requests, 100 policies: ${wasm.mine.toFixed(0)} µs; Cedar's wasm ${wasm.theirs.toFixed(0)} µs`,
  );
  const many = manyAgainstFew((asked) => asked);
  log(
    `${requests.length} requests, 1,000 policies: ${many.mine.toFixed(0)} µs; 10 policies ${many.theirs.toFixed(0)} µs`,
  );
  let agents = 0;
  const cold = manyAgainstFew((asked) => ({ ...asked, principal: { ...asked.principal, id: `agent-${agents++}` } }));
  log(`the same, each by an agent never seen: ${cold.mine.toFixed(0)} µs; ${cold.theirs.toFixed(0)} µs`);
  const seed = Date.now() % 2 ** 31;
  const { requests: fuzzed, disagreements, outcomes } = compare(seed, 500, 101);
  log(`fuzzed with seed ${seed}: ${JSON.stringify(outcomes)}`);
  for (const found of disagreements.slice(0, 3)) log(found);
  return Promise.resolve({
    authorizeVsWasm: wasm.ratio,
    authorize1000Vs10: Math.max(many.ratio, cold.ratio),
    disagreements: disagreements.length,
    fuzzed,
  });
}

/** Roles with ten cells each, as a team would write them: names, patterns, values, limits, denials. */
function matrix(policies: number): string {
  const roles = Array.from(
    { length: policies / 10 },
    (_, role) => `  role-${role}:
    tools:
      read_${role}: allow
      'orders_${role}__*': allow
      send_${role}: { decision: allow, when: { to: '*@acme.example' } }
      pay_${role}: { decision: allow, when: { amount: { max: 50 }, currency: { in: [EUR, USD] } } }
      close_${role}: { decision: ask, when: { confirm: true } }
      export_${role}: deny
      list_${role}: allow
      find_${role}: allow
      note_${role}: { decision: allow, when: { text: 'ticket *' } }
      drop_${role}: deny
`,
  );
  return `roles:\n${roles.join('')}`;
}

const open = (policies: number): PolicySet =>
  loadPolicySet({ permissions: { name: 'permissions.yaml', text: matrix(policies) }, cedar: [] }, { sha256 });

const request = (resource: string, args: AuthorizationRequest['arguments'] & object): AuthorizationRequest => ({
  principal: { id: 'agent-1', tenant: 'acme', roles: ['role-0', 'reader', 'night-shift'] },
  action: 'tool_call',
  resource,
  arguments: args,
  user: { id: 'ann', roles: ['clerk', 'trainee'] },
  session: { ...zeroCounters, toolCalls: 12, modelCalls: 9, tokensIn: 41_000, tokensOut: 2_300 },
  now: Date.UTC(2026, 10, 21, 10),
});
const requests = [
  request('send_0', { to: ['ann@acme.example', 'bob@acme.example'], subject: 'Your order', body: 'It is on its way.' }),
  request('pay_0', { amount: 12.5, currency: 'EUR', account: 'DE02120300000000202051' }),
  request('read_0', { id: '7' }),
  request('orders_0__list', { since: '2026-01-01', limit: 50 }),
  request('note_0', { text: 'ticket 7 is answered', ticket: 7 }),
];

function againstWasm() {
  const policies = open(100);
  const [source] = policies.describe().sources;
  if (source === undefined) throw new Error('the matrix has no Cedar text');
  const { parts } = readCedar(source);
  const engine = new CedarEngine('bench', Object.fromEntries(parts.map(({ text }, index) => [`p${index}`, text])));
  // Cedar has no arrays of views: it is asked once per call, with the first recipient only.
  const calls = requests.map(inCedar);
  for (const call of calls) if (engine.isAuthorized(call).decision !== 'allow') throw new Error('Cedar did not allow');
  return alternate(
    () => askAll(policies),
    () => {
      for (const call of calls) engine.isAuthorized(call);
    },
    { each: [200, 10] },
  );
}

function inCedar(asked: AuthorizationRequest): CedarCall {
  const leaves = Object.entries(asked.arguments ?? {}).map(([path, value]) => {
    const text = String(Array.isArray(value) ? value[0] : value);
    const isNumber = typeof value === 'number';
    return [
      path,
      { text, decimal: isNumber ? { text: value.toFixed(1), scaled: BigInt(value * 10_000) } : undefined },
    ] as const;
  });
  return new CedarRequest(asked).cedarCall(new Map(leaves), false);
}

type Vary = (asked: AuthorizationRequest) => AuthorizationRequest;

function askAll(policies: PolicySet, vary: Vary = (asked) => asked): void {
  for (const asked of requests) {
    if (policies.authorize(vary(asked)).outcome !== 'allow') throw new Error('it was not allowed');
  }
}

function manyAgainstFew(vary: Vary) {
  const [many, few] = [open(1000), open(10)];
  return alternate(
    () => askAll(many, vary),
    () => askAll(few, vary),
    { each: [200, 200] },
  );
}

/** Medians of two pieces of work done in turn, so that a noisy machine disturbs both. Microseconds per run. */
function alternate(one: () => void, other: () => void, { each }: { each: readonly [number, number] }) {
  const times: [number[], number[]] = [[], []];
  for (let round = -5; round < rounds; round++) {
    for (const side of [0, 1] as const) {
      const started = performance.now();
      for (let run = 0; run < each[side]; run++) (side === 0 ? one : other)();
      const micros = ((performance.now() - started) * 1000) / each[side];
      // The first rounds warm the compiler up.
      if (round >= 0) times[side].push(micros);
    }
  }
  const [mine, theirs] = [median(times[0]), median(times[1])];
  return { ratio: mine / theirs, mine, theirs };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
