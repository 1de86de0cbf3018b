import fc from 'fast-check';
import { UnsecuredJWT, decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { Attempt } from './fuzz.ts';
import type { Gateway, Policies } from '../gateway.ts';
import type { Person, Shop } from '../shop.ts';
import { AgentTools, startGateway } from '../gateway.ts';
import { Signer, contextOf } from './signer.ts';
import { argumentsOf, sometimes, statements, tools, values } from './attacks.ts';
import { callsOf, other, seedOf, tally, timeFor } from './fuzz.ts';
import { noRowSecurity } from './weaker.ts';
import { openShop, people } from '../shop.ts';
import { test } from './with-postgres.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
}, 120_000);
afterAll(() => shop.close());

/** How the agent, or whoever has its token, tries to be somebody else on the way to the gateway. */
const disguises = [
  'none',
  'x-sallyport-user',
  'user context of its own',
  'session of the other',
  'token without a signature',
  'token with another user',
  'token cut',
  'user id as token',
  'no token',
  'two tokens',
] as const;
type Disguise = (typeof disguises)[number];

const callArbitrary = fc.record({
  who: fc.constantFrom('ann' as const, 'bob' as const),
  tool: fc.constantFrom(...tools),
  args: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        customer_id: fc.constantFrom('C-1001', 'C-1002'),
        order_id: fc.constantFrom('A-101', 'A-201'),
        text: fc.constant('e'),
      }),
    },
    argumentsOf,
  ),
  extra: sometimes(values, 0.15),
  disguise: fc.oneof({ weight: 12, arbitrary: fc.constant<Disguise>('none') }, fc.constantFrom(...disguises)),
  statement: sometimes(fc.constantFrom(...statements), 0.4),
});
type GatewayCall = typeof callArbitrary extends fc.Arbitrary<infer T> ? T : never;

const needed = {
  listOrders: ['customer_id'],
  searchOrders: ['customer_id', 'text'],
  getOrder: ['order_id'],
  updateAddress: ['order_id'],
  cancelOrder: ['order_id'],
} as const;

/** Mostly what the schema asks for, so that calls get far; sometimes with more. */
function argumentsFor({ tool, args, extra }: GatewayCall): Record<string, unknown> {
  const given: Record<string, unknown> = args;
  const chosen = Object.fromEntries(needed[tool].map((name) => [name, given[name] ?? 'A-201']));
  const body =
    tool === 'updateAddress' ? { body: { address: typeof args.text === 'string' ? args.text : 'elsewhere' } } : {};
  return { ...chosen, ...body, ...(extra === undefined ? {} : { customer: extra }) };
}

interface Desk {
  readonly person: Person;
  readonly token: string;
  readonly tools: AgentTools;
  /** What the next requests pretend. */
  disguise: Disguise;
}

/** Agents of both, with the gateway between them and the API. */
class Desks {
  readonly #gateway: Gateway;
  readonly #forger: Signer;
  readonly #desks = new Map<string, Desk>();
  /** Ids of MCP sessions, by person, as the agents were given them. */
  readonly #sessions = new Map<string, string>();

  constructor(gateway: Gateway, forger: Signer) {
    this.#gateway = gateway;
    this.#forger = forger;
  }

  async of(person: Person): Promise<Desk> {
    const known = this.#desks.get(person.id);
    if (known) return known;
    const token = await this.#gateway.openSession(person);
    const send: typeof fetch = async (address, init) => {
      const headers = new Headers(init?.headers);
      const desk = this.#desks.get(person.id);
      await this.#disguise(headers, person, desk?.disguise ?? 'none');
      const answer = await fetch(address, { ...init, headers });
      const session = answer.headers.get('mcp-session-id');
      if (session !== null) this.#sessions.set(person.id, session);
      return answer;
    };
    const agent = await AgentTools.connect(this.#gateway.url, token, send);
    const desk: Desk = { person, token, tools: agent, disguise: 'none' };
    this.#desks.set(person.id, desk);
    return desk;
  }

  async #disguise(headers: Headers, person: Person, disguise: Disguise): Promise<void> {
    if (disguise === 'none') return;
    const [own, theirs] = [await this.of(person), await this.of(other(person))].map(({ token }) => token);
    const victim = other(person);
    const [head = '', , signature = ''] = (own ?? '').split('.');
    const swapped = Buffer.from(JSON.stringify({ ...decodeJwt(own ?? ''), sub: victim.id })).toString('base64url');
    const bearer = (token: string) => headers.set('authorization', `Bearer ${token}`);
    const makers: Readonly<Record<Disguise, () => Promise<void> | void>> = {
      none: () => undefined,
      'x-sallyport-user': () => headers.set('x-sallyport-user', victim.id),
      'user context of its own': async () =>
        headers.set('sallyport-user-context', await this.#forger.sign(contextOf(victim, shop.api.url, 'listOrders'))),
      'session of the other': () => headers.set('mcp-session-id', this.#sessions.get(victim.id) ?? 'none'),
      'token without a signature': () => bearer(new UnsecuredJWT(decodeJwt(theirs ?? '')).encode()),
      'token with another user': () => bearer(`${head}.${swapped}.${signature}`),
      'token cut': () => bearer((theirs ?? '').slice(0, -8)),
      'user id as token': () => bearer(victim.id),
      'no token': () => headers.delete('authorization'),
      'two tokens': () => headers.append('authorization', `Bearer ${victim.id}`),
    };
    await makers[disguise]();
  }

  async close(): Promise<void> {
    for (const { tools: agent } of this.#desks.values()) await agent.close();
  }
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function fuzz(target: Shop, policies: Policies, calls: readonly GatewayCall[]) {
  const gateway = await startGateway(target.api.url, policies);
  open.push(() => gateway.stop());
  target.api.contexts = gateway.contexts;
  const desks = new Desks(gateway, await Signer.create());
  open.push(() => desks.close());
  for (const person of Object.values(people)) await desks.of(person);
  return await tally(target, calls, async (call): Promise<Attempt> => {
    const desk = await desks.of(people[call.who]);
    return {
      person: desk.person,
      statement: call.statement,
      async make() {
        desk.disguise = call.disguise;
        const text = await desk.tools.call(`orders__${call.tool}`, argumentsFor(call));
        desk.disguise = 'none';
        return { text, refused: !text.startsWith('{') || text.includes('\\"denied\\":true') };
      },
    };
  });
}

const seed = seedOf();
const calls = callsOf(400);
const sample = (numRuns: number) => fc.sample(callArbitrary, { numRuns, seed });

test.each<Policies>(['policies', 'policies-wide-open'])(
  `nobody reads or changes another's orders through the gateway with %s (FUZZ_SEED=${seed})`,
  async (policies) => {
    const sum = await fuzz(shop, policies, sample(calls));
    expect(sum.found).toEqual([]);
    expect(sum).toMatchObject({ reads: 0, writes: 0 });
    for (const seen of [sum.ownReads, sum.ownWrites, sum.refused]) expect(seen).toBeGreaterThan(sum.calls / 100);
  },
  timeFor(calls),
);

test('the same calls find out an API without row-level security behind policies that allow everything', async () => {
  const weak = await openShop();
  open.push(() => weak.close());
  await weak.database.weaken(noRowSecurity);
  const sum = await fuzz(weak, 'policies-wide-open', sample(150));
  expect(sum.reads).toBeGreaterThan(0);
  expect(sum.writes).toBeGreaterThan(0);
}, 300_000);
