import type { AdminPermission, Me } from '@sallyport/core/admin';
import { mayOperator } from '@sallyport/core/admin';
import { useSuspenseQuery } from '@tanstack/react-query';
import { queries } from '../queries.ts';

/** Who is signed in. Everything below the shell may ask: the route waits for the answer. */
export const useMe = (): Me => useSuspenseQuery(queries.me).data;

/** The same table as the server's, which decides; this only spares people buttons that would be refused. */
export const useMay = (permission: AdminPermission): boolean => mayOperator(useMe().role, permission);
