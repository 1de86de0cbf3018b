import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import type { JWTPayload } from 'jose';
import { SignJWT, UnsecuredJWT } from 'jose';
import { compromised, operations } from '../operations.ts';
import { statements } from './attacks.ts';
import { leaksTo, openShop, orders, ordersOf, people, writesBeyond, type Person, type Shop } from '../shop.ts';
import { Signer, contextOf } from './signer.ts';
import { noRowSecurity, unsealed } from './weaker.ts';
import { test } from './with-postgres.ts';

let shop: Shop;
let signer: Signer;
beforeAll(async () => {
  signer = await Signer.create();
  shop = await openShop();
  shop.api.contexts = signer.verifier(shop.api.url);
}, 120_000);
afterAll(() => shop.close());
beforeEach(async () => {
  shop.api.operations = operations;
  await shop.database.restore(orders);
});

const { ann, bob } = people;
const paths = {
  listOrders: (customer: string) => ['GET', `/orders?customer_id=${encodeURIComponent(customer)}`],
  searchOrders: (customer: string) => ['GET', `/orders/search?text=e&customer_id=${encodeURIComponent(customer)}`],
  getOrder: (id: string) => ['GET', `/orders/${encodeURIComponent(id)}`],
  updateAddress: (id: string) => ['PUT', `/orders/${encodeURIComponent(id)}/address`, '{"address":"1 New Street"}'],
  cancelOrder: (id: string) => ['POST', `/orders/${encodeURIComponent(id)}/cancel`],
} as const;
type Tool = keyof typeof paths;

async function call(tool: Tool, argument: string, headers: Record<string, string>) {
  const [method, path, body]: readonly string[] = paths[tool](argument);
  const answer = await fetch(`${shop.api.url}${path}`, {
    method: method ?? 'GET',
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, text: await answer.text() };
}
const context = (person: Person, tool: string, change: JWTPayload = {}) =>
  signer.sign({ ...contextOf(person, shop.api.url, tool), ...change });
const callAs = async (person: Person, tool: Tool, argument: string) =>
  call(tool, argument, { 'sallyport-user-context': await context(person, tool) });

const none = JSON.stringify({ orders: [] });

describe('a customer reads and changes their own orders', () => {
  test('and finds them', async () => {
    const { status, text } = await callAs(ann, 'listOrders', ann.customer);
    expect([status, JSON.parse(text)]).toEqual([200, { orders: ordersOf(ann.customer) }]);
    expect((await callAs(ann, 'searchOrders', ann.customer)).text).toContain('Espresso');
    expect((await callAs(ann, 'getOrder', 'A-101')).status).toBe(200);
  });
  test('and what they change is changed', async () => {
    expect((await callAs(ann, 'updateAddress', 'A-101')).status).toBe(200);
    expect((await callAs(ann, 'cancelOrder', 'A-102')).status).toBe(200);
    const all = await shop.database.all();
    expect(all.find(({ id }) => id === 'A-101')?.address).toBe('1 New Street');
    expect(all.find(({ id }) => id === 'A-102')?.status).toBe('cancelled');
    expect(writesBeyond(ann.customer, orders, all)).toEqual([]);
  });
});

test.each(Object.keys(paths) as Tool[])('another’s order is not there, by %s', async (tool) => {
  const argument = tool === 'listOrders' || tool === 'searchOrders' ? bob.customer : 'A-201';
  const { status, text } = await callAs(ann, tool, argument);
  expect([status, text]).toEqual(tool === 'listOrders' || tool === 'searchOrders' ? [200, none] : [404, none]);
  expect(leaksTo(ann.customer, text)).toEqual([]);
  expect(await shop.database.all()).toEqual(orders);
});

describe('only a user context of the runtime says who calls', () => {
  const seconds = Math.floor(Date.now() / 1000);
  test.each<[string, JWTPayload]>([
    ['made for another API', { aud: 'https://other.example' }],
    ['of another runtime', { iss: 'https://evil.example' }],
    ['that has expired', { exp: seconds - 10 }],
    ['that is not yet good', { nbf: seconds + 600 }],
    ['for another tool', { tool: 'cancelOrder' }],
    ['without a customer', { claims: {} }],
    ['of two customers', { claims: { customer: [bob.customer, ann.customer] } }],
    ['whose customer is no text', { claims: { customer: [{ toString: 'C-1001' }] } }],
    ['whose customer is no list', { claims: { customer: bob.customer } }],
  ])('one %s is refused', async (_, change) => {
    const token = await context(bob, 'listOrders', change);
    expect((await call('listOrders', bob.customer, { 'sallyport-user-context': token })).status).toBe(401);
  });
  test('one without an end or an id is refused', async () => {
    for (const name of ['exp', 'jti', 'aud', 'iss']) {
      const { [name]: _, ...rest } = contextOf(bob, shop.api.url, 'listOrders');
      const headers = { 'sallyport-user-context': await signer.sign(rest) };
      expect((await call('listOrders', bob.customer, headers)).status).toBe(401);
    }
  });
  test('one that says it needs no signature, or is signed with the public key, is refused', async () => {
    const payload = contextOf(bob, shop.api.url, 'listOrders');
    const [key] = signer.keys.keys;
    const secrets = [JSON.stringify(key), key?.x ?? '', JSON.stringify(signer.keys)];
    const hmac = secrets.map((secret) =>
      new SignJWT(payload)
        .setProtectedHeader({ alg: 'HS256', typ: 'sallyport-user+jwt', kid: 'k1' })
        .sign(new TextEncoder().encode(secret)),
    );
    const embedded = await Signer.create();
    const tokens = [
      new UnsecuredJWT(payload).encode(),
      ...(await Promise.all(hmac)),
      // A key that comes with the token vouches for nothing.
      await embedded.sign(payload, { jwk: embedded.keys.keys[0] as object }),
      await embedded.sign(payload, { jku: 'https://evil.example/jwks.json' }),
      await signer.sign(payload, { typ: 'JWT' }),
      await signer.sign(payload, { typ: 'sallyport-session+jwt' }),
      '',
      'Bearer x',
    ];
    for (const token of tokens) {
      const { status } = await call('listOrders', bob.customer, { 'sallyport-user-context': token });
      expect(status).toBe(401);
    }
  });
  test('one that was used is refused, and two are refused', async () => {
    const token = await context(ann, 'listOrders');
    const headers = { 'sallyport-user-context': token };
    expect((await call('listOrders', ann.customer, headers)).status).toBe(200);
    expect((await call('listOrders', ann.customer, headers)).status).toBe(401);
    const two = new Headers();
    for (const person of [ann, bob]) two.append('sallyport-user-context', await context(person, 'listOrders'));
    expect((await fetch(`${shop.api.url}/orders?customer_id=C-1001`, { headers: two })).status).toBe(401);
  });
  test('one that was refused at another operation is spent', async () => {
    const headers = { 'sallyport-user-context': await context(ann, 'listOrders') };
    expect((await call('cancelOrder', 'A-101', headers)).status).toBe(401);
    expect((await call('listOrders', ann.customer, headers)).status).toBe(401);
  });
  test('no other header does', async () => {
    const spoofed = { 'x-sallyport-user': bob.id, 'x-customer': bob.customer, authorization: `Bearer ${bob.id}` };
    expect((await call('listOrders', bob.customer, spoofed)).status).toBe(401);
    const own = { ...spoofed, 'sallyport-user-context': await context(ann, 'listOrders') };
    expect((await call('listOrders', bob.customer, own)).text).toBe(none);
  });
});

describe('who takes over the tool gets the customer’s orders, and no other’s', () => {
  test.each(statements)('%s', async (attack) => {
    shop.api.operations = compromised(() => attack);
    const before = await shop.database.all();
    const { text } = await callAs(ann, 'listOrders', ann.customer);
    expect(leaksTo(ann.customer, text)).toEqual([]);
    expect(writesBeyond(ann.customer, before, await shop.database.all())).toEqual([]);
  });

  test('and leaves nothing for the next customer on the same connection to fall into', async () => {
    const traps = [
      'declare kept cursor with hold for select * from orders',
      'prepare orders as select 1',
      "set search_path = 'pg_temp'",
      'create temporary view orders as select 1',
      "set app.customer = 'C-1001'",
      'set default_transaction_read_only = on',
      'select pg_advisory_lock(1)',
      'listen orders',
    ];
    for (const trap of traps) {
      // All connections of the pool are busy with it at once.
      shop.api.operations = compromised(() => `${trap}; commit; ${trap}`);
      await Promise.all(Array.from({ length: 16 }, () => callAs(ann, 'listOrders', ann.customer)));
      shop.api.operations = operations;
      const answers = await Promise.all(Array.from({ length: 16 }, () => callAs(bob, 'listOrders', bob.customer)));
      for (const { text } of answers) expect(JSON.parse(text)).toEqual({ orders: ordersOf(bob.customer) });
      shop.api.operations = compromised(() => 'fetch all from kept');
      const { text } = await callAs(bob, 'listOrders', bob.customer);
      expect(leaksTo(bob.customer, text)).toEqual([]);
    }
  });
});

test('what a taken-over tool is given to run does run', async () => {
  shop.api.operations = compromised(() => "update orders set status = 'cancelled' returning *");
  const { text } = await callAs(ann, 'listOrders', ann.customer);
  expect(JSON.parse(text)).toMatchObject({
    orders: ordersOf(ann.customer).map(({ id }) => ({ id, status: 'cancelled' })),
  });
});

describe('the checks find what a weaker schema lets through', () => {
  test.each([
    ['without row-level security', noRowSecurity, "update orders set status = 'cancelled' returning *"],
    [
      'where whoever sets the setting is believed',
      unsealed,
      "set local app.customer = 'C-1002'; update orders set status = 'cancelled' returning *",
    ],
  ])('%s', async (_, weaker, attack) => {
    const weak = await openShop();
    try {
      weak.api.contexts = signer.verifier(weak.api.url);
      await weak.database.weaken(weaker);
      weak.api.operations = compromised(() => attack);
      const token = await signer.sign(contextOf(ann, weak.api.url, 'listOrders'));
      const headers = { 'sallyport-user-context': token };
      const answer = await fetch(`${weak.api.url}/orders?customer_id=${ann.customer}`, { headers });
      expect(leaksTo(ann.customer, await answer.text())).not.toEqual([]);
      expect(writesBeyond(ann.customer, orders, await weak.database.all())).not.toEqual([]);
    } finally {
      await weak.close();
    }
  });
});
