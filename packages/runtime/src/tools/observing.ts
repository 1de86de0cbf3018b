import type { FlowStates } from '@sallyport/core';
import type { ToolRegistry } from './registry.ts';

/** Lets the registry see what agents offer and call before anything is judged by what it knows. */
export const observing = (flow: FlowStates, tools: Pick<ToolRegistry, 'observe'>): FlowStates => ({
  learn(event, session) {
    tools.observe(event);
    return flow.learn(event, session);
  },
  trace(call, session) {
    tools.observe(call);
    return flow.trace(call, session);
  },
  settle: (call, session, decision) => flow.settle(call, session, decision),
});
