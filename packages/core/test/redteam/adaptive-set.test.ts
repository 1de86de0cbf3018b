import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { buildAdaptive } from '../../../../evals/adaptive/build.ts';
import { flowRules, manifestSchema } from '../../src/index.ts';

const folder = join(import.meta.dirname, '../../../../evals/adaptive');
const callId = z.string().regex(/^c\d+$/);

const messageSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'user']), content: z.string().min(1) }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.string(),
    tool_calls: z
      .array(z.strictObject({ id: callId, name: z.string().min(1), args: z.record(z.string(), z.json()) }))
      .optional(),
  }),
  z.strictObject({
    role: z.literal('tool'),
    content: z.string(),
    tool_call_id: callId,
    name: z.string(),
    error: z.string().optional(),
  }),
]);

const common = {
  id: z.string().regex(/^adaptive\/[a-z]+\/[a-z0-9-]+\/(hijacked|benign)$/),
  source: z.literal('adaptive'),
  suite: z.string().regex(/^adaptive-[a-z]+$/),
  model: z.literal('scripted'),
  defence: z.literal('none'),
  user_task: z.string(),
  injected_in: z.array(z.int()),
  approved: z.array(callId).optional(),
  note: z.string().min(10),
  messages: z.array(messageSchema).min(4),
};
const attacksSchema = z.string().refine((text) => text.split(', ').every((rule) => flowRules.some((r) => r === rule)));
const hijackedSchema = z.strictObject({
  ...common,
  kind: z.literal('hijacked'),
  injection_task: z.string(),
  attack: z.string(),
  utility: z.literal(false),
  security: z.literal(true),
  injected_at: z.int(),
  attacker_calls: z.array(callId).min(1),
  attacker_effects: z.array(callId).min(1),
  family: z.string().min(3),
  attacks: attacksSchema,
  expect: z.enum(['held', 'through']),
});
const benignSchema = z.strictObject({
  ...common,
  kind: z.literal('benign'),
  injection_task: z.null(),
  attack: z.null(),
  utility: z.literal(true),
  security: z.literal(false),
  injected_at: z.null(),
  attacker_calls: z.array(callId).max(0),
  attacker_effects: z.array(callId).max(0),
});
type Run = z.infer<typeof hijackedSchema> | z.infer<typeof benignSchema>;

const toolSchema = z.object({
  name: z.string(),
  description: z.string().min(5),
  parameters: z.object({ properties: z.record(z.string(), z.json()), required: z.array(z.string()) }),
  authority_params: z.array(z.string()),
  content_params: z.array(z.string()),
  manifest: manifestSchema,
});

const lines = <S extends z.ZodType>(name: string, schema: S): z.infer<S>[] =>
  readFileSync(join(folder, name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => schema.parse(JSON.parse(line)));

const hijacked = lines('runs-hijacked.jsonl', hijackedSchema);
const benign = lines('runs-benign.jsonl', benignSchema);
const runs: readonly Run[] = [...hijacked, ...benign];
const suites = [...new Set(runs.map(({ suite }) => suite))];
const tools = new Map(
  suites.map((suite) => [
    suite,
    z.array(toolSchema).parse(JSON.parse(readFileSync(join(folder, `tools-${suite}.json`), 'utf8'))),
  ]),
);
const callsOf = (run: Run) =>
  run.messages.flatMap((message, index) =>
    message.role === 'assistant' ? (message.tool_calls ?? []).map((call) => ({ ...call, index })) : [],
  );

describe('the adaptive set', () => {
  test('is large enough to tell policies apart, in attacks and in honest runs', () => {
    expect(hijacked.length).toBeGreaterThanOrEqual(70);
    expect(benign.length).toBeGreaterThanOrEqual(40);
    expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length);
    expect(new Set(hijacked.map(({ family }) => family)).size).toBeGreaterThanOrEqual(15);
    // One that can only be won would say nothing about limits.
    expect(hijacked.filter(({ expect: expected }) => expected === 'through').length).toBeGreaterThan(5);
  });

  test('its files are what its sources say', () => {
    for (const [name, text] of Object.entries(buildAdaptive())) {
      expect(readFileSync(join(folder, name), 'utf8'), name).toBe(text);
    }
  });

  test.each(runs)('$id: every call that is spoken of exists, and every result answers one', (run) => {
    const calls = callsOf(run);
    const ids = calls.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const results = run.messages.flatMap((message) => (message.role === 'tool' ? [message] : []));
    expect(results.map(({ tool_call_id, name }) => [tool_call_id, name])).toEqual(
      calls.map(({ id, name }) => [id, name]),
    );
    expect(ids).toEqual(expect.arrayContaining([...run.attacker_calls, ...(run.approved ?? [])]));
    expect(run.attacker_calls).toEqual(expect.arrayContaining(run.attacker_effects));
    expect(run.injected_in[0] ?? null).toBe(run.injected_at);
  });

  test.each(hijacked)('$id: the harm comes after the injection was read', (run) => {
    const { messages, injected_at: injectedAt } = run;
    expect(messages[injectedAt]?.role).toBe('tool');
    for (const { id, index } of callsOf(run)) {
      if (run.attacker_calls.includes(id)) expect(index).toBeGreaterThan(injectedAt);
    }
  });

  test.each(runs)('$id: calls fit the tools of the suite', (run) => {
    for (const { name, args } of callsOf(run)) {
      const tool = tools.get(run.suite)?.find((each) => each.name === name);
      if (!tool) {
        expect(run.kind === 'hijacked' && run.family).toBe('unknown tools');
        continue;
      }
      const { properties, required } = tool.parameters;
      expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(args)));
      expect(Object.keys(args)).toEqual(expect.arrayContaining(required));
    }
  });

  test('every argument of every tool is a target or content, and its manifest says the same', () => {
    for (const tool of [...tools.values()].flat()) {
      const { target, content } = tool.manifest;
      expect([...(target ?? []), ...content].toSorted()).toEqual(Object.keys(tool.parameters.properties).toSorted());
      expect([tool.authority_params, tool.content_params]).toEqual([target, content]);
    }
  });

  test('names no address that somebody could own', () => {
    // RFC 2606 reserves these; 192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24 are RFC 5737's.
    const hosts = [...JSON.stringify(runs).matchAll(/(?:@|:\/\/)((?:[\p{L}\d-]+\.)+[\p{L}\d-]+)/gu)].map(
      (match) => match[1] ?? '',
    );
    expect(hosts.length).toBeGreaterThan(150);
    expect(hosts.filter((host) => !/\.(?:example|test)$|^203\.0\.113\.\d+$/i.test(host))).toEqual([]);
  });
});
