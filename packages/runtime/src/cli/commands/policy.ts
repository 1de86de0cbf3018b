import type { Command } from 'commander';
import type { AuthorizationRequest, JsonObject, PolicyAction } from '@sallyport/core';
import type { Context, Runner } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import { RuntimeFault, runPolicyCases, zeroCounters } from '@sallyport/core';
import { explanationSchema } from '@sallyport/core/admin';
import { resolve } from 'node:path';
import { z } from 'zod';
import { CommandFailure, exitCodes } from '../exit.ts';
import { openPolicies } from '../policies.ts';
import { readPolicyFolder } from '../../policies/index.ts';
import { paint, safe } from '../output.ts';
import { loadConfig } from '../config.ts';
import { policyTestShape } from '../shapes.ts';

export function addPolicy(program: Command, run: Runner): void {
  const policy = program.command('policy').description('Policies in a folder; no runtime is needed');
  policy
    .command('test [folder]')
    .description('Run the *.test.yaml beside the policies')
    .action(run(z.object({}), runTests));
  policy
    .command('explain')
    .description('Which rule decides, and how every other one stood')
    .option('--role <name...>', 'roles of the agent', [])
    .option('--user <id>', 'whom it acts for', 'anyone')
    .option('--tool <name>', 'a tool call')
    .option('--model <provider/name>', 'a model request')
    .option('--host <name>', 'an egress request')
    .option('--args <json>', 'arguments of the tool call', '{}')
    .option('--folder <folder>', 'the policies; default as for a runtime')
    .action(run(explainOptions, explain));
}

const explainOptions = z.object({
  role: z.array(z.string()),
  user: z.string(),
  tool: z.string().optional(),
  model: z.string().optional(),
  host: z.string().optional(),
  args: z.string(),
  folder: z.string().optional(),
});
type ExplainOptions = z.output<typeof explainOptions>;

const outcomeLooks = { allow: 'green', require_approval: 'yellow', deny: 'red' } as const;
const outcomeCodes: Readonly<Record<keyof typeof outcomeLooks, ExitCode>> = {
  allow: exitCodes.ok,
  require_approval: exitCodes.waiting,
  deny: exitCodes.denied,
};

async function runTests(context: Context, _: object, named?: string) {
  const { output } = context;
  const { path, folder, policies } = await open(context, named);
  const cases = folder.tests.flatMap((source) => runPolicyCases(policies, source, Date.now()));
  if (cases.length === 0) {
    // A run that tests nothing must not look like a run in which everything passed.
    const hint = 'Write cases in a *.test.yaml beside the policies.';
    throw new CommandFailure(exitCodes.usage, `${path} holds no tests.`, hint);
  }
  const failed = cases.filter((one) => !one.ok).length;
  const passed = cases.length - failed;
  output.data(policyTestShape, { ok: failed === 0, passed, failed, cases });
  for (const { ok, name, file, line, problem } of cases) {
    const mark = ok ? paint('green', '✓') : paint('red', '✗');
    output.line(safe`${mark} ${name} ${ok ? '' : paint('dim', `${file}:${line}`)}`);
    if (problem !== undefined) output.line(safe`    ${problem}`);
  }
  output.line(safe`${passed} passed, ${failed === 0 ? 'none' : paint('red', String(failed))} failed`);
  return failed === 0 ? exitCodes.ok : exitCodes.denied;
}

async function explain(context: Context, options: ExplainOptions) {
  const { output } = context;
  const { policies } = await open(context, options.folder);
  const { authorization, rules } = policies.explain(requestOf(options));
  const { outcome, reasons } = authorization;
  const shown = rules
    .filter(({ scope }) => scope)
    .map(({ rule, text, conditions, decided }) => ({
      id: rule.id,
      place: rule.place,
      effect: rule.effect,
      text,
      conditionsHold: conditions === 'met',
      decided,
    }));
  output.data(explanationSchema, { outcome, reasons: [...reasons], rules: shown });
  output.line(safe`${paint(outcomeLooks[outcome], outcome)}`);
  for (const { code, rule, path, value, detail, fix } of reasons) {
    const parts = [rule, path && `${path}${value === undefined ? '' : ` = ${JSON.stringify(value)}`}`, detail];
    output.line(safe`  ${code}: ${parts.filter(Boolean).join('; ')}`);
    if (fix !== undefined) output.line(safe`  ${paint('dim', `→ ${fix}`)}`);
  }
  for (const rule of shown) {
    const held = rule.conditionsHold ? 'conditions hold' : 'conditions do not hold';
    output.line(safe`${rule.decided ? '▸' : ' '} ${rule.effect} ${paint('bold', rule.place)} ${paint('dim', held)}`);
  }
  return outcomeCodes[outcome];
}

function requestOf({ role: roles, user, tool, model, host, args }: ExplainOptions): AuthorizationRequest {
  const asked = [
    { action: 'tool_call', resource: tool },
    { action: 'model_request', resource: model },
    { action: 'egress_request', resource: host },
  ] satisfies { action: PolicyAction; resource: string | undefined }[];
  const [about, ...others] = asked.filter(({ resource }) => resource !== undefined);
  if (about?.resource === undefined || others.length > 0) {
    throw new CommandFailure(exitCodes.usage, 'Name one of --tool, --model and --host.');
  }
  return {
    principal: { id: 'explain', tenant: 'default', roles },
    action: about.action,
    resource: about.resource,
    ...(about.action === 'tool_call' && { arguments: argumentsOf(args) }),
    user: { id: user, roles: [] },
    session: zeroCounters,
    now: Date.now(),
  };
}

const argumentsSchema = z.record(z.string(), z.json());

function argumentsOf(text: string): JsonObject {
  try {
    return argumentsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CommandFailure(exitCodes.usage, '--args: must be a JSON object.', `As in --args '{"to":"a@b.c"}'`, cause);
  }
}

async function open(context: Context, named: string | undefined) {
  const path = named === undefined ? (await loadConfig(context, undefined)).policyDir : resolve(context.cwd, named);
  const folder = await readPolicyFolder(path).catch((cause: unknown) => {
    if (cause instanceof RuntimeFault) throw cause;
    throw new CommandFailure(exitCodes.usage, `${path} cannot be read.`, 'Name the folder of the policies.', cause);
  });
  return { path, folder, policies: openPolicies(folder) };
}
