import { cedarString, editCell } from '@sallyport/core';
import type { CellValue, Reason } from '@sallyport/core';
import type { DraftedRule, Drafting } from './draft-rule.ts';
import { leavesOf, type Leaves } from './draft-leaves.ts';

type Conditional = Exclude<CellValue, string>;

/** What a policy held is lifted by a cell of the matrix, by a permit, or by an exception to the forbid. */
export function draftPolicy(reason: Reason, drafting: Drafting): DraftedRule {
  const leaves = heldLeaves(reason, drafting);
  return (
    draftCell(reason, drafting, leaves) ??
    draftException(reason, drafting, leaves) ??
    draftPermit(reason, drafting, leaves)
  );
}

/** The values to name: the one that a rule did not like; else those that choose who, where or what; else what is short. */
function heldLeaves({ path }: Reason, { detail }: Drafting): Leaves {
  const all = leavesOf(detail.arguments);
  const disliked = all.filter((leaf) => `arguments.${leaf.path}` === path);
  if (disliked.length > 0) return disliked;
  const targets = new Set(detail.provenance.flatMap((each) => (each.role === 'target' ? [each.path] : [])));
  const chosen = all.filter(({ places }) => places.some((place) => targets.has(place)));
  return chosen.length > 0 ? chosen : all;
}

/** The cell that held, by its place. */
function holdingCell({ rule }: Reason, { roles }: Drafting) {
  const [, role = '', name = ''] = /^permissions\.yaml#([^/]+)\/(.+)$/.exec(rule ?? '') ?? [];
  return { role, name, old: roles[role]?.tools[name] };
}

function draftCell(reason: Reason, drafting: Drafting, leaves: Leaves): DraftedRule | undefined {
  const { approval } = drafting;
  const { role, name, old } = holdingCell(reason, drafting);
  const cell = old === undefined || leaves.length === 0 ? undefined : widened(old, leaves);
  if (!cell) return undefined;
  const explanation = `Lets agents with the role ${role} call ${approval.tool} without asking where ${namesOf(leaves)} as in this call; any other call still asks. It takes the place of the cell ${name}${name === approval.tool ? '' : ' for this tool'}.`;
  return {
    file: 'permissions.yaml',
    text: editCell('', { role, kind: 'tools', name: approval.tool, cell }),
    explanation,
  };
}

/** What the cell lets pass, and this call as well; what it asks about, and of how many, stays. Undefined where no cell can say that. */
function widened(old: CellValue, leaves: Leaves): Conditional | undefined {
  const { decision, when, otherwise, approvers } = typeof old === 'string' ? { decision: old } : old;
  const rest = approvers === undefined ? {} : { approvers };
  if (decision === 'ask' && when === undefined) {
    const exact = Object.fromEntries(leaves.map(({ path, values }) => [path, { in: [...values] }]));
    return { decision: 'allow', when: exact, otherwise: 'ask', ...rest };
  }
  if (decision !== 'allow' || otherwise !== 'ask' || when === undefined) return undefined;
  const merged: Record<string, Test> = { ...when };
  for (const { path, values } of leaves) {
    const test = merge(when[path], values);
    if (test === undefined) return undefined;
    merged[path] = test;
  }
  return { decision, when: merged, otherwise, ...rest };
}

type Test = NonNullable<Conditional['when']>[string];

/** A list of values, where the test is one; not of a pattern, a range, or a demand on where the value came from or whose it is. */
function merge(test: Test | undefined, values: Leaves[number]['values']): Test | undefined {
  if (test === undefined || (typeof test === 'string' && /[*\\]/.test(test))) return undefined;
  if (typeof test !== 'object') return { in: [...new Set([test, ...values])] };
  const { from, links, user } = test;
  const onlyValues = 'in' in test && [from, links, user].every((demand) => demand === undefined);
  return onlyValues && 'in' in test ? { in: [...new Set([...test.in, ...values])] } : undefined;
}

/** A forbid wins over every permit, so only the forbid itself can let the call pass. */
function draftException(reason: Reason, drafting: Drafting, leaves: Leaves): DraftedRule | undefined {
  const { approval, detail, session, policies, now } = drafting;
  if (leaves.length === 0) return undefined;
  const { rules } = policies.explain({
    principal: { id: session.agent.id, tenant: session.tenant, roles: session.agent.roles },
    action: 'tool_call',
    resource: approval.tool,
    arguments: detail.arguments,
    user: session.user,
    session: session.counters,
    now,
  });
  const found = rules.find(({ rule }) => rule.place === reason.rule && rule.effect === 'forbid');
  if (!found) return undefined;
  const text = found.text.trimEnd().replace(/;$/, '');
  const condition = [resourceIs(approval.tool), ...conditionsOf(leaves)].join(' &&\n  ');
  return {
    file: found.file,
    text: `${text}\nunless {\n  ${condition}\n};\n`,
    explanation: `Put it in the place of the rule at ${found.rule.place}. It is the same rule, except that ${approval.tool} passes without asking where ${namesOf(leaves)} as in this call.`,
  };
}

function draftPermit(reason: Reason, drafting: Drafting, leaves: Leaves): DraftedRule {
  const { approval, session } = drafting;
  const [role] = session.agent.roles;
  // What one user may see of another's was agreed to for this user: a permit for all would open it to everybody.
  const alone = keepsToUser(reason, drafting);
  const { id } = session.user;
  const conditions = [
    ...(alone ? [`context.user == Sallyport::User::${cedarString(id)}`] : []),
    ...conditionsOf(leaves),
  ];
  const lines = [
    'permit (',
    role === undefined
      ? `  principal == Sallyport::Agent::${cedarString(session.agent.id)},`
      : `  principal in Sallyport::Role::${cedarString(role)},`,
    '  action == Sallyport::Action::"tool_call",',
    `  resource == Sallyport::Tool::${cedarString(approval.tool)}`,
    ')',
    ...(conditions.length === 0 ? [] : ['when {', `  ${conditions.join(' &&\n  ')}`, '}']),
  ];
  const agents = role === undefined ? `the agent ${session.agent.name}` : `agents with the role ${role}`;
  const whom = alone ? `${agents}, for ${id} alone,` : agents;
  const where = leaves.length === 0 ? 'whatever its arguments are' : `where ${namesOf(leaves)} as in this call`;
  return {
    file: 'approved-calls.cedar',
    text: `${lines.join('\n')};\n`,
    explanation: `Lets ${whom} call ${approval.tool} without asking, ${where}. Save it as a file of its own beside permissions.yaml.`,
  };
}

/** Whether the cell demands of some argument that it is the user's own. */
function keepsToUser(reason: Reason, drafting: Drafting): boolean {
  const { old } = holdingCell(reason, drafting);
  const tests = typeof old === 'object' ? Object.values(old.when ?? {}) : [];
  return tests.some((test) => typeof test === 'object' && test.user !== undefined && test.user !== 'anyone');
}

const resourceIs = (tool: string): string => `resource == Sallyport::Tool::${cedarString(tool)}`;

function conditionsOf(leaves: Leaves): string[] {
  return leaves.flatMap(({ path, values }) => {
    const tag = `context.args.getTag(${cedarString(path)})`;
    const texts = values.map((value) => cedarString(String(value)));
    const holds = texts.length === 1 ? `${tag} == ${texts[0]}` : `[${texts.join(', ')}].contains(${tag})`;
    return [`context.args.hasTag(${cedarString(path)})`, holds];
  });
}

const namesOf = (leaves: Leaves): string =>
  `${leaves.map(({ path }) => path).join(', ')} ${leaves.length === 1 ? 'is' : 'are'}`;
