import type { Command } from 'commander';
import type { Context, Runner } from '../context.ts';
import type { Runtime } from '../../compose.ts';
import { z } from 'zod';
import { connect } from '../client.ts';
import { exitCodes } from '../exit.ts';
import { keyVariable, snippets } from '../snippets.ts';
import { loadConfig } from '../config.ts';
import { paint, safe } from '../output.ts';
import { practice, practiceModel } from '../../providers/scripted/practice.ts';
import { startScriptedModel } from '../../providers/scripted/server.ts';
import { startedShape } from '../shapes.ts';
import { sdkBaseUrl, start, stop, untilInterrupted } from '../serve.ts';

export const portOption = z.coerce
  .number({ error: 'must be a number' })
  .int('must be a whole number')
  .min(0, 'must be 0 to 65535')
  .max(65_535, 'must be 0 to 65535');

export function addDev(program: Command, run: Runner): void {
  program
    .command('dev')
    .description('Start the runtime and its dashboard')
    .option('--port <number>', 'port to listen on (default: 7411, or the next free one)')
    .action(run(z.object({ port: portOption.optional() }), dev));
}

async function dev(context: Context, { port }: { readonly port?: number | undefined }) {
  // Loopback only, and of no use to anyone without a runtime in front of it; whether it is used, the configuration says.
  const scripted = await startScriptedModel({ script: practice, models: [practiceModel] });
  try {
    const loaded = await loadConfig(context, scripted.url);
    const runtime = await start(loaded, port);
    try {
      await welcome(context, runtime);
      await untilInterrupted(context);
    } finally {
      await stop(context, runtime);
    }
  } finally {
    await scripted.close();
  }
  return exitCodes.ok;
}

async function welcome(context: Context, runtime: Runtime): Promise<void> {
  const { output } = context;
  const agentKey = runtime.isFirstStart ? await runtime.createAgentKey({ agent: 'my-agent', roles: ['agent'] }) : null;
  const signInUrl = await runtime.createSignInUrl();
  const admin = await connect(runtime.dataDir);
  const { models } = await admin.call('overview.get', {});
  const baseUrl = sdkBaseUrl(runtime.url);
  output.data(startedShape, { url: runtime.url, baseUrl, signInUrl, agentKey, models, dataDir: runtime.dataDir });

  output.line(safe``);
  output.line(safe`  ${paint('bold', 'Sallyport')} runs at ${paint('cyan', runtime.url)}`);
  output.line(safe``);
  output.line(safe`  Dashboard  ${signInUrl} ${paint('dim', '(signs you in, once)')}`);
  output.line(safe`  Base URL   ${baseUrl}`);
  output.line(safe`  MCP        ${runtime.url}/mcp`);
  if (agentKey === null) {
    output.line(
      safe`  Agent key  ${paint('dim', 'made earlier; for another: sallyport keys create --agent my-agent')}`,
    );
  } else {
    output.line(safe`  Agent key  ${paint('yellow', agentKey)} ${paint('dim', '(shown only now)')}`);
  }
  output.line(safe``);
  const model = models[0] ?? 'provider/model';
  if (models.length === 0) {
    output.line(safe`  No model answers: name a provider under ${paint('yellow', 'providers:')} in sallyport.yaml.`);
    output.line(safe``);
  }
  if (model.endsWith(practiceModel)) {
    output.line(
      safe`  ${paint('yellow', model)} is scripted and no AI. For real models set OPENAI_API_KEY, or write a sallyport.yaml.`,
    );
    output.line(safe``);
  }
  output.line(safe`  ${paint('dim', `export ${keyVariable}=${agentKey ?? '<agent key>'}`)}`);
  for (const { title, lines } of snippets({ baseUrl, model })) {
    output.line(safe`  ${paint('bold', title)}`);
    for (const line of lines) output.line(safe`    ${line}`);
  }
  output.line(safe``);
  output.note(safe`${paint('dim', 'Follow decisions with `sallyport tail`. Ctrl-C stops.')}`);
}
