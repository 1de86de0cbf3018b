import type { JsonObject } from './events.ts';

/**
 * What a review has to say of a tool that an upstream offers. Only `pinned` is listed and may be called:
 * - `new`: nobody has reviewed it
 * - `changed`: it is not what was reviewed
 * - `suspicious`: something was found in it, and nobody has accepted that
 * - `rejected`: a person refused exactly this definition
 */
export const pinStates = ['pinned', 'new', 'changed', 'suspicious', 'rejected'] as const;
export type PinState = (typeof pinStates)[number];

/** The closed table of what scans find in a definition. */
export const pinFindings = {
  instructions: 'Text that addresses the model: instructions in a description, a schema, a default or an enum',
  invisible: 'Characters that show nothing or turn the direction of text',
  shadows: 'It speaks of a tool of another upstream, or has its name',
  lookalike: 'Its name looks like that of another tool',
  exfiltration: 'It asks for data that its work does not need, such as the conversation, files or keys',
  oversized: 'It is far longer than a description needs to be',
} as const;
export type PinFindingCode = keyof typeof pinFindings;

export interface PinFinding {
  readonly code: PinFindingCode;
  /** JSON pointer (RFC 6901) into the definition. */
  readonly at: string;
  /** For people, safe to show; never the text itself beyond a short visible excerpt. */
  readonly detail: string;
}

/** A tool as an upstream offers it: a `Tool` of MCP, everything in it untrusted. */
export type OfferedTool = JsonObject & { readonly name: string };

export interface JudgedTool {
  readonly tool: OfferedTool;
  readonly state: PinState;
  /** SHA-256 (hex) of the canonical definition (RFC 8785); of one that has no canonical form, none. */
  readonly hash: string | undefined;
  readonly findings: readonly PinFinding[];
  /** The name under which it was pinned to be listed without its prefix; see `mcp.names: unique`. */
  readonly listedAs?: string;
}

/** Reviewed definitions. */
export interface ToolPins {
  /**
   * Judges everything that an upstream offers now; what it does not offer any more is no longer listed.
   * Fails closed: a fault means that nothing of this upstream is offered.
   */
  judge(upstream: string, offered: readonly OfferedTool[]): Promise<readonly JudgedTool[]>;
  /** Calls back when a review changed what may be listed. Returns how to stop. */
  onChange(listener: (upstream: string) => void): () => void;
}

/** What the program of an upstream is made from, exactly. */
export interface PackagePin {
  readonly registry: 'npm' | 'pypi' | 'oci';
  readonly name: string;
  /** One exact version; of an image its tag, for people. */
  readonly version: string;
  /** npm: `sha512-…` of the tarball; PyPI: `sha256:…` of the first file; OCI: `sha256:…` of the manifest. */
  readonly integrity: string;
  /** PyPI: every file of the version, by name, with its SHA-256 (hex). */
  readonly files?: Readonly<Record<string, string>>;
  /** npm: SHA-256 (hex) over the files of the tarball, so that an installed copy can be compared without it. */
  readonly contents?: string;
  /** Repository that a verified attestation names as its source. */
  readonly source?: string;
}
