import { describe, expect, it } from 'vitest';
import type { JsonObject, ManifestInput, RuntimeFault } from '../../src/index.ts';
import { canonicalDefinition, checkManifest, manifestSchema, parseConfig, parseManifest } from '../../src/index.ts';

const source = { env: {}, readFile: () => '' };

function problemsOf(text: string): string {
  try {
    parseConfig(text, source);
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_config' });
    return (error as RuntimeFault).detail ?? '';
  }
  throw new Error('the configuration was accepted');
}

describe('manifests in the configuration', () => {
  it('are complete and safe when little is said', () => {
    const { tools } = parseConfig('tools: { send_email: { effect: send, content: [body] } }', source);
    expect(tools['send_email']).toMatchObject({
      effect: 'send',
      local: false,
      content: ['body'],
      results: { trust: 'untrusted', format: 'text', fields: {}, echoes: false },
    });
    expect(tools['send_email']?.target).toBeUndefined();
  });

  it.each([
    ['tools:\n  a:\n    effetc: read', /3:\d+ {2}tools\.a\.effetc: unknown key; did you mean effect\?/],
    ['tools: {a: {results: {turst: trusted}}}', /tools\.a\.results\.turst: unknown key; did you mean trust\?/],
    ['tools: {a: {effect: reads}}', /tools\.a\.effect: .*"read"/],
    ['tools:\n  a:\n    target: [to]\n    content: [body, to]', /4:\d+ {2}tools\.a\.content\.1: to is a target too/],
    ['tools: {a: {target: [to], content: [to.name]}}', /lies in the target to, which wins/],
    ['tools: {a: {results: {fields: {id: trusted}}}}', /results\.fields: needs format: records.*attacker/],
    ['tools: {a: {results: {fieldLabels: {id: [pii]}}}}', /fieldLabels: needs format: records.*under labels/],
    ['tools: {a: {target: [to], content: [amount], caps: {amount: 5}}}', /caps\.amount: amount is no target/],
    ['tools: {a: {content: [amount], caps: {amount: 5}}}', /caps\.amount: amount is no target/],
    ['tools: {a: {target: [to], demand: {form: user}}}', /demand\.form: form is no target/],
    ['tools: {a: {target: ["to[0]"]}}', /target\.0: paths are written with dots and \* for items: to\.\*/],
    ['tools: {a: {target: [arguments.to]}}', /dots and \* for items: to$/],
    ['tools: {a: {target: [to..name]}}', /empty part/],
    ['tools: {a: {effect: send, local: true}}', /tools\.a\.local: local is for tools that write.*effect is send/],
    ['tools: {a: {effect: write, local: true, egress: true}}', /local that nothing leaves/],
    ['tools: {a: {effect: write, local: true, sink: true}}', /local that it does not/],
    ['tools: {"*": {effect: read}}', /tools\.\*: \* would say effect: read.*nobody has seen/],
    ['tools: {"**": {results: {trust: trusted}}}', /would say results\.trust: trusted/],
    ['tools: {"a\\\\b": {effect: read}}', /a backslash must be followed by/],
  ])('that contradict themselves are refused, with place and reason: %s', (text, message) => {
    expect(problemsOf(text)).toMatch(message);
  });

  it('may say more of everything: what is stricter is no hole', () => {
    expect(() => parseConfig('tools: {"*": {effect: send, results: {labels: [private]}}}', source)).not.toThrow();
  });

  it('may make part of a content object a target', () => {
    expect(() => parseConfig('tools: {a: {content: [event], target: [event.attendees]}}', source)).not.toThrow();
  });
});

describe('a manifest beside its definition', () => {
  const definition = (more: JsonObject = {}) => ({
    name: 'a',
    parameters: { type: 'object', properties: { recipients: {}, body: {} }, ...more },
  });
  const problems = (manifest: ManifestInput, more?: JsonObject) =>
    checkManifest(manifestSchema.parse(manifest), definition(more)).map(({ message }) => message);

  it('must not name arguments that the tool does not have', () => {
    expect(problems({ target: ['recipient'], content: ['body'] })).toEqual([
      'the tool has no argument recipient; did you mean recipients?',
    ]);
    expect(problems({ target: ['recipients.*.address'], content: ['body'] })).toEqual([]);
  });

  it('may name any where the tool takes any', () => {
    expect(problems({ target: ['x'] }, { additionalProperties: true })).toEqual([]);
  });
});

describe('a manifest in a file of its own', () => {
  it('is read as in the configuration', () => {
    expect(parseManifest('effect: send\ntarget: [to]\n')).toEqual(
      manifestSchema.parse({ effect: 'send', target: ['to'] }),
    );
    expect(parseManifest('')).toEqual(manifestSchema.parse({}));
  });

  it.each([
    ['efect: read', /^1:\d+ {2}efect: unknown key; did you mean effect\?$/],
    ['effect: read\nresults: {formt: text}', /^2:\d+ {2}results\.formt: unknown key; did you mean format\?$/],
    ['target: [a]\ncontent: [a]', /^2:\d+ {2}content\.0: a is a target too/],
    ['- effect', /the file: /],
    ['effect: [', /^\d+:\d+/],
    ['target: &x [to]\ncontent: *x', /an alias/],
  ])('and refused with line, column and fix: %j', (text, detail) => {
    const refused = expect.objectContaining({
      code: 'invalid_config',
      detail: expect.stringMatching(detail) as string,
    });
    expect(() => parseManifest(text)).toThrow(refused as Error);
  });
});

describe('the canonical definition', () => {
  it('is the same however the JSON was written, and another when anything changed', () => {
    const a = canonicalDefinition({ name: 'a', parameters: { type: 'object', properties: { x: {}, y: {} } } });
    const b = canonicalDefinition({ name: 'a', parameters: { properties: { y: {}, x: {} }, type: 'object' } });
    expect(a).toBe(b);
    expect(canonicalDefinition({ name: 'a', description: '' })).not.toBe(canonicalDefinition({ name: 'a' }));
    expect(canonicalDefinition({ name: 'a', parameters: { z: 1 } })).not.toBe(a);
  });

  it('of half a surrogate pair is none, which equals none', () => {
    expect(canonicalDefinition({ name: 'a', description: '\ud800' })).toBeUndefined();
  });
});
