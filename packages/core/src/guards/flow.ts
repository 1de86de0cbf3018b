import { allow, requireApproval } from '../decision.ts';
import { defineGuard } from '../guard.ts';
import type { Guard } from '../guard.ts';
import type { Finding } from '../flow/provenance.ts';
import type { Reason } from '../decision.ts';

/** Holds a call whose trace has findings. The rules themselves are in `flow/rules`. */
export const flowGuard = (): Guard =>
  defineGuard({
    name: 'flow',
    summary: 'Traces every argument to where its value came from; holds what untrusted text would choose',
    stage: 'judge',
    on: ['tool_call'],
    check: (_, { trace }) => {
      if (!trace) throw new Error('the call was not traced');
      const [first, ...rest] = trace.findings.map(toReason);
      return first ? requireApproval(first, ...rest) : allow;
    },
  });

const toReason = ({ code, path, value, origin, detail, rule }: Finding): Reason => ({
  code,
  rule: `flow:${rule}`,
  ...(path === undefined ? {} : { path }),
  ...(value === undefined ? {} : { value }),
  ...(origin
    ? { source: { message: origin.source, role: origin.role, ...(origin.tool ? { tool: origin.tool } : {}) } }
    : {}),
  detail,
});
