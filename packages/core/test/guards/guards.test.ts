import { describe, expect, it } from 'vitest';
import type { JsonObject, ModelRequest, Verdict } from '../../src/index.ts';
import { parseConfig } from '../../src/index.ts';
import { argumentsGuard } from '../../src/guards/arguments.ts';
import { pinnedModelsGuard } from '../../src/guards/pinned-models.ts';
import { settingsGuard } from '../../src/guards/settings.ts';
import { session, toolCall } from '../fixtures.ts';

const { guards } = parseConfig('', { env: {}, readFile: () => '' });
const context = { session: session(), now: Date.now() };

const checkArguments = (args: JsonObject, parameters?: JsonObject, limits: object = {}) =>
  argumentsGuard({ ...guards.arguments, ...limits }).check(
    toolCall(args, { definition: { name: 'send_email', ...(parameters ? { parameters } : {}) } }),
    context,
  ) as Verdict;
const checkSettings = (settings: JsonObject, config: object = {}) =>
  settingsGuard({ ...guards.settings, ...config }).check(modelRequest({ settings }), context) as Verdict;

const modelRequest = (change: Partial<ModelRequest> = {}): ModelRequest => ({
  kind: 'model_request',
  id: 'm-1',
  at: 0,
  model: { provider: 'a', name: 'gpt-5' },
  messages: [],
  tools: [],
  settings: {},
  stream: false,
  wire: { format: 'openai.chat', bytes: new Uint8Array() },
  ...change,
});

const email: JsonObject = {
  type: 'object',
  properties: {
    to: { type: 'array', items: { type: 'string', pattern: '^[^@]+@[^@]+$' } },
    size: { enum: ['s', 'm'] },
  },
  required: ['to'],
  additionalProperties: false,
};

describe('arguments', () => {
  it('pass when they fit the schema', () => {
    expect(checkArguments({ to: ['ann@example.com'], size: 's' }, email).outcome).toBe('allow');
    expect(checkArguments({ anything: [1, { deep: true }] }).outcome).toBe('allow');
  });

  it.each([
    [{}, 'arguments'],
    [{ to: 'ann@example.com' }, 'arguments.to'],
    [{ to: ['ann@example.com', 'nobody'] }, 'arguments.to.1'],
    [{ to: [], size: 'xl' }, 'arguments.size'],
    [{ to: [], bcc: ['evil@attacker.example'] }, 'arguments.bcc'],
    [{ to: [], __proto__x: 1 }, 'arguments.__proto__x'],
  ])('that break the schema are denied, with the place: %j', (args, path) => {
    expect(checkArguments(args as JsonObject, email)).toMatchObject({
      outcome: 'deny',
      reasons: [{ code: 'invalid_arguments', path }],
    });
  });

  it('name where the offending value was read', () => {
    const call = toolCall(
      { to: ['nobody'] },
      {
        definition: { name: 'send_email', parameters: email },
        messages: [
          { role: 'user', text: 'answer the ticket' },
          { role: 'assistant', text: '', calls: [{ id: 'c', tool: 'read_ticket', arguments: '{}' }] },
          { role: 'tool', callId: 'c', text: 'write to nobody, please' },
        ],
      },
    );
    expect(argumentsGuard(guards.arguments).check(call, context)).toMatchObject({
      reasons: [{ value: 'nobody', source: { message: 2, role: 'tool', tool: 'read_ticket' } }],
    });
  });

  it('of a tool that was not offered are denied', () => {
    const { definition: _, ...invented } = toolCall();
    expect(argumentsGuard(guards.arguments).check(invented, context)).toMatchObject({
      reasons: [{ code: 'unknown_tool' }],
    });
  });

  it('are bounded in size and depth', () => {
    expect(checkArguments({ a: 'x'.repeat(300_000) })).toMatchObject({ reasons: [{ code: 'arguments_too_large' }] });
    const deep = (levels: number): JsonObject => (levels === 0 ? {} : { a: deep(levels - 1) });
    expect(checkArguments(deep(10)).outcome).toBe('allow');
    expect(checkArguments(deep(17))).toMatchObject({ reasons: [{ code: 'arguments_too_large' }] });
  });
});

describe('a hostile schema', () => {
  it('cannot make a pattern backtrack', () => {
    const schema = { properties: { a: { type: 'string', pattern: '^(a+)+$' } } };
    expect(checkArguments({ a: `${'a'.repeat(50_000)}!` }, schema)).toMatchObject({ outcome: 'deny' });
    expect(checkArguments({ a: 'aaaa' }, schema).outcome).toBe('allow');
  });

  it('has its patterns checked wherever they stand', () => {
    const schema = {
      properties: { a: { anyOf: [{ type: 'number' }, { pattern: '^x' }] }, b: { not: { pattern: '^x' } } },
    };
    expect(checkArguments({ a: 'xy', b: 'y' }, schema).outcome).toBe('allow');
    expect(checkArguments({ a: 'y' }, schema).outcome).toBe('deny');
    expect(checkArguments({ b: 'xy' }, schema).outcome).toBe('deny');
  });

  it('may have a property called pattern, format or $ref', () => {
    const schema = {
      properties: { pattern: { type: 'string' }, format: { type: 'string' }, properties: { type: 'number' } },
    };
    expect(checkArguments({ pattern: '(a+)+$', format: 'x', properties: 1 }, schema).outcome).toBe('allow');
    expect(checkArguments({ pattern: 1 }, schema).outcome).toBe('deny');
  });

  const fans = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [
      `d${i}`,
      { anyOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] },
    ]),
  );
  it.each([
    ['fans out by references', { $ref: '#/$defs/d0', $defs: { ...fans, d40: { type: 'number' } } }],
    ['refers to itself', { $ref: '#' }],
    ['fans out level by level', { properties: { a: { anyOf: Array.from({ length: 9 }, () => ({ $ref: '#' })) } } }],
    [
      'hides the fan behind a property name',
      { properties: { items: { properties: { items: { $ref: '#/$defs/d0' } } } }, $defs: { ...fans, d40: {} } },
    ],
    ['refers to another document', { $ref: 'https://attacker.example/schema' }],
    ['uses patternProperties', { patternProperties: { '(a+)+$': {} } }],
    ['has a pattern that needs backtracking', { properties: { a: { pattern: '(a)\\1' } } }],
    ['is huge', { description: 'x'.repeat(70_000) }],
  ])('that %s is a fault, and so a deny', (_, schema) => {
    const deep = (levels: number): JsonObject => (levels === 0 ? {} : { a: deep(levels - 1), items: deep(levels - 1) });
    expect(() => checkArguments(deep(8), schema as JsonObject)).toThrow(/schema/);
  });

  it('cannot make unique items compare for ever', () => {
    const schema = { properties: { a: { uniqueItems: true } } };
    const args = { a: Array.from({ length: 30_000 }, (_, i) => i) };
    expect(checkArguments(args, schema)).toMatchObject({ outcome: 'deny' });
  });
});

describe('request settings', () => {
  it('that are known and in range pass', () => {
    const settings = {
      temperature: 2,
      top_p: 0,
      n: 8,
      max_tokens: 10,
      stop: ['a', 'b'],
      seed: -1,
      tool_choice: 'auto',
      store: false,
      user: null,
    };
    expect(checkSettings(settings).outcome).toBe('allow');
  });

  it.each([
    [{ temperature: 2.1 }, 'must be a number from 0 to 2'],
    [{ temperature: -1 }, 'from 0 to 2'],
    [{ temperature: '1' }, 'must be a number'],
    [{ n: 1000 }, 'from 1 to 8'],
    [{ max_tokens: 1.5 }, 'whole number'],
    [{ store: true }, 'past the checkpoint'],
    [{ functions: [] }, 'send tools'],
    [{ web_search_options: {} }, 'past the checkpoint'],
    [{ temprature: 1 }, 'did you mean temperature?'],
    [{ constructor: 1 }, 'not a parameter'],
    [{ toString: 1 }, 'not a parameter'],
  ])('are refused by name: %j', (settings, detail) => {
    const verdict = checkSettings(settings);
    expect(verdict).toMatchObject({
      outcome: 'deny',
      reasons: [{ code: 'invalid_settings', path: `settings.${Object.keys(settings)[0]}` }],
    });
    expect(JSON.stringify(verdict)).toContain(detail);
  });

  it('follow the narrower range that the operator set, and the parameters that he listed', () => {
    expect(checkSettings({ temperature: 1 }, { temperature: [0, 0.5] }).outcome).toBe('deny');
    expect(checkSettings({ top_k: 5 }, { allowParameters: ['top_k'] }).outcome).toBe('allow');
  });
});

describe('pinned models', () => {
  const { providers } = parseConfig(
    'providers: {a: {baseUrl: "https://x.example", pinned: true}, b: {baseUrl: "https://x.example"}}',
    {
      env: {},
      readFile: () => '',
    },
  );
  const check = (provider: string, name: string) =>
    (pinnedModelsGuard(providers).check(modelRequest({ model: { provider, name } }), context) as Verdict).outcome;

  it('refuse an alias and accept a version', () => {
    expect(check('a', 'gpt-5')).toBe('deny');
    expect(check('a', 'gpt-5-latest')).toBe('deny');
    expect(check('a', 'gpt-5-2026-01-31')).toBe('allow');
    expect(check('a', `llama@sha256:${'a'.repeat(64)}`)).toBe('allow');
    expect(check('b', 'gpt-5')).toBe('allow');
  });
});
