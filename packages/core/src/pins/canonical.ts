import canonicalize from 'canonicalize';
import type { OfferedTool } from '../pins.ts';

/**
 * What a review is bound to, as RFC 8785 canonical JSON: everything that the upstream says of the tool, also icons, `_meta`
 * and members which no specification knows. What would be left out could be changed unseen, and clients differ in what they
 * show to a model.
 *
 * @returns nothing where there is no canonical form (RFC 7493 section 2.1: halves of surrogate pairs; numbers beyond range)
 */
export function canonicalTool(tool: OfferedTool): string | undefined {
  try {
    return canonicalize(tool);
  } catch {
    return undefined;
  }
}
