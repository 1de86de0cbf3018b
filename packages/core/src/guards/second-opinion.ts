import type { EventOf } from '../events.ts';
import type { Guard } from '../guard.ts';
import type { Opinion } from '../approvals.ts';
import type { SecondModelConfig } from '../config/second-model.ts';
import type { Session } from '../session.ts';
import type { Trace } from '../flow/provenance.ts';
import { allow, requireApproval } from '../decision.ts';
import { defineGuard } from '../guard.ts';
import { isSink, unknownManifest } from '../flow/manifest.ts';

/** What a second model says of a call. It never rejects: what went wrong is `serves: 'failed'`. */
export type GiveOpinion = (call: EventOf<'tool_call'>, session: Session, trace: Trace | undefined) => Promise<Opinion>;

/**
 * The dual-model check of calls that nothing else stops. It turns an allow into a hold and nothing into an allow: the
 * monitor takes the most severe verdict, and this guard knows none that is milder than what was there.
 */
export const secondOpinionGuard = (opinion: GiveOpinion, { holdOn }: Pick<SecondModelConfig, 'holdOn'>): Guard =>
  defineGuard({
    name: 'second-opinion',
    summary: "Asks a second model whether a sink's call serves what the user asked for; holds what it doubts",
    stage: 'judge',
    on: ['tool_call'],
    check(call, { session, trace }) {
      if (!isSink(trace?.manifest ?? unknownManifest)) return allow;
      return opinion(call, session, trace).then(({ serves, model }) => {
        if (serves === 'yes' || !holdOn.some((answer) => answer === serves)) return allow;
        // Its explanation may repeat what an attacker wrote, and this text goes to the agent's model.
        return requireApproval({ code: 'second_opinion', rule: `secondModel ${model}`, detail: doubts[serves] });
      });
    },
  });

const doubts = {
  no: 'it says that this does not serve the request',
  unsure: 'it cannot tell whether this serves the request',
  failed: 'it could not be asked, or gave no answer that can be read',
} as const;
