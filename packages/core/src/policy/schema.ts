import type { PolicyAction } from './policy.ts';
import type { SessionCounters } from '../session.ts';
import { zeroCounters } from '../session.ts';

/** Names as they stand in Cedar text; everything of Sallyport's lives in one namespace. */
export const entityTypes = {
  role: 'Sallyport::Role',
  agent: 'Sallyport::Agent',
  user: 'Sallyport::User',
  arguments: 'Sallyport::Arguments',
  numbers: 'Sallyport::Numbers',
  provenance: 'Sallyport::Provenance',
  integrity: 'Sallyport::Integrity',
  calls: 'Sallyport::Calls',
  action: 'Sallyport::Action',
} as const;

/** Only one entity of each exists: the arguments of the call that is judged. */
export const argumentsId = 'call';

export const counterNames = Object.keys(zeroCounters) as readonly (keyof SessionCounters)[];

/** The parts of every context. Times are UTC; `weekday` counts from Monday = 1 to Sunday = 7 (ISO 8601). */
const context = `
    approved: Bool,
    user: User,
    session: Counters,
    now: datetime,
    hour: Long,
    weekday: Long`;

/**
 * The Cedar schema that every policy is validated against, in strict mode.
 *
 * Arguments have any shape, and a strict schema cannot say so: each scalar is a tag of `context.args`, keyed by its
 * dotted path (`order.total`; inside a key `~` is written `~0` and `.` is written `~1`, as in RFC 6901).
 * Numbers that a Cedar decimal can hold are tags of `context.numbers` as well.
 * Where an argument came from is a tag of `context.provenance` by name (`untrusted` … `operator`) and of
 * `context.integrity` by rank (0 … 5), keyed as the argument is: of a list or an object the lowest of all within. Under
 * `<path>#link` stands the lowest of the links, addresses and accounts in the argument's text, `operator` where it has none.
 * `context.user.id` is the user's id as text, and what is known of the user is a tag of `context.user` by the claim's name, always
 * a set: `context.user.getTag("customer").contains(…)`.
 * `called`, `denied` and `held` count this session's earlier calls by tool; no tag is none.
 * Of a model, `name` is what follows the provider's slash: `openai/gpt-5` has provider `openai`, name `gpt-5`.
 */
export const cedarSchema = `namespace Sallyport {
  entity Role;
  entity User in [Role] { id: String } tags Set<String>;
  entity Agent in [Role] { tenant: String };
  entity Tool { name: String };
  entity Model { name: String, provider: String };
  entity Host { name: String };
  entity Language { name: String };
  entity Arguments tags String;
  entity Numbers tags decimal;
  entity Provenance tags String;
  entity Integrity tags Long;
  entity Calls tags Long;
  type Counters = { ${counterNames.map((name) => `${name}: Long`).join(', ')} };
  action tool_call appliesTo {
    principal: [Agent], resource: [Tool],
    context: {${context},
    args: Arguments,
    numbers: Numbers,
    tainted: Bool,
    labels: Set<String>,
    provenance: Provenance,
    integrity: Integrity,
    called: Calls,
    denied: Calls,
    held: Calls,
    read: Set<String> }
  };
  action model_request appliesTo { principal: [Agent], resource: [Model], context: {${context} } };
  action egress_request appliesTo { principal: [Agent], resource: [Host], context: {${context} } };
  action code_execution appliesTo { principal: [Agent], resource: [Language], context: {${context} } };
}
`;

/** `openai/gpt-5` → provider `openai`, name `gpt-5`. A provider's name holds no slash; a model's may. */
function splitModel(id: string): { provider: string; name: string } {
  const slash = id.indexOf('/');
  return slash === -1 ? { provider: '', name: id } : { provider: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** The attributes of a resource, as the schema has them. */
export function resourceAttributes(action: PolicyAction, id: string): Record<string, string> {
  return action === 'model_request' ? splitModel(id) : { name: id };
}
