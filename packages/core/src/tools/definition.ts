import canonicalize from 'canonicalize';
import type { ToolDefinition } from '../events.ts';

/**
 * What an operator confirms a manifest for, as RFC 8785 canonical JSON: name, description and parameters. Its hash tells
 * whether the tool is still the same.
 *
 * @returns nothing where there is no canonical form (RFC 7493 section 2.1: halves of surrogate pairs); such a definition
 * equals none
 */
export function canonicalDefinition({ name, description, parameters }: ToolDefinition): string | undefined {
  try {
    return canonicalize({ name, description, parameters });
  } catch {
    return undefined;
  }
}
