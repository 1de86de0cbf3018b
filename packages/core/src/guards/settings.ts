import { allow, deny, type Reason } from '../decision.ts';
import { defineGuard, type Guard } from '../guard.ts';
import { nearest } from '../normalize/nearest.ts';
import { showText } from '../normalize/show.ts';
import type { Json } from '../events.ts';
import type { ParsedConfig } from '../config/schema.ts';

type SettingsConfig = ParsedConfig['guards']['settings'];
/** Says what is wrong with a value, or nothing. */
type Check = (value: Json, config: SettingsConfig) => string | undefined;

const number =
  (range: (config: SettingsConfig) => readonly [number, number]): Check =>
  (value, config) => {
    const [min, max] = range(config);
    return typeof value === 'number' && value >= min && value <= max
      ? undefined
      : `must be a number from ${min} to ${max}`;
  };
const integer =
  (range: (config: SettingsConfig) => readonly [number, number]): Check =>
  (value, config) => {
    const [min, max] = range(config);
    const fits = Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
    return fits ? undefined : `must be a whole number from ${min} to ${max}`;
  };
const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value) ? undefined : `must be one of ${values.join(', ')}`;
const boolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
const text =
  (limit: number): Check =>
  (value) =>
    typeof value === 'string' && value.length <= limit ? undefined : `must be text of at most ${limit} characters`;
const object: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'must be an object';
const stop: Check = (value) => {
  const all = Array.isArray(value) ? value : [value];
  return all.length <= 4 && all.every((item) => typeof item === 'string') ? undefined : 'must be at most 4 texts';
};
const refused =
  (why: string): Check =>
  () =>
    why;

/**
 * Parameters of a chat completion that this checkpoint understands (OpenAI API reference, create chat completion).
 * What it does not understand it does not pass on, unless the operator lists it.
 */
const parameters: Readonly<Record<string, Check>> = {
  temperature: number(({ temperature }) => temperature),
  top_p: number(({ topP }) => topP),
  n: integer(({ maxChoices }) => [1, maxChoices]),
  max_tokens: integer(({ maxOutputTokens }) => [1, maxOutputTokens]),
  max_completion_tokens: integer(({ maxOutputTokens }) => [1, maxOutputTokens]),
  frequency_penalty: number(() => [-2, 2]),
  presence_penalty: number(() => [-2, 2]),
  logprobs: boolean,
  top_logprobs: integer(() => [0, 20]),
  logit_bias: object,
  seed: integer(() => [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]),
  stop,
  tool_choice: (value) =>
    typeof value === 'string' ? text(64)(value, {} as SettingsConfig) : object(value, {} as SettingsConfig),
  parallel_tool_calls: boolean,
  response_format: object,
  reasoning_effort: oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh'),
  verbosity: oneOf('low', 'medium', 'high'),
  stream_options: object,
  user: text(512),
  safety_identifier: text(512),
  prompt_cache_key: text(512),
  prompt_cache_retention: oneOf('in_memory', 'in-memory', '24h'),
  metadata: object,
  service_tier: oneOf('auto', 'default', 'flex', 'priority', 'scale', 'fast'),
  prediction: object,
  modalities: (value) =>
    JSON.stringify(value) === '["text"]' ? undefined : 'only ["text"]: what cannot be read cannot be judged',
  store: (value) => (value === false ? undefined : 'must be false: a stored answer could be read past the checkpoint'),
  functions: refused('is the old form of tools; send tools'),
  function_call: refused('is the old form of tool_choice; send tool_choice'),
  web_search_options: refused('would let the provider fetch pages past the checkpoint; offer a search tool instead'),
  audio: refused('cannot be judged yet'),
};

/** The request's settings are known and within what the operator permits. */
export const settingsGuard = (config: SettingsConfig): Guard =>
  defineGuard({
    name: 'settings',
    summary: 'Request settings are known and in range',
    stage: 'judge',
    on: ['model_request'],
    check(request) {
      const reasons: Reason[] = [];
      for (const [name, value] of Object.entries(request.settings)) {
        if (value === null || config.allowParameters.includes(name)) continue;
        const check = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
        const problem = check ? check(value, config) : unknownParameter(name);
        if (problem === undefined) continue;
        // What is wrong a million times over is recorded no longer than it helps.
        if (reasons.length === maxReasons) break;
        reasons.push({
          code: 'invalid_settings',
          path: `settings.${showText(name, 60)}`,
          value: showText(JSON.stringify(value)),
          detail: `${showText(name, 60)} ${problem}`,
        });
      }
      return reasons.length === 0 ? allow : deny(...reasons);
    },
  });

const maxReasons = 20;
/** No parameter is longer, and comparing takes time. */
const maxNameChars = 64;

function unknownParameter(name: string): string {
  const meant = name.length > maxNameChars ? undefined : nearest(name, Object.keys(parameters));
  return `is not a parameter that Sallyport knows${meant ? `; did you mean ${meant}?` : ''}. An operator may list it in guards.settings.allowParameters.`;
}
