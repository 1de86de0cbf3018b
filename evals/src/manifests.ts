import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { manifestSchema, type Manifest, type ManifestInput } from '@sallyport/core';
import type { ToolRow } from './data.ts';

const folder = join(import.meta.dirname, '..', 'manifests');

/** As an operator wrote them; of a suite that nobody wrote any for, made of its classified tools. */
export function manifestsOf(suite: string, tools: readonly ToolRow[]): ReadonlyMap<string, Manifest> {
  const made = new Map(tools.map((tool) => [tool.name, manifestSchema.parse(toManifest(tool))]));
  const file = join(folder, `${suite}.yaml`);
  if (!existsSync(file)) return made;
  const written = parse(readFileSync(file, 'utf8')) as Record<string, ManifestInput>;
  return new Map(Object.entries(written).map(([name, manifest]) => [name, manifestSchema.parse(manifest)]));
}

const fetches = /(?:^|_)(?:browse|visit|open|fetch|navigate|get_web|read_web|webpage|download)/;
const sends = /input|submit|post|form|fill|upload/;
const rawText = /file|page|web|url|document|readme|download|content/;
const inWorkspace = /(?:^|_)(?:file|node|dir|directory|folder|attachment)s?(?:_|$)|download/;

/** What the classification says, in the words of a manifest. */
export function toManifest(tool: ToolRow): ManifestInput {
  if (tool.manifest) return tool.manifest;
  const { name, effect, sink } = tool;
  const confirms = [...(tool.confirms ?? [])];
  const target = [...(tool.target_args ?? tool.authority_params ?? [])];
  const content = [...(tool.content_args ?? tool.content_params ?? [])];
  const url = target.some((argument) => /url|link|uri/.test(argument));
  const egress = url && fetches.test(name) && !sends.test(name);
  const local =
    !url &&
    effect === 'write' &&
    inWorkspace.test(name) &&
    target.every((argument) => /path|file|dir|id|name|dest|source/.test(argument));
  return {
    effect: egress ? 'read' : effect,
    ...(egress ? { egress: true } : { sink }),
    ...(local ? { local: true } : {}),
    ...(sink || egress ? { target } : {}),
    content,
    confirms,
    results: {
      trust: tool.reads_untrusted ? 'untrusted' : 'trusted',
      format:
        effect === 'read' && !egress && !isRaw(name)
          ? 'records'
          : tool.reads_untrusted && (egress || isRaw(name))
            ? 'text'
            : 'records',
    },
  };
}

/** A listing of files is laid out by the tool; a file's text by whoever wrote it. */
const isRaw = (name: string): boolean =>
  /(?:^|_)(?:read|open|cat|view|get)_/.test(`_${name}`) && rawText.test(name) && !/list|search|by_id/.test(name);
