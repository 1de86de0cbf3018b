import fc from 'fast-check';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Attempt } from './fuzz.ts';
import type { FuzzedCall, Posture } from './attacks.ts';
import { Signer, contextOf } from './signer.ts';
import { callArbitrary } from './attacks.ts';
import { callsOf, other, seedOf, tally, timeFor } from './fuzz.ts';
import { noRowSecurity, unsealed } from './weaker.ts';
import { openShop, people, type Person, type Shop } from '../shop.ts';
import { test } from './with-postgres.ts';

let shop: Shop;
let signer: Signer;
let stranger: Signer;
beforeAll(async () => {
  [signer, stranger] = [await Signer.create(), await Signer.create()];
  shop = await openShop();
  shop.api.contexts = signer.verifier(shop.api.url);
}, 120_000);
afterAll(() => shop.close());

const seed = seedOf();
const calls = callsOf(2000);
const sample = (numRuns: number) => fc.sample(callArbitrary, { numRuns, seed });

/** Headers that say who calls. Each but the first says that it is the other one, by some forgery. */
async function headersOf(posture: Posture, person: Person, url: string, tool: string): Promise<Headers> {
  const headers = new Headers();
  const own = contextOf(person, url, tool);
  const forged = contextOf(other(person), url, tool);
  const [key] = signer.keys.keys;
  const add = (token: string) => headers.append('sallyport-user-context', token);
  const now = Math.floor(Date.now() / 1000);
  const hmac = (secret: string) =>
    new SignJWT(forged)
      .setProtectedHeader({ alg: 'HS256', typ: 'sallyport-user+jwt', kid: 'k1' })
      .sign(new TextEncoder().encode(secret));
  const makers: Readonly<Record<Posture, () => Promise<void>>> = {
    own: async () => add(await signer.sign(own)),
    none: () => Promise.resolve(),
    unsigned: () => Promise.resolve(add(new UnsecuredJWT(forged).encode())),
    'public key as secret': async () => add(await hmac(JSON.stringify(key))),
    'own key': async () => add(await stranger.sign(forged)),
    'key in the header': async () => add(await stranger.sign(forged, { jwk: stranger.keys.keys[0] as object })),
    'other audience': async () => add(await signer.sign({ ...forged, aud: 'https://other.example' })),
    'other issuer': async () => add(await signer.sign({ ...forged, iss: 'https://evil.example' })),
    expired: async () => add(await signer.sign({ ...forged, exp: now - 1 })),
    'other tool': async () => add(await signer.sign({ ...forged, tool: 'somethingElse' })),
    async used() {
      const token = await signer.sign(forged);
      // By its owner; then the attacker has it.
      await fetch(`${url}/orders?customer_id=x`, { headers: { 'sallyport-user-context': token } });
      add(token);
    },
    async two() {
      add(await signer.sign(own));
      add(await stranger.sign(forged));
    },
    async 'spoofed headers'() {
      const { id, customer } = other(person);
      add(await signer.sign(own));
      for (const name of ['x-sallyport-user', 'x-user', 'x-forwarded-user']) headers.set(name, id);
      headers.set('x-customer', customer);
      headers.set('authorization', `Bearer ${new UnsecuredJWT(forged).encode()}`);
    },
  };
  await makers[posture]();
  return headers;
}

const methods = { updateAddress: 'PUT', cancelOrder: 'POST' } as const;

/** As bad as HTTP lets it be: what is no text goes as JSON, lists as a parameter that is there more than once. */
function requestOf(url: string, { tool, args }: FuzzedCall): { address: string; body?: string; method: string } {
  const { order_id: id, ...rest } = args;
  const textOf = (value: unknown) => (typeof value === 'string' ? value.toWellFormed() : JSON.stringify(value));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(rest)) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) query.append(name, textOf(one));
  }
  const place = encodeURIComponent(textOf(id ?? 'A-201'));
  const path = { listOrders: '', searchOrders: '/search', getOrder: `/${place}` };
  if (tool === 'listOrders' || tool === 'searchOrders' || tool === 'getOrder') {
    return { address: `${url}/orders${path[tool]}?${query.toString()}`, method: 'GET' };
  }
  const address = `${url}/orders/${place}/${tool === 'cancelOrder' ? 'cancel' : 'address'}?${query.toString()}`;
  return { address, method: methods[tool], body: JSON.stringify({ address: 'somewhere', ...args }) };
}

const attemptAt =
  (target: Shop) =>
  async (call: FuzzedCall): Promise<Attempt> => {
    const { who, tool, posture, statement } = call;
    const person = people[who];
    const headers = await headersOf(posture, person, target.api.url, tool);
    const { address, ...init } = requestOf(target.api.url, call);
    return {
      person,
      statement,
      async make() {
        const answer = await fetch(address, { ...init, headers });
        return { text: await answer.text(), refused: answer.status === 401 };
      },
    };
  };

/** The second prepares its call by one of Bob's, which must not run what the first one's tool ran: Bob may cancel his own. */
const ownersUse: readonly FuzzedCall[] = [
  {
    who: 'ann',
    tool: 'listOrders',
    args: {},
    posture: 'own',
    statement: "update orders set status = 'cancelled' where id like 'A-2%' returning *",
  },
  { who: 'ann', tool: 'listOrders', args: { customer_id: 'C-1002' }, posture: 'used', statement: undefined },
];

test(
  `nobody reads or changes another's orders at the API, whatever is sent (FUZZ_SEED=${seed})`,
  async () => {
    const sum = await tally(shop, [...ownersUse, ...sample(calls)], attemptAt(shop));
    expect(sum.found).toEqual([]);
    expect(sum).toMatchObject({ reads: 0, writes: 0 });
    for (const seen of [sum.ownReads, sum.ownWrites, sum.refused]) expect(seen).toBeGreaterThan(sum.calls / 100);
  },
  timeFor(calls),
);

test.each([
  ['without row-level security', noRowSecurity],
  ['where whoever sets the setting is believed', unsealed],
])(
  'the same calls find out an API %s',
  async (_, weaker) => {
    const weak = await openShop();
    try {
      weak.api.contexts = signer.verifier(weak.api.url);
      await weak.database.weaken(weaker);
      const sum = await tally(weak, sample(400), attemptAt(weak));
      expect(sum.reads).toBeGreaterThan(0);
    } finally {
      await weak.close();
    }
  },
  120_000,
);
