import { inScope } from '@sallyport/core';
import type { Clock, PolicySet, Session } from '@sallyport/core';

/** Of one session; a listing of more is found out anew. */
const maxNames = 1_000;

export interface PermittedServices {
  readonly clock: Clock;
  readonly policies: () => PolicySet;
}

/** What a session's policies say of tools by their names alone, which is asked with every list and every call. */
interface Answers extends Pick<Session, 'agent' | 'tenant' | 'user'> {
  readonly policies: PolicySet;
  readonly byTool: Map<string, boolean>;
}

/** Whether sessions could use tools with some arguments; a use is decided for itself. */
export class Permitted {
  readonly #services: PermittedServices;
  readonly #known = new WeakMap<Session, Answers>();

  constructor(services: PermittedServices) {
    this.#services = services;
  }

  may(session: Session, tool: string): boolean {
    const { scope } = session;
    if (scope?.tools && !inScope(tool, scope.tools)) return false;
    const { byTool, policies } = this.#answersFor(session);
    const known = byTool.get(tool);
    if (known !== undefined) return known;
    const may = this.#ask(policies, session, tool);
    if (byTool.size < maxNames) byTool.set(tool, may);
    return may;
  }

  /** Of the agent and the user as they are now, by the policies in force. */
  #answersFor(session: Session): Answers {
    const { agent, tenant, user } = session;
    const policies = this.#services.policies();
    const known = this.#known.get(session);
    const isSame =
      known?.policies === policies && known.agent === agent && known.tenant === tenant && known.user === user;
    if (isSame) return known;
    const answers = { policies, agent, tenant, user, byTool: new Map<string, boolean>() };
    this.#known.set(session, answers);
    return answers;
  }

  #ask(policies: PolicySet, { agent, tenant, user, counters }: Session, tool: string): boolean {
    const principal = { id: agent.id, tenant, roles: agent.roles };
    const now = this.#services.clock.now();
    return policies.mayPermit({ principal, action: 'tool_call', resource: tool, user, session: counters, now });
  }
}
