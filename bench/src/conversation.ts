import type { Figures, Log } from './main.ts';
import type { Launch, Measured } from './gateway-process.ts';
import type { Target } from './gateway-load.ts';
import type { WireMessage } from './conversation-traffic.ts';
import { conversationTool, early, late, messagesOf, opening, toolDefinition, turns } from './conversation-traffic.ts';
import { decision100kb, earlyTurn, lateTurn, monitorTurns } from './conversation-monitor.ts';
import { launch } from './gateway-process.ts';
import { plainModel } from './gateway-traffic.ts';
import { target } from './gateway-load.ts';

/*
 * What a long conversation costs. Its agent sends the whole history with every turn, so some of the growth is in the bytes:
 * a pass-through that looks at nothing shows how much. What the monitor itself adds should not grow: text that was read
 * before is not read again.
 */

/** Side by side, so that ten turns last longer than the 10 ms steps of the CPU clock. */
const conversations = 24;
const rounds = 2;

/**
 * - `decisionUs100kb`: CPU of one decision on a tool call, in microseconds, in a session that has read 100 kB.
 * - `monitorLastTurnVsTenth`: CPU of turns 191 to 200 over that of turns 6 to 15, the monitor alone. Target ≤ 1.5.
 * - `lastTurnVsTenth`, `rawLastTurnVsTenth`: the same of the whole of Sallyport, and of a raw pass-through, over HTTP.
 * - `addedLastTurnVsTenth`: the same of what Sallyport costs more than the pass-through.
 */
export async function conversation(log: Log): Promise<Figures> {
  const decisionUs100kb = await decision100kb();
  log(`One decision after 100 kB: ${decisionUs100kb.toFixed(0)} µs`);
  const monitor = await monitorTurns();
  const monitorFigures = { monitorTenthUs: earlyTurn(monitor), monitorLastUs: lateTurn(monitor) };
  const monitorLastTurnVsTenth = monitorFigures.monitorLastUs / monitorFigures.monitorTenthUs;
  log(`Monitor alone: ${monitorLastTurnVsTenth.toFixed(2)}, target ≤ 1.5`);
  return { decisionUs100kb, monitorLastTurnVsTenth, ...monitorFigures, ...(await overHttp(log)) };
}

async function overHttp(log: Log): Promise<Figures> {
  const running: Measured[] = [];
  const begin = async (options: Launch): Promise<Measured> => {
    const started = await launch(options);
    running.push(started);
    return started;
  };
  try {
    const upstream = await begin({ name: 'upstream', script: './gateway-upstream.ts' });
    const env = { UPSTREAM_ORIGIN: upstream.origin };
    const raw = target(await begin({ name: 'raw', script: './gateway-raw.ts', env }));
    const ours = target(await begin({ name: 'Sallyport', script: './conversation-sallyport.ts', env }), 'bench/');
    log('Warming up …');
    for (const to of [raw, ours]) await converse(to, 'warm-up');
    const costs: { readonly raw: Cost; readonly ours: Cost }[] = [];
    for (let round = 1; round <= rounds; round++) {
      const cost = { raw: await converse(raw, `${round}`), ours: await converse(ours, `${round}`) };
      costs.push(cost);
      log(`Round ${round} of ${rounds}, tenth and last turn: raw ${shown(cost.raw)}, Sallyport ${shown(cost.ours)}`);
    }
    return figuresOf(costs);
  } finally {
    await Promise.all(running.map((each) => each.stop()));
  }
}

/** Microseconds of the gateway's CPU for one request. */
interface Cost {
  readonly tenth: number;
  readonly last: number;
}
const shown = ({ tenth, last }: Cost): string => `${tenth.toFixed(0)} and ${last.toFixed(0)} µs`;

/** Sums over the rounds: the clock's steps would show in each of them. */
function figuresOf(costs: readonly { readonly raw: Cost; readonly ours: Cost }[]): Figures {
  const mean = (of: (cost: { readonly raw: Cost; readonly ours: Cost }) => number) =>
    costs.reduce((sum, cost) => sum + of(cost), 0) / costs.length;
  const raw = { tenth: mean((cost) => cost.raw.tenth), last: mean((cost) => cost.raw.last) };
  const ours = { tenth: mean((cost) => cost.ours.tenth), last: mean((cost) => cost.ours.last) };
  return {
    lastTurnVsTenth: ours.last / ours.tenth,
    rawLastTurnVsTenth: raw.last / raw.tenth,
    addedLastTurnVsTenth: (ours.last - raw.last) / (ours.tenth - raw.tenth),
    rawTenthUs: raw.tenth,
    rawLastUs: raw.last,
    sallyportTenthUs: ours.tenth,
    sallyportLastUs: ours.last,
  };
}

/** All conversations turn by turn, each with a user of its own. */
async function converse(to: Target, round: string): Promise<Cost> {
  const histories = Array.from({ length: conversations }, (): WireMessage[] => [...opening]);
  const marks = new Map<number, number>();
  for (let turn = 1; turn <= turns; turn++) {
    if (turn === early.from || turn === late.from) marks.set(turn, to.gateway.cpuSeconds());
    await Promise.all(
      histories.map((history, index) => {
        history.push(...messagesOf(turn, index));
        return ask(to, history, `user-${round}-${index}`);
      }),
    );
    if (turn === early.to || turn === late.to) marks.set(turn, to.gateway.cpuSeconds());
  }
  const perRequest = ({ from, to: until }: { readonly from: number; readonly to: number }) =>
    (((marks.get(until) ?? Number.NaN) - (marks.get(from) ?? Number.NaN)) * 1e6) / ((until - from + 1) * conversations);
  return { tenth: perRequest(early), last: perRequest(late) };
}

async function ask({ gateway, pool, modelPrefix }: Target, messages: readonly WireMessage[], user: string) {
  const tools = [{ type: 'function', function: toolDefinition }];
  const { statusCode, body } = await pool.request({
    path: '/v1/chat/completions',
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-sallyport-user': user, ...gateway.headers },
    body: JSON.stringify({ model: modelPrefix + plainModel, messages, tools, temperature: 0.2 }),
  });
  const text = await body.text();
  if (statusCode === 200 && text.includes(`"${conversationTool}"`)) return;
  throw new Error(`${gateway.name} answered ${statusCode}, not what the upstream said: ${text.slice(0, 400)}`);
}
