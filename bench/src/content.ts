import type { Figures, Log } from './main.ts';
import { RedactPolicy, Redactor, TokenVault, findSensitive, type ModelRequest } from '@sallyport/core';
import { bestMicros, structuredTypes, threadMicros, typesWithSecrets } from './content-measure.ts';
import { contentTurns } from './content-turns.ts';
import { documentOf } from './content-texts.ts';
import { redactRequest } from '../../packages/core/src/redact/requests.ts';
import { redactSchema } from '../../packages/core/src/config/content/redact.ts';
import { scanInjection } from '../../packages/core/src/injection/scan.ts';
import { worstHostile } from './content-hostile.ts';

/*
 * What looking at content costs: the thread's own time on documents made here (see content-texts.ts). The figures of
 * `npm run eval` are of other texts, and so differ.
 */

const documents = Array.from({ length: 16 }, (_, seed) => documentOf(65_536, seed + 1));
const megabytes = documents.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 1_000_000;

/**
 * - `structuredMbPerSecond`: finding all types with a format or checksum. At least 5.
 * - `secretsMbPerSecond`: the same, and all secret rules. At least 2. `allTypesMbPerSecond`: names and addresses as well.
 * - `injectionPatternsUsPerKb`, `injectionUsPerKb`: the scan of 1,024 characters, without and with the score of the model.
 * - `redactMbPerSecond`: replacing in a model request that was not seen before. `redactAgainMbPerSecond`: in one that was.
 * - `worstHostileMs`: the most expensive of all hostile inputs of 100 kB to any engine; 200 kB to the injection scan. At
 *   most 200. Below it the worst of each engine.
 * - `lastTurnVsTenth`: what the content guards cost in turns 191 to 200 of a conversation, over turns 6 to 15. At most 1.5.
 *   `jsonTenthTurnUs`, `jsonLastTurnUs`: what reading and writing the same requests as JSON costs, for comparison.
 */
export async function content(log: Log): Promise<Figures> {
  const speeds = findingSpeeds(log);
  const injection = injectionCost(log);
  const redaction = redactionSpeeds(log);
  log('Hostile inputs …');
  const worst = worstHostile(log);
  const perEngine = Object.entries(worst).map(([name, { micros }]) => [`${name}WorstMs`, micros / 1_000] as const);
  const worstHostileMs = Math.max(...perEngine.map(([, ms]) => ms));
  log(`Hostile inputs: at worst ${worstHostileMs.toFixed(0)} ms, limit 200`);
  const { tenthUs, lastUs, jsonTenthUs, jsonLastUs, lastUsByGuard } = await contentTurns();
  const lastTurnVsTenth = lastUs / tenthUs;
  log(
    `Turns: ${tenthUs.toFixed(0)} µs the tenth, ${lastUs.toFixed(0)} µs the last: ${lastTurnVsTenth.toFixed(2)}, limit 1.5`,
  );
  const shares = Object.entries(lastUsByGuard).map(([guard, micros]) => `${guard} ${micros.toFixed(0)}`);
  log(`  of the last, in µs: ${shares.join(', ')}; its request read and written as JSON ${jsonLastUs.toFixed(0)}`);
  return {
    ...speeds,
    ...injection,
    ...redaction,
    worstHostileMs,
    ...Object.fromEntries(perEngine),
    lastTurnVsTenth,
    tenthTurnUs: tenthUs,
    lastTurnUs: lastUs,
    jsonTenthTurnUs: jsonTenthUs,
    jsonLastTurnUs: jsonLastUs,
  };
}

function findingSpeeds(log: Log) {
  const speed = (types?: ReadonlySet<string>): number => {
    const micros = bestMicros(4, () => {
      for (const text of documents) findSensitive(text, types ? { types } : {});
    });
    return (megabytes * 1e6) / micros;
  };
  const structuredMbPerSecond = speed(structuredTypes);
  log(`Structured types: ${structuredMbPerSecond.toFixed(1)} MB/s, limit 5`);
  const secretsMbPerSecond = speed(typesWithSecrets);
  log(`With secrets: ${secretsMbPerSecond.toFixed(1)} MB/s, limit 2`);
  const allTypesMbPerSecond = speed();
  log(`All types: ${allTypesMbPerSecond.toFixed(1)} MB/s`);
  return { structuredMbPerSecond, secretsMbPerSecond, allTypesMbPerSecond };
}

/** Of texts as long as messages and results are. */
function injectionCost(log: Log) {
  const texts = documents.slice(0, 4).flatMap((text) => text.match(/[^]{1,2000}/g) ?? []);
  const kilobytes = texts.reduce((sum, { length }) => sum + length, 0) / 1024;
  const cost = (model: boolean): number =>
    bestMicros(3, () => {
      for (const text of texts) scanInjection(text, { model });
    }) / kilobytes;
  const injectionPatternsUsPerKb = cost(false);
  const injectionUsPerKb = cost(true);
  log(
    `Injection: ${injectionPatternsUsPerKb.toFixed(0)} µs/kB by patterns, ${injectionUsPerKb.toFixed(0)} with the score`,
  );
  return { injectionPatternsUsPerKb, injectionUsPerKb };
}

function redactionSpeeds(log: Log) {
  const texts = documents.slice(0, 4);
  // Fresh strings each time, as a surface reads them from the wire.
  const requests = Array.from({ length: 40 }, () => requestOf(texts));
  const bytes = requests[0]?.wire.bytes.length ?? 0;
  const replace = (request: ModelRequest, redactor: Redactor, vault: TokenVault) => {
    const { replaced, event } = redactRequest(request, redactor, vault);
    if (replaced.length === 0 || event === request) throw new Error('nothing was replaced');
  };
  const fresh = () => new Redactor({ policy: new RedactPolicy(redactSchema.parse({})), hash: () => '0' });
  const first = requestOf(texts);
  const redactMbPerSecond = bytes / bestMicros(4, () => replace(first, fresh(), new TokenVault()));
  const [known, vault] = [fresh(), new TokenVault()];
  replace(first, known, vault);
  const again = threadMicros(() => {
    for (const request of requests) replace(request, known, vault);
  });
  const redactAgainMbPerSecond = (bytes * requests.length) / again;
  log(
    `Redaction: ${redactMbPerSecond.toFixed(1)} MB/s (${vault.size} tokens), again ${redactAgainMbPerSecond.toFixed(0)} MB/s`,
  );
  return { redactMbPerSecond, redactAgainMbPerSecond };
}

function requestOf(texts: readonly string[]): ModelRequest {
  const pieces = texts.flatMap((text) => text.match(/[^]{1,4000}/g) ?? []);
  const messages = pieces.map((text) => ({ role: 'user', text }) as const);
  const wire = JSON.stringify({
    model: 'bench-1',
    messages: messages.map(({ role, text }) => ({ role, content: text })),
  });
  const read = JSON.parse(wire) as { messages: { role: 'user'; content: string }[] };
  return {
    kind: 'model_request',
    id: '1',
    at: 0,
    model: { provider: 'bench', name: 'bench-1' },
    messages: read.messages.map(({ role, content: text }) => ({ role, text })),
    tools: [],
    settings: {},
    stream: false,
    wire: { format: 'openai.chat', bytes: new TextEncoder().encode(wire) },
  };
}
