import type { ApprovalView, Me } from '@sallyport/core/admin';
import type { World } from './world.ts';

export interface Asked {
  readonly who: Me;
  readonly params: Readonly<Record<string, string>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- parsed by the row's schema just before
  readonly query: any;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}
export type Answer = (asked: Asked, world: World, announce: (approval: ApprovalView) => void) => unknown;

export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function find<T>(all: readonly T[], fits: (one: T) => boolean): T {
  const found = all.find(fits);
  if (found === undefined) throw new Refusal(404, 'not_found', 'There is no such thing.');
  return found;
}
