import { allow, deny } from '../decision.ts';
import { argumentsSchema } from './schema.ts';
import { defineGuard } from '../guard.ts';
import { showText } from '../normalize/show.ts';
import { locate } from '../flow/locate.ts';
import type { Guard } from '../guard.ts';
import type { Json, JsonObject } from '../events.ts';
import type { ParsedConfig } from '../config/schema.ts';

/** Proposed arguments must fit the schema under which the tool was offered, and stay within size and depth. */
export const argumentsGuard = (config: ParsedConfig['guards']['arguments']): Guard =>
  defineGuard({
    name: 'arguments',
    summary: "Arguments fit the tool's JSON Schema, within bounds of size and depth",
    stage: 'judge',
    on: ['tool_call'],
    check(call) {
      if (!call.definition) {
        return deny({ code: 'unknown_tool', path: 'tool', value: showText(call.tool) });
      }
      const bytes = JSON.stringify(call.arguments).length;
      if (bytes > config.maxBytes) {
        return deny({
          code: 'arguments_too_large',
          path: 'arguments',
          detail: `${bytes} bytes; at most ${config.maxBytes}`,
        });
      }
      const depth = depthOf(call.arguments, config.maxDepth);
      if (depth > config.maxDepth) {
        return deny({
          code: 'arguments_too_large',
          path: 'arguments',
          detail: `nested deeper than ${config.maxDepth}`,
        });
      }
      if (!call.definition.parameters) return allow;
      const problem = argumentsSchema(call.definition.parameters).problem(call.arguments, depth);
      if (!problem) return allow;
      const value = valueAt(call.arguments, problem.path);
      const source = typeof value === 'string' ? locate(value, call.messages) : undefined;
      return deny({
        code: 'invalid_arguments',
        path: problem.path,
        detail: showText(problem.detail, 300),
        ...(value === undefined ? {} : { value: showText(typeof value === 'string' ? value : JSON.stringify(value)) }),
        ...(source ? { source } : {}),
      });
    },
  });

/** Levels of nesting; counting stops just past `limit`, so that a deep value costs no more than a legal one. */
function depthOf(value: Json, limit: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit < 0) return 1;
  let deepest = 0;
  const items: readonly Json[] = Array.isArray(value) ? value : Object.values(value);
  for (const item of items) deepest = Math.max(deepest, depthOf(item, limit - 1));
  return deepest + 1;
}

function valueAt(value: Json, path: string): Json | undefined {
  let node: Json | undefined = value;
  for (const key of path.split('.').slice(1)) {
    node =
      typeof node === 'object' && node !== null && Object.hasOwn(node, key) ? (node as JsonObject)[key] : undefined;
  }
  return node;
}
