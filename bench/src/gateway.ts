import type { Cost, Target } from './gateway-load.ts';
import type { Figures, Log } from './main.ts';
import type { Launch, Measured } from './gateway-process.ts';
import { ask, load, loadStreams, readStream, target } from './gateway-load.ts';
import { freePort, launch } from './gateway-process.ts';
import { burstModel, forbiddenModel, forbiddenTool, pacedModel } from './gateway-traffic.ts';

/*
 * What the checkpoint costs beside a raw pass-through, which looks at nothing, and beside a well-known gateway with
 * nothing switched on. Absolute figures swing with the machine, so every figure is a ratio of two measured in the same
 * round, and what is reported is the median of the rounds. Upstream and gateways run in processes of their own; CPU is
 * the gateway's whole process, all threads.
 */

const rounds = 5;
const streamRounds = 4;
/** Requests per round: enough for the 10 ms steps of the CPU clock. */
const requests = { raw: 20_000, sallyport: 5000, durable: 3000, portkey: 1000 } as const;
const warmUp = { raw: 40_000, sallyport: 20_000, durable: 12_000, portkey: 6000 } as const;
type Gateway = keyof typeof requests;
const gateways = ['raw', 'sallyport', 'durable', 'portkey'] as const satisfies readonly Gateway[];

export async function gateway(log: Log): Promise<Figures> {
  const running: Measured[] = [];
  const begin = async (options: Launch): Promise<Measured> => {
    const started = await launch(options);
    running.push(started);
    return started;
  };
  try {
    const upstream = await begin({ name: 'upstream', script: './gateway-upstream.ts' });
    const targets = await startGateways(begin, upstream.origin);
    await assertGuarded(targets.sallyport);
    await assertGuarded(targets.durable);
    log('Warming up …');
    for (const name of gateways) await load(targets[name], warmUp[name]);
    const plain = await plainFigures(targets, log);
    const streams = await streamFigures(target(upstream), targets, log);
    return { ...plain, ...streams };
  } finally {
    await Promise.all(running.map((each) => each.stop()));
  }
}

async function startGateways(
  begin: (options: Launch) => Promise<Measured>,
  upstream: string,
): Promise<Record<Gateway, Target>> {
  const env = { UPSTREAM_ORIGIN: upstream };
  const sallyport = (MODEL_CALLS: string) =>
    begin({ name: `Sallyport (${MODEL_CALLS})`, script: './gateway-sallyport.ts', env: { ...env, MODEL_CALLS } });
  const headers = {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${upstream}/v1`,
    authorization: 'Bearer x',
  };
  const port = await freePort();
  const portkey = begin({
    name: 'Portkey',
    script: import.meta.resolve('@portkey-ai/gateway/build/start-server.js'),
    arguments: [`--port=${port}`, '--headless'],
    port,
    headers,
  });
  return {
    raw: target(await begin({ name: 'raw', script: './gateway-raw.ts', env })),
    sallyport: target(await sallyport('async'), 'bench/'),
    durable: target(await sallyport('durable'), 'bench/'),
    portkey: target(await portkey),
  };
}

/** A gateway whose guards are off would be fast: so a forbidden call must not come through. */
async function assertGuarded(to: Target): Promise<void> {
  const { status, body } = await ask(to, forbiddenModel);
  const proposes = body.includes(`"name":"${forbiddenTool}"`);
  if (status !== 200 || proposes) throw new Error(`${to.gateway.name} let a forbidden call through: ${status} ${body}`);
}

async function plainFigures(targets: Record<Gateway, Target>, log: Log): Promise<Figures> {
  const costs: Record<Gateway, Cost[]> = { raw: [], sallyport: [], durable: [], portkey: [] };
  for (let round = 0; round < rounds; round++) {
    for (const name of gateways) costs[name].push(await load(targets[name], requests[name]));
    log(`Round ${round + 1} of ${rounds}: ${gateways.map((name) => described(name, costs[name].at(-1))).join(', ')}`);
  }
  const ratio = (a: Gateway, b: Gateway, of: keyof Cost) =>
    median(costs[a].map((cost, round) => cost[of] / (costs[b][round]?.[of] ?? Number.NaN)));
  return {
    cpuVsRaw: ratio('sallyport', 'raw', 'cpuMicros'),
    cpuVsPortkey: ratio('sallyport', 'portkey', 'cpuMicros'),
    rpsVsPortkey: ratio('sallyport', 'portkey', 'perSecond'),
    durableCpuVsRaw: ratio('durable', 'raw', 'cpuMicros'),
    durableCpuVsPortkey: ratio('durable', 'portkey', 'cpuMicros'),
    durableRpsVsPortkey: ratio('durable', 'portkey', 'perSecond'),
    ...Object.fromEntries(gateways.map((name) => [`${name}CpuMicros`, median(costs[name].map((c) => c.cpuMicros))])),
    ...Object.fromEntries(gateways.map((name) => [`${name}Rps`, median(costs[name].map((c) => c.perSecond))])),
  };
}

const described = (name: string, cost: Cost | undefined): string =>
  `${name} ${cost?.cpuMicros.toFixed(0)} µs ${cost?.perSecond.toFixed(0)}/s`;

/** Portkey 1.15 from npm answers 500 to every stream on Node 20 and 24, so streams have no peer but raw. */
async function streamFigures(direct: Target, { raw, sallyport }: Record<Gateway, Target>, log: Log): Promise<Figures> {
  const ttfbRatios: number[] = [];
  const chunkRatios: number[] = [];
  for (const to of [direct, raw, sallyport]) await loadStreams(to, burstModel, 8, 1);
  for (let round = 0; round < streamRounds; round++) {
    const [none, floor, ours] = await ttfbs([direct, raw, sallyport], 20);
    if (none === undefined || floor === undefined || ours === undefined) throw new Error('no stream was read');
    ttfbRatios.push((ours - none) / (floor - none));
    const rawCost = await loadStreams(raw, burstModel, 32, 6);
    const cost = await loadStreams(sallyport, burstModel, 32, 6);
    chunkRatios.push(cost.cpuMicros / rawCost.cpuMicros);
    const times = [none, floor, ours].map((ms) => ms.toFixed(2)).join(' / ');
    const chunks = `${rawCost.cpuMicros.toFixed(1)} / ${cost.cpuMicros.toFixed(1)} µs`;
    log(
      `Streams ${round + 1} of ${streamRounds}: first byte direct / raw / ours ${times} ms, chunk raw / ours ${chunks}`,
    );
  }
  return { streamTtfbVsRaw: median(ttfbRatios), streamCpuPerChunkVsRaw: median(chunkRatios) };
}

/** Medians, in milliseconds; the targets by turns, stream for stream, so that all see the same machine. */
async function ttfbs(targets: readonly Target[], times: number): Promise<number[]> {
  const measured = targets.map((): number[] => []);
  for (let i = 0; i < times; i++) {
    for (const [index, to] of targets.entries()) measured[index]?.push(await readStream(to, pacedModel));
  }
  return measured.map(median);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
