import type { AuthorizationRequest, PolicySet } from '../policy/policy.ts';
import type { EventOf } from '../events.ts';
import type { Guard, GuardContext } from '../guard.ts';
import type { Reason, Verdict } from '../decision.ts';
import type { Session } from '../session.ts';
import { allow, deny } from '../decision.ts';
import { defineGuard } from '../guard.ts';
import { hostOf } from '../policy/resource.ts';
import { locate } from '../flow/locate.ts';

type PermissionEvent = EventOf<'model_request' | 'tool_call' | 'egress_request' | 'code_execution'>;

/**
 * Asks the policies in force. Synchronous.
 *
 * @param policies read for every event, because policies are reloaded while running
 */
export const permissionsGuard = (policies: () => PolicySet): Guard =>
  defineGuard({
    name: 'permissions',
    summary: 'Allows what the policies permit for the agent, the resource and the argument values; default deny.',
    stage: 'judge',
    on: ['model_request', 'tool_call', 'egress_request', 'code_execution'],
    check: (event, context) => judge(event, context, policies()),
  });

function judge(event: PermissionEvent, { session, now, trace }: GuardContext, policies: PolicySet): Verdict {
  const resource = resourceOf(event);
  if (resource === undefined) {
    return deny({ code: 'no_permission', path: 'url', detail: 'the address is no http(s) or ws(s) URL with a host' });
  }
  const request: AuthorizationRequest = {
    principal: principalOf(session),
    action: event.kind,
    resource,
    ...(event.kind === 'tool_call' ? { arguments: event.arguments, flow: trace } : {}),
    user: session.user,
    session: session.counters,
    now,
  };
  const { outcome, reasons } = policies.authorize(request);
  if (outcome === 'allow') return allow;
  const [first = { code: 'no_permission' as const }, ...rest] = reasons;
  return { outcome, reasons: [first, ...rest].map((reason) => withSource(reason, event)) };
}

const principals = new WeakMap<Session['agent'], AuthorizationRequest['principal']>();

/** The same object for the same agent: what policies make of it is then made once. */
function principalOf({ agent, tenant }: Session): AuthorizationRequest['principal'] {
  const known = principals.get(agent);
  if (known?.tenant === tenant) return known;
  const made = { id: agent.id, tenant, roles: agent.roles };
  principals.set(agent, made);
  return made;
}

/** Names where the model had read the value that failed. */
function withSource(reason: Reason, event: PermissionEvent): Reason {
  if (event.kind !== 'tool_call' || reason.value === undefined) return reason;
  const source = locate(reason.value, event.messages);
  return source === undefined ? reason : { ...reason, source };
}

function resourceOf(event: PermissionEvent): string | undefined {
  switch (event.kind) {
    case 'model_request':
      return `${event.model.provider}/${event.model.name}`;
    case 'tool_call':
      return event.tool;
    case 'egress_request':
      return hostOf(event.url);
    case 'code_execution':
      return event.language;
  }
}
