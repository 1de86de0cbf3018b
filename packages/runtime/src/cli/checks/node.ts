import type { Check } from './check.ts';
import { fail, ok } from './check.ts';

const needed = 24;

export const node: Check = {
  name: 'Node version',
  run: ({ nodeVersion }) =>
    Number(nodeVersion.split('.')[0]) >= needed
      ? ok(`Node ${nodeVersion}.`)
      : fail(`Node ${nodeVersion} is too old.`, `Use Node ${needed} or newer; on Linux \`npm ci\` brings one along.`),
};
