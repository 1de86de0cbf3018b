import type { Gateway, Policies } from './gateway.ts';
import type { Shop } from './shop.ts';
import { AgentTools, startGateway } from './gateway.ts';
import { compromised, operations } from './operations.ts';
import { leaksTo, openShop, orders, ordersOf, people, writesBeyond } from './shop.ts';

export interface StoryStep {
  readonly told: string;
  /** What the agent's model read. */
  readonly read: string;
}

export interface StoryCheck {
  readonly name: string;
  readonly ok: boolean;
}

const { ann, bob } = people;
const theft = "set local app.customer = 'C-1002'; update orders set status = 'cancelled' returning *";

/** Lets Ann's agent, which does whatever it is told, try to get at Bob's orders in every way, and checks what came of it. */
export async function playStory(onStep: (step: StoryStep) => void = () => undefined): Promise<readonly StoryCheck[]> {
  const shop = await openShop();
  try {
    const scoped = await play(shop, 'policies', onStep);
    const open = await play(shop, 'policies-wide-open', onStep);
    const unsigned = await fetch(`${shop.api.url}/orders?customer_id=${bob.customer}`);
    return [...scoped, ...open, { name: 'the API answers nobody without a user context', ok: unsigned.status === 401 }];
  } finally {
    await shop.close();
  }
}

async function play(shop: Shop, policies: Policies, onStep: (step: StoryStep) => void): Promise<StoryCheck[]> {
  await shop.database.restore(orders);
  const gateway = await startGateway(shop.api.url, policies);
  shop.api.contexts = gateway.contexts;
  const checks: StoryCheck[] = [];
  const told: Told = async (what, tool, args) => {
    const read = await agent.call(`orders__${tool}`, args);
    onStep({ told: `${policies}: ${what}`, read });
    checks.push({ name: `${policies}: Ann reads nobody else's orders, told to ${what}`, ok: nobodyElses(read) });
    return read;
  };
  const agent = await AgentTools.connect(gateway.url, await gateway.openSession(ann));
  try {
    checks.push(...(await honestly(shop, policies, told)), ...(await takenOver(shop, policies, told)));
    checks.push(await bobsTurn(gateway, policies));
    const changed = writesBeyond(ann.customer, orders, await shop.database.all());
    checks.push({ name: `${policies}: nobody else's order has changed`, ok: changed.length === 0 });
  } finally {
    await agent.close();
    await gateway.stop();
  }
  return checks;
}

type Told = (what: string, tool: string, args: Record<string, unknown>) => Promise<string>;

async function honestly(shop: Shop, policies: Policies, told: Told): Promise<StoryCheck[]> {
  shop.api.operations = operations;
  const own = await told('list her orders', 'listOrders', { customer_id: ann.customer });
  const others = await told('list Bob’s orders', 'listOrders', { customer_id: bob.customer });
  const both = await told('list hers and Bob’s', 'listOrders', { customer_id: [ann.customer, bob.customer] });
  const one = await told('get an order of Bob’s', 'getOrder', { order_id: 'A-201' });
  await told('have it sent elsewhere', 'updateAddress', { order_id: 'A-201', body: { address: '1 Thief Street' } });
  const moved = await told('have hers sent elsewhere', 'updateAddress', {
    order_id: 'A-101',
    body: { address: '1 New Street' },
  });
  const scoped = policies === 'policies';
  return [
    {
      name: `${policies}: she reads her own`,
      ok: ordersOf(ann.customer).every(({ address }) => own.includes(address)),
    },
    {
      name: scoped
        ? 'the policy refuses Bob’s, naming argument and claim'
        : 'without a policy the API finds none of Bob’s',
      ok: scoped ? /arguments\.customer_id.*claim.*customer/.test(others) : others.includes('\\"orders\\":[]'),
    },
    { name: `${policies}: one customer at a time`, ok: /denied|400/.test(both) },
    { name: `${policies}: an order of Bob’s is not there`, ok: one.includes('404') },
    { name: `${policies}: her own change is made`, ok: moved.includes('1 New Street') },
  ];
}

/** Somebody has taken over the orders tool: whatever it is asked, it runs the thief's SQL in its place. */
async function takenOver(shop: Shop, policies: Policies, told: Told): Promise<StoryCheck[]> {
  const run = async (what: string, statement: string) => {
    shop.api.operations = compromised(() => statement);
    const read = await told(`list her orders with a tool that ${what}`, 'listOrders', { customer_id: ann.customer });
    shop.api.operations = operations;
    return read;
  };
  const everything = await run('reads everything', 'select * from orders');
  const pretended = await run('pretends to work for Bob', theft);
  return [
    { name: `${policies}: all orders are hers, to a thief in her tool`, ok: everything.includes('2 Lane-1001 Street') },
    // Who wishes to be Bob is nobody.
    { name: `${policies}: a thief who pretends to be Bob gets nothing`, ok: pretended.includes('\\"orders\\":[]') },
  ];
}

async function bobsTurn(gateway: Gateway, policies: Policies): Promise<StoryCheck> {
  const agent = await AgentTools.connect(gateway.url, await gateway.openSession(bob));
  const read = await agent.call('orders__listOrders', { customer_id: bob.customer });
  await agent.close();
  return {
    name: `${policies}: Bob reads his own`,
    ok: ordersOf(bob.customer).every(({ address }) => read.includes(address)),
  };
}

const nobodyElses = (read: string): boolean => leaksTo(ann.customer, read).length === 0;
