import fc from 'fast-check';

/** SQL that whoever has taken over the tool might run: each alone, or with whatever it takes to be more than a statement. */
export const statements: readonly string[] = [
  'select * from orders',
  'select * from public.orders where true or customer_id is not null',
  "select set_config('app.customer', 'C-1002', true); select * from orders",
  "set local app.customer = 'C-1002'; select * from orders",
  "with wish as materialized (select set_config('app.customer', 'C-1002', true)) select orders.* from wish, orders",
  "do $$ begin perform set_config('app.customer', 'C-1002', true); end $$; select * from orders",
  "select set_config('app.customer', 'C-1002', true), set_config('app.seal', '', true); select * from orders",
  "commit; begin; set local app.customer = 'C-1002'; select * from orders",
  "commit; select set_config('app.customer', 'C-1002', false); select * from orders",
  'rollback; select * from orders',
  'set role postgres; select * from orders',
  'reset role; reset session authorization; select * from orders',
  "set session authorization 'postgres'; select * from orders",
  'set row_security = off; select * from orders',
  'alter table orders disable row level security; select * from orders',
  'alter table orders no force row level security',
  'drop policy own_orders on orders; select * from orders',
  'create policy mine on orders using (true)',
  'select key from app.sealing',
  'select * from pg_catalog.pg_authid',
  "select pg_read_file('/etc/passwd')",
  "copy orders to program 'cat'",
  'copy orders to stdout',
  'table orders',
  'select * from only orders for update',
  "select query_to_xml('select * from orders', true, false, '')",
  "select database_to_xml(true, false, '')",
  'create function public.leak() returns text language sql as $$ select 1 $$',
  'create temporary table orders as select * from public.orders',
  'create or replace function app.customer() returns text language sql as $$ select $q$C-1002$q$ $$',
  'select most_common_vals from pg_stats',
  'select histogram_bounds from pg_stats; select * from pg_statistic',
  "update orders set customer_id = 'C-1001'",
  "update orders set customer_id = 'C-1002' where customer_id = 'C-1001'",
  "update orders set status = 'cancelled' where id like 'A-2%' returning *",
  'delete from orders; select * from orders',
  "delete from orders where customer_id <> 'C-1001' returning *",
  "insert into orders values ('A-999', 'C-1002', 'gift', 'somewhere') returning *",
  "insert into orders values ('A-201', 'C-1001', 'mine', 'here') on conflict (id) do update set customer_id = 'C-1001' returning *",
  "insert into orders values ('A-201', 'C-1001', 'mine', 'here') on conflict (id) do nothing returning *",
  "merge into orders using (values ('A-201')) as v(id) on orders.id = v.id when matched then update set address = 'x'",
  'truncate orders',
  'lock table orders; select * from orders',
  'select lo_import($$/etc/passwd$$)',
  "select address, 1/(case when address like '%1002%' then 0 else 1 end) from orders",
  "select cast(address as integer) from orders where customer_id = 'C-1002'",
];

const fragments = [
  "' or '1'='1",
  "C-1001' or customer_id <> '",
  "C-1002'--",
  "'; update orders set status = 'cancelled'; --",
  "' union select id, customer_id, item, address, status from orders --",
  '%',
  '_',
  '*',
  '../A-201',
  'A-201/../A-101',
  'A-101\r\nSallyport-User-Context: x',
  'A-101?customer_id=C-1002',
  'C-1001,C-1002',
  '["C-1001","C-1002"]',
  '{"$ne":""}',
  'С-1002',
  'C‑1002',
  'C-1002\u200b',
  '\u202eC-1002',
  'ｃ-1002',
  'C-1002 ',
  '٢٠١',
  '\ud83d\ude00',
  'null',
  'true',
  '__proto__',
];

/** What an argument may hold where it should name an order or a customer of the attacker's own. */
const names = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('C-1001', 'C-1002', 'C-1003', 'C-1004') },
  { weight: 3, arbitrary: fc.constantFrom('A-101', 'A-102', 'A-201', 'A-202', 'A-301', 'A-403') },
  { weight: 2, arbitrary: fc.constantFrom(...fragments) },
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.integer({ min: -1, max: 2000 }).map(String),
);

export const values: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: names },
  fc.array(names, { maxLength: 3 }),
  fc.array(fc.array(names, { maxLength: 2 }), { maxLength: 2 }),
  fc.dictionary(fc.constantFrom('id', 'customer_id', '$ne', '$gt', 'value', '0'), names, { maxKeys: 2 }),
  fc.integer(),
  fc.constantFrom(null, true, 1002, 201, 1e21),
);

/** Arguments by name: those that the tool has, each of any kind, and some that it has not. */
export const argumentsOf = fc.record(
  { customer_id: values, order_id: values, text: values, address: fc.oneof(names, values), customer: values },
  { requiredKeys: [] },
);

export const sometimes = <T>(made: fc.Arbitrary<T>, share: number): fc.Arbitrary<T | undefined> => {
  const weight = Math.round(share * 100);
  return fc.oneof({ weight, arbitrary: made }, { weight: 100 - weight, arbitrary: fc.constant(undefined) });
};

/** How the caller says who calls. */
export const postures = [
  'own',
  'none',
  'unsigned',
  'public key as secret',
  'own key',
  'key in the header',
  'other audience',
  'other issuer',
  'expired',
  'other tool',
  'used',
  'two',
  'spoofed headers',
] as const;
export type Posture = (typeof postures)[number];

export const tools = ['listOrders', 'searchOrders', 'getOrder', 'updateAddress', 'cancelOrder'] as const;

export const callArbitrary = fc.record({
  who: fc.constantFrom('ann' as const, 'bob' as const),
  tool: fc.constantFrom(...tools),
  args: argumentsOf,
  posture: fc.oneof({ weight: 8, arbitrary: fc.constant<Posture>('own') }, fc.constantFrom(...postures)),
  /** What the tool runs instead of its own work; absent: it is honest. */
  statement: sometimes(fc.constantFrom(...statements), 0.5),
});
export type FuzzedCall = typeof callArbitrary extends fc.Arbitrary<infer T> ? T : never;
