/* Schemas that keep less than they seem to. Each must be found out by the checks that find nothing in the real one. */

export const noRowSecurity =
  'alter table public.orders no force row level security; alter table public.orders disable row level security';

/** As it is often shown: a setting that any SQL may set. */
export const unsealed = `create or replace function app.customer() returns text language sql stable
  as $$ select current_setting('app.customer', true) $$`;
