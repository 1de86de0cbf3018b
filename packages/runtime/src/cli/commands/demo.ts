import type { Command } from 'commander';
import type { AdminClient } from '../client.ts';
import type { Cast } from '../cast.ts';
import type { Context, Runner } from '../context.ts';
import type { EntryView } from '@sallyport/core/admin';
import type { StoryEnd } from '../../../../../examples/support-agent/story.ts';
import { join } from 'node:path';
import { z } from 'zod';
import { audience } from '../audience.ts';
import { castModel } from '../cast.ts';
import { connect } from '../client.ts';
import { demoShape } from '../shapes.ts';
import { exampleDir, makeTemporaryFolder } from '../places.ts';
import { CommandFailure, exitCodes } from '../exit.ts';
import { loadConfig } from '../config.ts';
import { paint, safe } from '../output.ts';
import { portOption } from './dev.ts';
import { printEntry } from '../entries.ts';
import { sdkBaseUrl, start, stop, untilInterrupted } from '../serve.ts';

export function addDemo(program: Command, run: Runner): void {
  program
    .command('demo')
    .description('Watch an agent being attacked through a support ticket, and what Sallyport does about it')
    .option('--port <number>', 'port to listen on (default: 7411, or the next free one)')
    .option('--pace <ms>', 'pause between two steps')
    .option('--exit', 'end with the story instead of going on serving')
    .action(run(demoOptions, demo));
}

const demoOptions = z.object({
  port: portOption.optional(),
  pace: z.coerce.number({ error: 'must be a number of milliseconds' }).min(0).max(60_000).optional(),
  exit: z.boolean().default(false),
});
type DemoOptions = z.output<typeof demoOptions>;

const pacesMs = { watched: 700, unwatched: 0 };

async function demo(context: Context, options: DemoOptions) {
  if (context.globals.data !== undefined) return perform(context, options);
  const fresh = await makeTemporaryFolder('sallyport-demo-');
  try {
    return await perform({ ...context, globals: { ...context.globals, data: fresh.path } }, options);
  } finally {
    await fresh.remove();
  }
}

async function perform(context: Context, options: DemoOptions) {
  const { output, env, globals, interactive } = context;
  const cast = await castModel(env);
  try {
    const config = globals.config ?? join(exampleDir, cast.configName);
    const place = { ...context, env: { ...env, ...cast.env }, globals: { ...globals, config } };
    const runtime = await start(await loadConfig(place, undefined), options.port);
    try {
      const signInUrl = await runtime.createSignInUrl();
      const agentKey = await runtime.createAgentKey({ agent: 'support-agent', roles: ['support'], namesUsers: true });
      const baseUrl = sdkBaseUrl(runtime.url);
      const admin = await connect(runtime.dataDir);
      introduce(context, signInUrl, cast);
      if (interactive && !options.exit && !globals.json) await audience(context);
      const paceMs = options.pace ?? (interactive ? pacesMs.watched : pacesMs.unwatched);
      const end = await tell(context, admin, { baseUrl, agentKey, model: cast.model, paceMs });
      conclude(context, end.story);
      const { ok, checks, sent, text } = end.story;
      const { decisions } = end;
      output.data(demoShape, {
        ok,
        checks: [...checks],
        decisions,
        sent: [...sent],
        text,
        url: runtime.url,
        signInUrl,
      });
      if (interactive && !options.exit && !globals.json) {
        output.note(
          safe`Look around in the dashboard: ${paint('cyan', signInUrl)} ${paint('dim', '(Ctrl-C ends the demo)')}`,
        );
        await untilInterrupted(context);
      }
      return ok ? exitCodes.ok : exitCodes.denied;
    } finally {
      await stop(context, runtime);
    }
  } finally {
    await cast.close();
  }
}

function introduce({ output }: Context, signInUrl: string, { model, scripted }: Cast): void {
  output.line(safe`${paint('bold', 'Sallyport demo: a support agent and a ticket that gives orders')}`);
  output.line(safe`Dashboard  ${paint('cyan', signInUrl)} ${paint('dim', '(signs you in, once)')}`);
  const kind = scripted ? 'a scripted stand-in for a model that falls for the attack; no AI' : '';
  output.line(safe`Model      ${model} ${paint('dim', kind)}`);
  output.line(safe``);
}

interface Cue {
  readonly baseUrl: string;
  readonly agentKey: string;
  readonly model: string;
  readonly paceMs: number;
}

/** Plays the story, and prints between the agent's steps what the checkpoint recorded of them. */
async function tell({ output, interrupted }: Context, admin: AdminClient, cue: Cue) {
  const { assignment, openSession, playStory } = await import('../../../../../examples/support-agent/story.ts');
  const { agentKey, ...agent } = cue;
  const apiKey = await openSession({ ...assignment, baseUrl: cue.baseUrl, agentKey });
  const seen: EntryView[] = [];
  const catchUp = async () => {
    const after = seen.at(-1)?.seq ?? 0;
    const { entries } = await admin.call('entries.list', { query: { after, limit: 500 } });
    seen.push(...entries);
    for (const entry of entries) if (isTelling(entry)) printEntry(output, entry);
  };
  const story = await playStory({
    ...agent,
    apiKey,
    async onStep(step) {
      if (interrupted.aborted) throw new CommandFailure(exitCodes.interrupted, 'The demo was interrupted.');
      await catchUp();
      if (step.kind === 'text') output.line(safe`${paint('dim', '  the model says')}  ${step.text}`);
      else
        output.line(safe`${paint('dim', '  the agent ran ')}  ${step.tool} ${paint('dim', step.result.slice(0, 500))}`);
    },
  });
  await catchUp();
  return { story, decisions: seen.flatMap(decisionOf) };
}

/** Of what is recorded, the part that the story is about: calls that were decided, and anything denied or held. */
const isTelling = (entry: EntryView): boolean =>
  entry.phase === 'intent' &&
  (entry.kind === 'tool_call' || entry.decision.outcome === 'deny' || entry.decision.outcome === 'require_approval');

function decisionOf(entry: EntryView) {
  if (entry.phase !== 'intent' || entry.kind !== 'tool_call') return [];
  const { outcome, reasons } = entry.decision;
  return [{ tool: entry.subject, outcome, reasons: reasons.map(({ code }) => code) }];
}

function conclude({ output }: Context, { checks, ok }: StoryEnd): void {
  output.line(safe``);
  for (const check of checks) {
    output.line(safe`${check.ok ? paint('green', '✓') : paint('red', '✗')} ${check.name}`);
  }
  output.line(
    safe`${ok ? paint('green', 'The attack came to nothing, and the customer was served.') : paint('red', 'The story went wrong.')}`,
  );
  output.line(safe``);
}
