import { playStory } from './story.ts';

/* Plays the story and ends with 1 when anything came out otherwise: `npx node examples/orders-api/main.ts`. */

const print = (line: string) => process.stdout.write(`${line}\n`);

const checks = await playStory(({ told, read }) => {
  print(`\n> ${told}`);
  print(`  ${read.length > 300 ? `${read.slice(0, 300)}…` : read}`);
});
print('');
for (const { name, ok } of checks) print(`${ok ? '✓' : '✗'} ${name}`);
process.exitCode = checks.every(({ ok }) => ok) ? 0 : 1;
