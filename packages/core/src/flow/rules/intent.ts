import type { Finding } from '../provenance.ts';
import type { Judging } from './rule.ts';
import { endorsedTool, endorsementOf } from '../memory.ts';
import { findPart } from '../match.ts';
import { isRecordNamed } from '../naming.ts';
import { isUsers } from './rule.ts';

/**
 * Once strangers' text was read, what the user did not ask for waits, even when every value is trusted: that is how a
 * repository is deleted whose name the user's own listing gave. What deletes or hands over needs its own kind of request,
 * and a target that the user named, never one picked from a listing.
 */
export function intent(judging: Judging): Finding | undefined {
  const { isAsked, isGrave, kinds, tool, manifest, use } = judging;
  if (use === 'read' || manifest.confirms.length > 0) return undefined;
  const kind = [...kinds].join(', ');
  if (!isAsked) {
    return {
      rule: 'intent',
      code: 'unrequested_action',
      detail: `${tool} (${kind}) is no kind of action that the user asked for`,
    };
  }
  if (!isGrave) return undefined;
  const picked = judging.leaves.find((leaf) => leaf.role === 'target' && !isUsersChoice(leaf, judging));
  if (!picked) return undefined;
  return {
    rule: 'intent',
    code: 'untrusted_target',
    path: picked.path,
    value: String(picked.value),
    detail: `${tool} (${kind}) cannot be undone or hands something over, and the user did not name what it hits`,
  };
}

function isUsersChoice(leaf: Judging['leaves'][number], judging: Judging): boolean {
  const { parts } = leaf;
  return (
    parts !== undefined &&
    parts.every(
      (part) =>
        findPart(part, leaf.key, judging.tool, judging.sources).some(
          (field) =>
            isUsers(field) ||
            (field.structural &&
              field.source.cleanQuery &&
              isRecordNamed(field, judging.sources, judging.memory.names)),
        ) ||
        (judging.memory.endorsed.has(endorsedTool(judging.tool)) &&
          judging.memory.endorsed.has(endorsementOf(part, judging.use, 'target', judging.tool))),
    )
  );
}
