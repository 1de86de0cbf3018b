import type { Order } from './database.ts';
import type { OrdersApi } from './api.ts';
import { OrdersDatabase } from './database.ts';
import { operations } from './operations.ts';
import { startOrdersApi } from './api.ts';
import { startPostgres } from './postgres.ts';

/** Ann is customer C-1001, Bob is C-1002; the others never sign in. */
export const people = {
  ann: { id: 'ann@northwind.example', customer: 'C-1001' },
  bob: { id: 'bob@contoso.example', customer: 'C-1002' },
} as const;
export type Person = (typeof people)[keyof typeof people];

const customers = ['C-1001', 'C-1002', 'C-1003', 'C-1004'];
const items = ['Espresso machine', 'Desk lamp', "O'Neill wetsuit"];

/** Where an order goes; nobody but its customer has any business knowing. */
const streetOf = (customer: string, number: number): string => `${number} ${customer.replace('C-', 'Lane-')} Street`;

/** Three orders of each customer. */
export const orders: readonly Order[] = customers.flatMap((customer, at) =>
  items.map((item, index) => ({
    id: `A-${at + 1}0${index + 1}`,
    customer_id: customer,
    item,
    address: streetOf(customer, index + 1),
    status: 'open',
  })),
);

export const ordersOf = (customer: string): readonly Order[] => orders.filter(({ customer_id: of }) => of === customer);

export interface Shop {
  readonly database: OrdersDatabase;
  readonly api: OrdersApi;
  close(): Promise<void>;
}

/** Starts the shop: a Postgres of its own with everybody's orders, and the API before it, which believes nobody yet. */
export async function openShop(): Promise<Shop> {
  const postgres = await startPostgres();
  try {
    const database = await OrdersDatabase.create(postgres, orders);
    const api = await startOrdersApi(database, operations);
    const close = async () => {
      await api.close();
      await database.close();
      await postgres.stop();
    };
    return { database, api, close };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** Of customers other than this one, what stands in a text: addresses, which say whose they are. */
export function leaksTo(customer: string, text: string): readonly string[] {
  return customers
    .filter((other) => other !== customer)
    .flatMap((other) => (text.includes(other.replace('C-', 'Lane-')) ? [other] : []));
}

/** Orders that differ between two looks at the tables and are not, or were not, this customer's. */
export function writesBeyond(customer: string, before: readonly Order[], after: readonly Order[]): readonly string[] {
  const byId = (all: readonly Order[]) => new Map(all.map((order) => [order.id, order]));
  const [then, now] = [byId(before), byId(after)];
  return [...new Set([...then.keys(), ...now.keys()])].filter((id) => {
    const [was, is] = [then.get(id), now.get(id)];
    if (JSON.stringify(was) === JSON.stringify(is)) return false;
    return [was, is].some((order) => order !== undefined && order.customer_id !== customer);
  });
}
