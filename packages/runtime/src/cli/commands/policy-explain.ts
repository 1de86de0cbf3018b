import type {
  ArgumentProvenance,
  AuthorizationRequest,
  Explanation,
  JsonObject,
  PolicyAction,
  UserRef,
} from '@sallyport/core';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import type { ExplainOptions } from './policy.ts';
import {
  claimName,
  flowOfGiven,
  givenFlowSchema,
  integrities,
  unreplayable,
  zeroCounters,
  type Integrity,
} from '@sallyport/core';
import { z } from 'zod';
import { CommandFailure, exitCodes } from '../exit.ts';
import { connect } from '../client.ts';
import { findDataDir } from '../config.ts';
import { openFolder } from './policy-folder.ts';
import { paint, safe, type Output } from '../output.ts';
import { policyExplainShape } from './policy-shapes.ts';
import { stepOf } from './policy-recorded.ts';

export const outcomeLooks = { allow: 'green', transform: 'green', require_approval: 'yellow', deny: 'red' } as const;
const outcomeCodes: Readonly<Record<Explanation['authorization']['outcome'], ExitCode>> = {
  allow: exitCodes.ok,
  require_approval: exitCodes.waiting,
  deny: exitCodes.denied,
};

/** Which rule decides a case, or a recorded event, and how every other rule stood. */
export async function explainPolicies(context: Context, options: ExplainOptions) {
  const { output } = context;
  const { policies } = await openFolder(context, options.folder);
  const request = options.event === undefined ? requestOf(options) : await recordedRequest(context, options);
  const { authorization, rules } = policies.explain(request);
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
  const provenance = request.flow?.provenance ?? [];
  output.data(policyExplainShape, {
    outcome,
    reasons: [...reasons],
    rules: shown,
    provenance: provenance.map((of) => ({ ...of, labels: [...of.labels], origins: [...of.origins] })),
  });
  printProvenance(output, provenance);
  output.line(safe`${paint(outcomeLooks[outcome], outcome)}`);
  for (const { code, rule, path, value, detail, approvers, fix } of reasons) {
    const people = approvers === undefined ? undefined : `${approvers} people must approve`;
    const parts = [rule, path && `${path}${value === undefined ? '' : ` = ${JSON.stringify(value)}`}`, detail, people];
    output.line(safe`  ${code}: ${parts.filter(Boolean).join('; ')}`);
    if (fix !== undefined) output.line(safe`  ${paint('dim', `→ ${fix}`)}`);
  }
  for (const rule of shown) {
    const held = rule.conditionsHold ? 'conditions hold' : 'conditions do not hold';
    output.line(safe`${rule.decided ? '▸' : ' '} ${rule.effect} ${paint('bold', rule.place)} ${paint('dim', held)}`);
  }
  return outcomeCodes[outcome];
}

const integrityLooks = {
  untrusted: 'red',
  derived: 'red',
  named: 'yellow',
  trusted: 'green',
  user: 'green',
  operator: 'green',
} as const;

function printProvenance(output: Output, provenance: readonly ArgumentProvenance[]): void {
  if (provenance.length === 0) return;
  output.line(safe`Where the values came from:`);
  for (const { path, value, role, integrity, labels, origins, rule } of provenance) {
    const place = role === 'link' ? `${path} (a link in it)` : path;
    const carries = labels.length === 0 ? '' : ` carries ${labels.join(', ')}`;
    output.line(safe`  ${place} = ${JSON.stringify(value)}  ${paint(integrityLooks[integrity], integrity)}${carries}`);
    const seen = origins.map(originText);
    const vouched = rule === undefined ? [] : [`weighed by the rule ${rule}`];
    const text = [...(seen.length === 0 ? ['no source recorded'] : seen), ...vouched].join('; ');
    output.line(safe`    ${paint('dim', text)}`);
  }
}

function originText({ role, tool, field, integrity }: ArgumentProvenance['origins'][number]): string {
  if (role === 'user') return 'a message of the user';
  if (role === 'system') return 'the system prompt';
  return `the result of ${tool ?? 'a tool'}${field === undefined ? '' : `, field ${field}`} (${integrity})`;
}

async function recordedRequest(
  context: Context,
  { event = '', ...others }: ExplainOptions,
): Promise<AuthorizationRequest> {
  const { tool, model, host, args, role, from, user, claim } = others;
  if (
    [tool, model, host, args, user].some((given) => given !== undefined) ||
    role.length + from.length + claim.length > 0
  ) {
    const hint = 'Leave out --tool, --model, --host, --args, --role, --user, --claim and --from.';
    throw new CommandFailure(exitCodes.usage, 'A recorded event brings its own question.', hint);
  }
  const { asked, entry } = await stepOf(await connect(await findDataDir(context)), event);
  if ('request' in asked) return asked.request;
  throw new CommandFailure(exitCodes.usage, `${entry.subject} cannot be judged again: ${unreplayable[asked.why]}.`);
}

function requestOf({
  role: roles,
  user = 'anyone',
  claim,
  tool,
  model,
  host,
  args,
  from,
}: ExplainOptions): AuthorizationRequest {
  const asked = [
    { action: 'tool_call', resource: tool },
    { action: 'model_request', resource: model },
    { action: 'egress_request', resource: host },
  ] satisfies { action: PolicyAction; resource: string | undefined }[];
  const [about, ...others] = asked.filter(({ resource }) => resource !== undefined);
  if (about?.resource === undefined || others.length > 0) {
    throw new CommandFailure(exitCodes.usage, 'Name one of --tool, --model, --host and --event.');
  }
  const values = about.action === 'tool_call' ? argumentsOf(args ?? '{}') : undefined;
  const flow = values === undefined ? undefined : flowOf(values, from);
  if (flow === undefined && from.length > 0)
    throw new CommandFailure(exitCodes.usage, '--from is about arguments: name a --tool.');
  return {
    principal: { id: 'explain', tenant: 'default', roles },
    action: about.action,
    resource: about.resource,
    ...(values !== undefined && { arguments: values, flow }),
    user: { id: user, roles: [], claims: claimsOf(claim) },
    session: zeroCounters,
    now: Date.now(),
  };
}

/** A claim that is named more than once has all these values. */
function claimsOf(given: readonly string[]): NonNullable<UserRef['claims']> {
  const claims = new Map<string, string[]>();
  for (const text of given) {
    const at = text.indexOf('=');
    const name = claimName.safeParse(text.slice(0, at));
    if (at < 1 || !name.success) {
      throw new CommandFailure(exitCodes.usage, `--claim: ${text} is no claim.`, 'As in --claim customer=c-1');
    }
    claims.set(name.data, [...(claims.get(name.data) ?? []), text.slice(at + 1)]);
  }
  return Object.fromEntries(claims);
}

/** A session that has done nothing yet, with the origins that were named. */
function flowOf(values: JsonObject, from: readonly string[]) {
  const pairs = from.map((text): [string, Integrity] => {
    const at = text.lastIndexOf('=');
    const integrity = integrities.find((one) => one === text.slice(at + 1));
    if (at > 0 && integrity !== undefined) return [text.slice(0, at), integrity];
    const hint = `As in --from to=user; known are ${integrities.join(', ')}.`;
    throw new CommandFailure(exitCodes.usage, `--from: ${text} names no origin of an argument.`, hint);
  });
  // A value that others wrote can only be known to a session that read it.
  const tainted = pairs.some(([, integrity]) => integrity === 'untrusted' || integrity === 'named');
  const { flow, strangers } = flowOfGiven(
    values,
    givenFlowSchema.parse({ tainted, provenance: Object.fromEntries(pairs) }),
  );
  if (strangers.length === 0) return flow;
  throw new CommandFailure(
    exitCodes.usage,
    `--from: ${strangers.join(', ')} names no argument.`,
    'Give the arguments with --args.',
  );
}

const argumentsSchema = z.record(z.string(), z.json());

function argumentsOf(text: string): JsonObject {
  try {
    return argumentsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CommandFailure(exitCodes.usage, '--args: must be a JSON object.', `As in --args '{"to":"a@b.c"}'`, cause);
  }
}
