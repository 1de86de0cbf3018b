import type { Measured } from './gateway-process.ts';
import type { StreamModel } from './gateway-traffic.ts';
import { Pool } from 'undici';
import { allowedTool, chunkCounts, plainModel, requestBody } from './gateway-traffic.ts';

export interface Target {
  readonly gateway: Measured;
  readonly pool: Pool;
  /** How this gateway names the provider's models. */
  readonly modelPrefix: string;
}

export const target = (gateway: Measured, modelPrefix = ''): Target => ({
  gateway,
  modelPrefix,
  pool: new Pool(gateway.origin, { connections: 64, pipelining: 1 }),
});

const path = '/v1/chat/completions';
const post = ({ gateway, pool, modelPrefix }: Target, model: string, stream: boolean) =>
  pool.request({
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...gateway.headers },
    body: requestBody(modelPrefix + model, stream),
  });

/** One plain request; the status and the whole body. */
export async function ask(to: Target, model: string): Promise<{ status: number; body: string }> {
  const { statusCode, body } = await post(to, model, false);
  return { status: statusCode, body: await body.text() };
}

export interface Cost {
  /** Microseconds of the gateway's CPU. */
  readonly cpuMicros: number;
  readonly perSecond: number;
}

/** `count` requests over `connections` connections. Each answer is read and verified: a fast error is no speed. */
export async function load(to: Target, count: number, connections = 16): Promise<Cost> {
  let left = count;
  const work = async () => {
    while (left-- > 0) {
      const { status, body } = await ask(to, plainModel);
      if (status !== 200 || !body.includes(`"${allowedTool}"`)) throw wrongAnswer(to, status, body);
    }
  };
  return costOf(to, count, () => Promise.all(Array.from({ length: connections }, work)));
}

/** Streams side by side; the cost is per chunk. */
export async function loadStreams(to: Target, model: StreamModel, streams: number, times: number): Promise<Cost> {
  const work = async () => {
    for (let i = 0; i < times; i++) await readStream(to, model);
  };
  return costOf(to, streams * times * chunkCounts[model], () => Promise.all(Array.from({ length: streams }, work)));
}

async function costOf(to: Target, count: number, work: () => Promise<unknown>): Promise<Cost> {
  const cpu = to.gateway.cpuSeconds();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  return { cpuMicros: ((to.gateway.cpuSeconds() - cpu) * 1e6) / count, perSecond: count / seconds };
}

/** Reads one stream to its end, verified. @returns milliseconds to the first byte of its body */
export async function readStream(to: Target, model: StreamModel): Promise<number> {
  const started = performance.now();
  const { statusCode, body } = await post(to, model, true);
  let first: number | undefined;
  let text = '';
  for await (const part of body as AsyncIterable<Buffer>) {
    first ??= performance.now() - started;
    text += part.toString('latin1');
  }
  const whole = text.includes(`"${allowedTool}"`) && text.trimEnd().endsWith('data: [DONE]');
  if (statusCode !== 200 || !whole || first === undefined) throw wrongAnswer(to, statusCode, text);
  return first;
}

const wrongAnswer = ({ gateway }: Target, status: number, body: string): Error =>
  new Error(`${gateway.name} answered ${status}, not what the upstream said: ${body.slice(0, 400)}`);
