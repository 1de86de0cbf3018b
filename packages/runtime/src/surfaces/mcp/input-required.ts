import type { Json, JsonObject } from '@sallyport/core';
import { isObject } from './message.ts';

/**
 * What a client would have to declare for the questions in an `input_required` result (2026-07-28, multi round-trip requests);
 * nothing where it has declared all of it.
 */
export function missingCapabilities(inputRequests: Json | undefined, declared: JsonObject): JsonObject | undefined {
  const missing: Record<string, JsonObject> = {};
  for (const question of Object.values(isObject(inputRequests) ? inputRequests : {})) {
    const [name, member] = neededFor(question);
    if (name === undefined || has(declared[name], name, member)) continue;
    missing[name] = { ...missing[name], ...(member === undefined ? {} : { [member]: {} }) };
  }
  return Object.keys(missing).length > 0 ? missing : undefined;
}

function neededFor(question: Json): readonly [name?: string, member?: string] {
  if (!isObject(question)) return [];
  const params = isObject(question['params']) ? question['params'] : {};
  const { method } = question;
  if (method === 'elicitation/create') return ['elicitation', params['mode'] === 'url' ? 'url' : 'form'];
  if (method === 'roots/list') return ['roots'];
  if (method !== 'sampling/createMessage') return [];
  return params['tools'] !== undefined || params['toolChoice'] !== undefined ? ['sampling', 'tools'] : ['sampling'];
}

function has(declared: Json | undefined, name: string, member: string | undefined): boolean {
  if (!isObject(declared)) return false;
  if (member === undefined || isObject(declared[member])) return true;
  // Before there were modes, to elicit was to show a form.
  return name === 'elicitation' && member === 'form' && declared['url'] === undefined;
}
