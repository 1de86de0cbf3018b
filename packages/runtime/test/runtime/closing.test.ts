import { expect, it } from 'vitest';
import { closeAll } from '../../src/closing.ts';

it('what fails to close keeps nothing else open, and is told', async () => {
  const closed: string[] = [];
  const failing = (name: string) => () => {
    closed.push(name);
    throw new Error(name);
  };
  const closing = closeAll([() => closed.push('store'), failing('sessions'), () => Promise.reject(new Error('app'))]);
  await expect(closing).rejects.toThrow('app');
  expect(closed).toEqual(['sessions', 'store']);
});
