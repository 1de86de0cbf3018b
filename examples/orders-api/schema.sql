-- The shop's orders. Whose an order is, only the owner of the tables decides; the API connects as orders_api.
create table public.orders (
  id text primary key,
  customer_id text not null,
  item text not null,
  address text not null,
  status text not null default 'open' check (status in ('open', 'sent', 'cancelled'))
);

-- A role may set any setting of its own transaction, so `app.customer` alone would be a wish: whoever gets to run SQL in
-- the tool would wish to be somebody else. The seal is the API's word for it: it holds for this customer in this
-- transaction, and can only be made with a key that orders_api cannot read.
create schema app;
create table app.sealing (key bytea not null);

create function app.customer() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select current_setting('app.customer', true)
  from app.sealing
  where current_setting('app.seal', true) = encode(sha256(key || sha256(
    key || convert_to(pg_current_xact_id()::text || ' ' || current_setting('app.customer', true), 'UTF8')
  )), 'hex')
$$;

alter table public.orders enable row level security;
alter table public.orders force row level security;
-- For select, insert, update and delete alike; without a good seal app.customer() is null, and null is nobody's.
create policy own_orders on public.orders to orders_api
  using (customer_id = (select app.customer()))
  with check (customer_id = (select app.customer()));

-- Nothing that could outlive a request and meet the next one on the same connection, such as a temporary table in whose
-- place another's orders would be written.
revoke all on database orders from public;
revoke all on schema public, app from public;
revoke all on all functions in schema app from public;
grant connect on database orders to orders_api;
grant usage on schema public, app to orders_api;
grant execute on function app.customer() to orders_api;
grant select, insert, update, delete on public.orders to orders_api;
