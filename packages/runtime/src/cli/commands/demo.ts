import type { Cast } from '../cast.ts';
import type { Command } from 'commander';
import type { Context, Runner } from '../context.ts';
import type { EntryView } from '@sallyport/core/admin';
import type { StoryCheck } from '../../../../../examples/support-agent/story.ts';
import { join } from 'node:path';
import { z } from 'zod';
import { Teller } from '../teller.ts';
import { actChat, actTicket } from '../acts.ts';
import { audience } from '../audience.ts';
import { castModel } from '../cast.ts';
import { connect } from '../client.ts';
import { demoShape } from '../shapes.ts';
import { exampleDir, makeTemporaryFolder } from '../places.ts';
import { exitCodes } from '../exit.ts';
import { loadConfig } from '../config.ts';
import { paint, safe } from '../output.ts';
import { portOption } from './dev.ts';
import { start, stop, untilInterrupted } from '../serve.ts';

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
    // An alert is told as the entry that it is about.
    const log = (line: string) => (line.startsWith('{"alert":') ? undefined : output.note(safe`${line}`));
    const runtime = await start(await loadConfig(place, undefined), options.port, log);
    try {
      const signInUrl = await runtime.createSignInUrl();
      introduce(context, signInUrl, cast);
      const watched = interactive && !options.exit && !globals.json;
      if (watched) await audience(context);
      const paceMs = options.pace ?? (interactive ? pacesMs.watched : pacesMs.unwatched);
      const teller = new Teller(context, await connect(runtime.dataDir));
      const stage = { runtime, cast, teller, paceMs };
      const ticket = await actTicket(stage);
      const chat = await actChat(stage);
      const checks = [...ticket.checks, ...chat.checks];
      const ok = ticket.ok && chat.ok;
      conclude(context, checks, ok);
      output.data(demoShape, {
        ok,
        checks,
        decisions: teller.seen.flatMap(decisionOf),
        sent: [...ticket.sent],
        text: ticket.text,
        answers: [...chat.answers],
        url: runtime.url,
        signInUrl,
      });
      if (watched) {
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
  output.line(safe`${paint('bold', 'Sallyport demo: a shop whose agents are attacked')}`);
  output.line(safe`Dashboard  ${paint('cyan', signInUrl)} ${paint('dim', '(signs you in, once)')}`);
  const kind = scripted ? 'a scripted stand-in for a model that falls for every attack; no AI' : '';
  output.line(safe`Model      ${model} ${paint('dim', kind)}`);
}

function decisionOf(entry: EntryView) {
  if (entry.phase !== 'intent' || entry.kind !== 'tool_call') return [];
  const { outcome, reasons } = entry.decision;
  return [{ tool: entry.subject, outcome, reasons: reasons.map(({ code }) => code) }];
}

function conclude({ output }: Context, checks: readonly StoryCheck[], ok: boolean): void {
  output.line(safe``);
  for (const check of checks) {
    output.line(safe`${check.ok ? paint('green', '✓') : paint('red', '✗')} ${check.name}`);
  }
  output.line(
    safe`${ok ? paint('green', 'The attacks came to nothing, and the customer was served.') : paint('red', 'The story went wrong.')}`,
  );
  output.line(safe``);
}
