import { LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { RuntimeFault } from '../errors.ts';
import { nearest } from '../normalize/nearest.ts';

/** Takes up a problem with the value at a path. */
export type Report = (path: readonly PropertyKey[], message: string) => void;

export interface OpenedDocument {
  readonly raw: unknown;
  readonly report: Report;
  /** What was reported so far, as `line:column  key: what is wrong`. */
  readonly problems: readonly string[];
}

/**
 * Reads YAML that an operator wrote: no aliases, no key twice.
 *
 * @throws RuntimeFault `invalid_config`
 */
export function readDocument(text: string): OpenedDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, maxAliasCount: 0 } as object);
  const [error] = document.errors;
  if (error) {
    const at = error.linePos?.[0];
    throw new RuntimeFault('invalid_config', {
      detail: `${at?.line ?? 1}:${at?.col ?? 1}  ${error.message.split('\n')[0]}`,
    });
  }
  const problems: string[] = [];
  const report = (path: readonly PropertyKey[], message: string) => {
    problems.push(`${placeOf(document, lines, path)}  ${path.join('.') || 'the file'}: ${message}`);
  };
  try {
    return { raw: document.toJS({ maxAliasCount: 0 }) ?? {}, report, problems };
  } catch (cause) {
    const detail = '1:1  the file: an alias (*name) stands in it; write the value out where it is used';
    throw new RuntimeFault('invalid_config', { detail, cause });
  }
}

/** @param schema as JSON Schema, for the names of keys that may have been meant */
export function reportIssues(issues: readonly z.core.$ZodIssue[], schema: object, report: Report): void {
  for (const issue of issues) reportIssue(issue, schema, report);
}

function reportIssue(issue: z.core.$ZodIssue, schema: object, report: Report): void {
  if (issue.code === 'invalid_key') return report(issue.path, issue.issues[0]?.message ?? issue.message);
  if (issue.code !== 'unrecognized_keys') return report(issue.path, issue.message);
  const known = keysAt(issue.path, schema);
  for (const key of issue.keys) {
    const meant = nearest(key, known);
    report(
      [...issue.path, key],
      `unknown key${meant ? `; did you mean ${meant}?` : `; known are ${known.join(', ')}`}`,
    );
  }
}

/** The names that the schema knows at a place. */
function keysAt(path: readonly PropertyKey[], schema: object): string[] {
  interface SchemaNode {
    properties?: Record<string, SchemaNode>;
    additionalProperties?: SchemaNode | boolean;
    items?: SchemaNode;
  }
  let node: SchemaNode | undefined = schema;
  for (const key of path) {
    const extra: SchemaNode | undefined =
      typeof node?.additionalProperties === 'object' ? node.additionalProperties : undefined;
    node = node?.properties?.[String(key)] ?? extra ?? node?.items;
  }
  return Object.keys(node?.properties ?? {});
}

/** `line:column` of the value at a path, or of the nearest part of the path that is in the file. */
function placeOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): string {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) {
      const { line, col } = lines.linePos(node.range[0]);
      return `${line}:${col}`;
    }
  }
  return '1:1';
}
