import type { JsonObject, ToolDefinition } from '../events.ts';
import type { Manifest } from '../flow/manifest.ts';
import type { Target } from './attempts.ts';
import type { TestValue } from '../policy/cells.ts';
import { manifestSchema } from '../flow/manifest.ts';
import { proposeManifest } from '../tools/propose.ts';

/** What is known of a tool, however little. */
export interface ToolKnown {
  readonly definition: ToolDefinition;
  readonly manifest: Manifest;
  /** Names of arguments that calls had, where there is no schema. */
  readonly seenArguments?: readonly string[];
  /** What the permission matrix demands of arguments, so that attacks fit it. */
  readonly tested?: Readonly<Record<string, TestValue>>;
}

/** A tool, ready to be attacked. */
export function targetOf({ definition, manifest, seenArguments = [], tested = {} }: ToolKnown): Target {
  const { name, description, parameters } = definition;
  const proposed = proposeManifest({
    name,
    ...(description === undefined ? {} : { description }),
    ...(parameters ? { parameters } : {}),
    seen: { arguments: seenArguments },
  });
  const { effect, egress } = manifestSchema.parse(proposed.manifest);
  const properties = parameters?.['properties'];
  const schemas: JsonObject = isObject(properties) ? properties : {};
  const { target = [], content } = manifest;
  const firstNames = [...seenArguments, ...target, ...content, ...Object.keys(tested)].map(
    (path) => path.split('.')[0],
  );
  const names = new Set(Object.keys(schemas).length > 0 ? Object.keys(schemas) : firstNames);
  const args = [...names].flatMap((each) => {
    if (each === undefined || each === '*') return [];
    const schema = schemas[each];
    return [{ name: each, schema: isObject(schema) ? schema : {}, tested: tested[each] }];
  });
  return { definition, manifest, seeming: { effect, egress }, arguments: args };
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
