import type { JudgedTool, OfferedTool, PinFinding } from '@sallyport/core';
import { diffDefinitions } from '@sallyport/core';
import type { PinView } from '@sallyport/core/admin';
import type { AcceptedTool, LockedTool } from './lock-shape.ts';
import type { Offer } from './offers.ts';

/** A definition that was offered, as operators see it. */
export function offerView(
  upstream: string,
  offer: Offer,
  judged: JudgedTool,
  { accepted, rejected }: LockedTool,
): PinView {
  const { tool, state, hash, findings, listedAs } = judged;
  const review =
    accepted && accepted.hash === hash && state === 'pinned' ? accepted : rejected.find((each) => each.hash === hash);
  const differs = accepted && accepted.hash !== hash;
  return {
    upstream,
    tool: tool.name,
    state,
    hash: hash ?? null,
    definition: shownDefinition(tool),
    findings: mutable(state === 'pinned' && accepted ? acceptedFindings(accepted) : findings),
    ...(differs && { differences: diffDefinitions(accepted.definition, tool).map((each) => ({ ...each })) }),
    offeredAt: offer.at,
    ...(review && { reviewed: { by: review.by, at: Date.parse(review.at) } }),
    ...(listedAs !== undefined && { listedAs }),
  };
}

/** A definition that was accepted, and that the upstream has not offered since the start. */
export const acceptedView = (upstream: string, tool: string, accepted: AcceptedTool): PinView => ({
  upstream,
  tool,
  state: 'pinned',
  hash: accepted.hash,
  definition: shownDefinition(accepted.definition),
  findings: mutable(acceptedFindings(accepted)),
  offeredAt: null,
  reviewed: { by: accepted.by, at: Date.parse(accepted.at) },
  ...(accepted.listedAs !== undefined && { listedAs: accepted.listedAs }),
});

// What came in as JSON goes out as JSON; the schema's type only lacks `readonly`.
const shownDefinition = (tool: OfferedTool) => tool as unknown as PinView['definition'];

const acceptedFindings = ({ findings }: AcceptedTool): readonly PinFinding[] =>
  findings.map(({ code, at }) => ({ code, at, detail: 'Found before, and accepted with the definition' }));

const mutable = (findings: readonly PinFinding[]) => findings.map((each) => ({ ...each }));
