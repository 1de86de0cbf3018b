import type { Cost } from './gateway-load.ts';
import type { Figures, Log } from './main.ts';
import type { Launch, Measured } from './gateway-process.ts';
import type { McpTarget } from './mcp-load.ts';
import { launch } from './gateway-process.ts';
import { ask, callers, load, loadStreams, mcpTarget, nameOf, wrongAnswer } from './mcp-load.ts';
import { eras, servers, type Era } from './mcp-traffic.ts';

/*
 * What the checkpoint costs a tool call, beside two gateways that decide and record nothing, and beside the server itself:
 * one made of the official SDKs, as a gateway is written, and a raw one, the least that could be called a gateway. Every
 * figure is a ratio of two measured in the same round, and what is reported is the median of the rounds. The server and
 * the gateways run in processes of their own; CPU is the whole process, all threads. Sessions are opened, and their
 * connections made, before a round is measured: the figures are of calls, 25 in each session.
 */

const rounds = 3;
const callsPerSession = 25;
/** Calls per round: enough for the 10 ms steps of the CPU clock. */
const calls = { direct: 4000, raw: 4000, sdk: 1500, sallyport: 1500 } as const;
/** Until the engine has compiled what it will: that is no call's cost. */
const warmUp = { direct: 4000, raw: 10_000, sdk: 8000, sallyport: 8000 } as const;
const streams = 16;
type Name = keyof typeof calls;
const names = ['direct', 'raw', 'sdk', 'sallyport'] as const satisfies readonly Name[];
type Targets = Readonly<Record<Name, McpTarget>>;

export async function mcp(log: Log): Promise<Figures> {
  const running: Measured[] = [];
  const begin = async (options: Launch): Promise<Measured> => {
    const started = await launch(options);
    running.push(started);
    return started;
  };
  try {
    const targets = await startTargets(begin);
    for (const era of eras) await assertGuarded(targets.sallyport, era);
    log('Warming up …');
    for (const era of eras) for (const name of names) await measured(targets, name, era, warmUp[name]);
    const figures: Record<string, number> = {};
    for (const era of eras) Object.assign(figures, await eraFigures(targets, era, log));
    const worse = (figure: string) => Math.max(...eras.map((era) => figures[`${figure}${yearOf(era)}`] ?? Number.NaN));
    return { mcpCpuVsSdk: worse('mcpCpuVsSdk'), mcpCpuVsRaw: worse('mcpCpuVsRaw'), ...figures };
  } finally {
    await Promise.all(running.map((each) => each.stop()));
  }
}

const yearOf = (era: Era): string => era.slice(0, 4);

async function startTargets(begin: (options: Launch) => Promise<Measured>): Promise<Targets> {
  const server = await begin({ name: 'the server', script: './mcp-upstream.ts' });
  const env = { UPSTREAM_ORIGIN: server.origin };
  const raw = await begin({ name: 'the raw pass-through', script: './mcp-raw.ts', env });
  const sdk = await begin({ name: 'the pass-through of the SDKs', script: './mcp-sdk.ts', env });
  const ours = await begin({ name: 'Sallyport', script: './mcp-sallyport.ts', env });
  const nobody = () => Promise.resolve({});
  const path = () => '/mcp';
  return {
    direct: mcpTarget(server, { path: (era) => servers[era].path, prefixed: false, caller: nobody }),
    raw: mcpTarget(raw, { path, prefixed: true, caller: nobody }),
    sdk: mcpTarget(sdk, { path, prefixed: true, caller: nobody }),
    sallyport: mcpTarget(ours, { path, prefixed: true, caller: () => openSession(ours) }),
  };
}

let users = 0;

async function openSession({ origin, headers }: Measured): Promise<Readonly<Record<string, string>>> {
  const answer = await fetch(`${origin}/v1/sessions`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ user: `user-${users++}`, purpose: 'bench' }),
  });
  const { token } = (await answer.json()) as { token?: string };
  if (token === undefined) throw new Error(`No session was opened: ${answer.status}`);
  return { authorization: `Bearer ${token}` };
}

/** A gateway whose guards are off would be fast: so a forbidden call must not come through. */
async function assertGuarded(to: McpTarget, era: Era): Promise<void> {
  const [caller = {}] = await callers(to, era, 1);
  const params = { name: nameOf(to, era, 'forbidden'), arguments: { order_id: 'A-1' } };
  const { status, text } = await ask(to, era, caller, 'tools/call', params);
  if (status !== 200 || !text.includes('forbidden') || text.includes('tracking')) throw wrongAnswer(to, status, text);
}

async function measured(targets: Targets, name: Name, era: Era, count: number): Promise<Cost> {
  const by = await callers(targets[name], era, Math.ceil(count / callsPerSession));
  return await load(targets[name], era, by, count);
}

async function eraFigures(targets: Targets, era: Era, log: Log): Promise<Figures> {
  const costs: Record<Name, Cost[]> = { direct: [], raw: [], sdk: [], sallyport: [] };
  const messages: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const name of names) costs[name].push(await measured(targets, name, era, calls[name]));
    messages.push(await messageRatio(targets, era));
    const told = names.map((name) => described(name, costs[name].at(-1))).join(', ');
    log(`${era}, round ${round + 1} of ${rounds}: ${told}, progress message ${messages.at(-1)?.toFixed(2)}×`);
  }
  const ratio = (a: Name, b: Name, of: keyof Cost) =>
    median(costs[a].map((cost, round) => cost[of] / (costs[b][round]?.[of] ?? Number.NaN)));
  const year = yearOf(era);
  return {
    [`mcpCpuVsSdk${year}`]: ratio('sallyport', 'sdk', 'cpuMicros'),
    [`mcpCpuVsRaw${year}`]: ratio('sallyport', 'raw', 'cpuMicros'),
    [`mcpCpuVsDirect${year}`]: ratio('sallyport', 'direct', 'cpuMicros'),
    [`mcpRpsVsSdk${year}`]: ratio('sallyport', 'sdk', 'perSecond'),
    [`mcpCpuPerMessageVsRaw${year}`]: median(messages),
    ...Object.fromEntries(
      names.map((name) => [`${name}CpuMicros${year}`, median(costs[name].map((c) => c.cpuMicros))]),
    ),
    ...Object.fromEntries(names.map((name) => [`${name}Rps${year}`, median(costs[name].map((c) => c.perSecond))])),
  };
}

async function messageRatio(targets: Targets, era: Era): Promise<number> {
  const cost = async (name: Name) => {
    const by = await callers(targets[name], era, streams);
    return (await loadStreams(targets[name], era, by, 3)).cpuMicros;
  };
  const floor = await cost('raw');
  return (await cost('sallyport')) / floor;
}

const described = (name: string, cost: Cost | undefined): string =>
  `${name} ${cost?.cpuMicros.toFixed(0)} µs ${cost?.perSecond.toFixed(0)}/s`;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
