import { test as each } from 'vitest';
import { hasPostgres } from '../postgres.ts';

/** Skipped, and shown as skipped, where there is no Postgres to start; `main.ts` fails there. */
export const test = each.skipIf(!hasPostgres());
