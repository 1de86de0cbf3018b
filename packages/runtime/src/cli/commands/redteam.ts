import type { Command } from 'commander';
import type {
  Config,
  Forces,
  Hole,
  Manifest,
  RedTeamReport,
  ToolDefinition,
  ToolKnown,
  UserRef,
} from '@sallyport/core';
import type { Context, Runner } from '../context.ts';
import {
  armGuards,
  editCell,
  permissionsSchema,
  redTeam,
  rulesOf,
  simulatedUser,
  targetOf,
  techniques,
  unknownManifest,
  zeroCounters,
} from '@sallyport/core';
import { parse } from 'yaml';
import { z } from 'zod';
import { CommandFailure, exitCodes } from '../exit.ts';
import { ConfiguredTools } from '../../tools/configured.ts';
import { connect } from '../client.ts';
import { loadConfig } from '../config.ts';
import { openPolicies } from '../policies.ts';
import { paint, safe } from '../output.ts';
import { readPolicyFolder } from '../../policies/index.ts';
import { readToolsFile } from '../tools-file.ts';
import { redTeamShape } from '../shapes.ts';

export function addRedTeam(program: Command, run: Runner): void {
  program
    .command('redteam')
    .description('Attack your own configuration; nothing runs, nobody is asked')
    .option('--agent <name>', 'the agent, in a running runtime')
    .option('--role <name...>', 'roles of the agent, where no runtime runs', [])
    .option('--tools <file>', 'tool definitions as a model gets them (OpenAI, JSON)')
    .option('--session-request <text>', 'what the user asks for; by default something harmless')
    .action(run(optionsSchema, attack));
}

const optionsSchema = z.object({
  agent: z.string().min(1).optional(),
  role: z.array(z.string().min(1)),
  tools: z.string().min(1).optional(),
  sessionRequest: z.string().min(1).optional(),
});
type Options = z.output<typeof optionsSchema>;

/** What the runtime knows, or the files say. */
interface Known {
  readonly agent: string;
  readonly roles: readonly string[];
  readonly tools: readonly ToolKnown[];
}

async function attack(context: Context, options: Options) {
  const { config, policyDir } = await loadConfig(context, undefined);
  const folder = await readPolicyFolder(policyDir);
  const matrix = folder.permissions?.text ?? '';
  const known = await knownTools(context, options, config);
  if (known.tools.length === 0) {
    // A run that attacks nothing must not look like a run in which everything was stopped.
    throw new CommandFailure(exitCodes.usage, 'No tools are known.', 'Give their definitions with --tools <file>.');
  }
  const forcesWith = (text: string): Forces =>
    forcesOf(
      config,
      known,
      userOf(matrix),
      openPolicies({ ...folder, ...(folder.permissions && { permissions: { ...folder.permissions, text } }) }),
    );
  const tested = testedBy(matrix, known.roles);
  const report = await redTeam({
    forces: forcesWith(matrix),
    targets: known.tools.map((tool) => targetOf({ ...tool, tested: tested(tool.definition.name) })),
    request: options.sessionRequest,
    withCell: (tool, cell) => {
      if (!folder.permissions || known.roles.length === 0) return undefined;
      const edit = (text: string, role: string) => editCell(text, { role, kind: 'tools', name: tool, cell });
      return { roles: known.roles, forces: forcesWith(known.roles.reduce(edit, matrix)) };
    },
  });
  const ok = report.holes.length === 0;
  context.output.data(redTeamShape, { ...plain(report), ok, agent: known.agent });
  print(context, known, report);
  return ok ? exitCodes.ok : exitCodes.denied;
}

const plain = (report: RedTeamReport) =>
  JSON.parse(JSON.stringify(report)) as Omit<z.input<typeof redTeamShape>, 'ok' | 'agent'>;

function forcesOf(
  config: Config,
  { agent, roles, tools }: Known,
  user: UserRef,
  policies: ReturnType<typeof openPolicies>,
): Forces {
  const { guards } = config;
  // What asks or marks for a model decides nothing here: the model is taken as wholly hijacked.
  const judging = {
    ...guards,
    spotlight: { ...guards.spotlight, mode: 'off' },
    canary: { ...guards.canary, mode: 'off' },
    redact: { ...guards.redact, mode: 'off' },
  };
  const { secondModel: _, ...alone } = { ...config, guards: judging as Config['guards'] };
  const byName = new Map(tools.map((tool) => [tool.definition.name, tool]));
  const now = Date.now();
  return {
    guards: armGuards(alone, () => policies, { flow: true }),
    rules: rulesOf(config.flow.profile, config.flow.rules),
    maxBytes: config.flow.maxBytes,
    manifestOf: (tool) => byName.get(tool)?.manifest ?? unknownManifest,
    definitionOf: (tool) => byName.get(tool)?.definition ?? { name: tool },
    session: {
      id: 'simulated',
      tenant: 'default',
      agent: { id: 'simulated', name: agent, roles },
      user,
      purpose: 'redteam',
      openedAt: now,
      expiresAt: now + 3_600_000,
      state: 'open',
      counters: zeroCounters,
    },
  };
}

async function knownTools(context: Context, { agent, role, tools: file }: Options, config: Config): Promise<Known> {
  const definitions = file === undefined ? [] : await readToolsFile(file, context.cwd);
  if (role.length > 0) {
    if (agent !== undefined) throw new CommandFailure(exitCodes.usage, 'Name --agent or --role, not both.');
    if (file === undefined) {
      throw new CommandFailure(exitCodes.usage, '--role needs --tools: no runtime is asked.', 'Or name an --agent.');
    }
    const configured = new ConfiguredTools(config.tools);
    const manifestOf = (name: string): Manifest => configured.exact(name) ?? configured.family(name) ?? unknownManifest;
    const tools = definitions.map((definition) => ({ definition, manifest: manifestOf(definition.name) }));
    return { agent: role.join(', '), roles: role, tools };
  }
  const { dataDir } = await loadConfig(context, undefined);
  return askRuntime(await connect(dataDir), agent, definitions);
}

async function askRuntime(
  admin: Awaited<ReturnType<typeof connect>>,
  agent: string | undefined,
  definitions: readonly ToolDefinition[],
): Promise<Known> {
  const [{ agents }, { tools }] = await Promise.all([admin.call('agents.list', {}), admin.call('tools.list', {})]);
  const names = agents.map(({ name }) => name).join(', ') || 'none';
  const chosen = agent === undefined && agents.length === 1 ? agents[0] : agents.find(({ name }) => name === agent);
  if (!chosen) {
    const message = agent === undefined ? 'Which agent?' : `There is no agent called ${agent}.`;
    throw new CommandFailure(exitCodes.usage, message, `Name one with --agent: ${names}.`);
  }
  const given = new Map(definitions.map((definition) => [definition.name, definition]));
  const seen = tools.map(({ name, manifest, description, seen: traffic }): ToolKnown => {
    const definition = given.get(name) ?? { name, ...(description === undefined ? {} : { description }) };
    return { definition, manifest, seenArguments: traffic?.arguments ?? [] };
  });
  const unseen = definitions.filter(({ name }) => !tools.some((tool) => tool.name === name));
  const more = unseen.map((definition) => ({ definition, manifest: unknownManifest }));
  // A pattern of the configuration is no tool.
  return { agent: chosen.name, roles: chosen.roles, tools: [...seen.filter(isTool), ...more] };
}

const isTool = ({ definition }: ToolKnown): boolean => !definition.name.includes('*');

/** Has every claim that the matrix asks for: where a call fails, it is the attack that failed. */
function userOf(matrix: string): UserRef {
  const read = permissionsSchema.safeParse(parse(matrix, { maxAliasCount: 0 }));
  const cells = Object.values(read.data?.roles ?? {}).flatMap((role) => Object.values(role?.tools ?? {}));
  const tests = cells.flatMap((cell) => (typeof cell === 'string' ? [] : Object.values(cell.when ?? {})));
  const claims = tests.flatMap((test) =>
    typeof test === 'object' && typeof test.user === 'object' ? [[test.user.claim, [simulatedUser]] as const] : [],
  );
  return { id: simulatedUser, roles: [], claims: Object.fromEntries(claims) };
}

/** What the roles' cells demand of a tool's arguments. */
function testedBy(matrix: string, roles: readonly string[]): (tool: string) => NonNullable<ToolKnown['tested']> {
  const read = permissionsSchema.safeParse(parse(matrix, { maxAliasCount: 0 }));
  return (tool) => {
    for (const role of read.success ? roles : []) {
      const cell = read.data?.roles[role]?.tools?.[tool];
      if (typeof cell === 'object' && cell.when) return cell.when;
    }
    return {};
  };
}

function print({ output }: Context, { agent }: Known, { vias, tools, holes }: RedTeamReport): void {
  output.line(
    safe`${paint('bold', agent)}, told by ${vias.length === 0 ? 'nobody: no tool returns what strangers write' : vias.join(', ')}`,
  );
  output.table([
    ['TOOL', 'TRIED', 'RUNS', 'HELD', 'DENIED', 'STOPPED BY'].map((title) => paint('dim', title)),
    ...tools.map(({ tool, attempts, runs, held, denied, by }) => [
      tool,
      String(attempts),
      runs > 0 ? paint('red', String(runs)) : '0',
      String(held),
      String(denied),
      Object.entries(by)
        .toSorted(([, a], [, b]) => b - a)
        .map(([rule, count]) => `${rule} ${count}`)
        .join(', '),
    ]),
  ]);
  for (const hole of holes) printHole(output, hole);
  const closed =
    holes.length === 0 ? paint('green', 'Nothing harmful runs.') : paint('red', `${holes.length} kinds of attack run.`);
  output.line(safe`${closed}`);
}

function printHole(output: Context['output'], { tool, technique, argument, via, arguments: args, fix }: Hole): void {
  const where = argument === undefined ? tool : `${tool} ${argument}`;
  output.line(
    safe`${paint('red', '✗')} ${paint('bold', where)} ${techniques[technique]}; told by ${[...new Set(via)].join(', ')}`,
  );
  output.line(safe`    ${paint('dim', JSON.stringify(args))}`);
  if (!fix) {
    output.line(safe`    No rule of ours was found that stops it: do not let this agent use the tool.`);
    return;
  }
  output.line(safe`    Add to ${fix.file}, which was tried out:`);
  for (const line of fix.text.trimEnd().split('\n')) output.line(safe`      ${line}`);
}
