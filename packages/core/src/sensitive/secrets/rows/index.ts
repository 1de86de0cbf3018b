import type { SecretRow } from '../shape.ts';
import { aiRows } from './ai.ts';
import { cloudRows } from './cloud.ts';
import { codeRows } from './code.ts';
import { commerceRows } from './commerce.ts';
import { messagingRows } from './messaging.ts';
import { serviceRows } from './services.ts';

/** Every published format that is known here. One row here is all it takes to know another. */
export const secretRows: readonly SecretRow[] = [
  ...aiRows,
  ...cloudRows,
  ...codeRows,
  ...commerceRows,
  ...messagingRows,
  ...serviceRows,
];
