/**
 * A whole runtime in a process of its own, to be killed: `runtime-child.ts <data folder> <provider's URL>`. A line on its
 * standard input ends the thread that writes the store.
 */
import type { Worker } from 'node:worker_threads';
import { parseConfig } from '@sallyport/core';
import { startRuntime } from '../../src/compose.ts';

const workers: Worker[] = [];
process.on('worker', (worker) => workers.push(worker));
process.stdin.on('data', () => {
  for (const worker of workers) if (worker.threadName === 'sqlite-writer') void worker.terminate();
});

const [dataDir = '', provider = ''] = process.argv.slice(2);
const config = parseConfig(
  `providers: {scripted: {baseUrl: "${provider}", models: {m-1: {price: {input: 2, output: 10}}}}}
audit: {content: messages, modelCalls: durable}`,
  { env: {}, readFile: () => '' },
);
const runtime = await startRuntime({ config, dataDir, port: 0 });
const key = await runtime.createAgentKey({ agent: 'support', roles: ['support'] });
process.stdout.write(`${JSON.stringify({ url: runtime.url, key })}\n`);
