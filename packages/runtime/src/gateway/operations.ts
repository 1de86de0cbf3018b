import { manifestSchema } from '@sallyport/core';
import type { JsonObject, Manifest, ToolDefinition, UpstreamMethod } from '@sallyport/core';
import { prefixed } from './names.ts';

type Operation = Exclude<UpstreamMethod, 'tools/call'>;

const text = { type: 'string' };
const uri = { type: 'object', properties: { uri: text }, required: ['uri'] };

/** What upstreams do beside their tools, as if it were tools. */
const operations: Readonly<Record<Operation, { readonly description: string; readonly parameters: JsonObject }>> = {
  'resources/read': { description: 'Read a resource of the upstream', parameters: uri },
  'resources/subscribe': { description: 'Be told when a resource changes', parameters: uri },
  'resources/unsubscribe': { description: 'Be told no longer when a resource changes', parameters: uri },
  'prompts/get': {
    description: 'Get a prompt of the upstream',
    parameters: { type: 'object', properties: { name: text, arguments: { type: 'object' } }, required: ['name'] },
  },
  'completion/complete': {
    description: 'Complete an argument of a prompt or of a resource template',
    parameters: {
      type: 'object',
      properties: { ref: { type: 'object' }, argument: { type: 'object' }, context: { type: 'object' } },
      required: ['ref', 'argument'],
    },
  },
};

const reads = manifestSchema.parse({ effect: 'read' });
/** A template is known by its address, which is not fetched. */
const completes = manifestSchema.parse({ effect: 'read', egress: false });
/** Nothing leaves with it but what a later read would tell as well. */
const follows = manifestSchema.parse({ effect: 'write', local: true });
const manifests: Readonly<Record<Operation, Manifest>> = {
  'resources/read': reads,
  'resources/subscribe': follows,
  'resources/unsubscribe': follows,
  'prompts/get': reads,
  'completion/complete': completes,
};

/** What an operation is, where no operator says otherwise: `files__resources/read` reads. What goes back to an upstream that asked is unknown, so a sink. */
export function manifestOfOperation(tool: string, isUpstream: (name: string) => boolean): Manifest | undefined {
  const at = tool.indexOf('__');
  const method = tool.slice(at + 2);
  if (at === -1 || !isUpstream(tool.slice(0, at)) || !Object.hasOwn(manifests, method)) return undefined;
  return manifests[method as Operation];
}

/** The definition under which an operation is decided: `files__resources/read`. */
export function operationOf(upstream: string, method: UpstreamMethod): ToolDefinition {
  if (method === 'tools/call') throw new TypeError('a tool has a definition of its own');
  return { name: prefixed({ upstream, name: method }), ...operations[method] };
}

/** A tool of an upstream, under the name by which agents know it. */
export function definitionOf(name: string, tool: JsonObject): ToolDefinition {
  const { description, inputSchema, annotations } = tool;
  return {
    name,
    ...(typeof description === 'string' ? { description } : {}),
    ...(isObject(inputSchema) ? { parameters: inputSchema } : {}),
    ...(isObject(annotations) ? { annotations } : {}),
  };
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
