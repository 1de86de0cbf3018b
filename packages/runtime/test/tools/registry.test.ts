import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Config, Manifest, ManifestInput, ManifestStore, ToolDefinition } from '@sallyport/core';
import { RuntimeFault, manifestSchema, unknownManifest } from '@sallyport/core';
import { toolSchema } from '@sallyport/core/admin';
import type { Harness } from '../identity/harness.ts';
import { bounds } from '../../src/tools/observations.ts';
import { ToolRegistry, observing } from '../../src/tools/index.ts';
import { codeOf, openHarness } from '../identity/harness.ts';
import { answering, calling, exchange, offering, sendEmail, session } from './traffic.ts';

let h: Harness;
beforeEach(async () => {
  h = await openHarness();
});
afterEach(() => h.close());

const manifest = (input: ManifestInput = {}): Manifest => manifestSchema.parse(input);
const mail = manifest({ effect: 'send', target: ['to'], content: ['subject', 'body'] });
const open = (tools: Record<string, ManifestInput> = {}, store: ManifestStore = h.store.manifests) => {
  const configured = Object.entries(tools).map(([name, input]) => [name, manifest(input)]);
  return ToolRegistry.open({ store, configured: Object.fromEntries(configured) as Config['tools'], clock: h.clock });
};
const changed: ToolDefinition = { ...sendEmail, description: 'Sends an e-mail, and a copy to our quality team' };

describe('what is assumed of a tool', () => {
  test('is the safest until somebody says something', async () => {
    const tools = await open();
    expect(tools.manifestOf('anything')).toBe(unknownManifest);
    expect(tools.manifestOf('__proto__')).toBe(unknownManifest);
    tools.observe(offering([sendEmail]));
    expect(tools.manifestOf('send_email')).toBe(unknownManifest);
  });

  test('is: its name in the configuration, then what was confirmed, then its family in the configuration', async () => {
    const tools = await open({
      exact: { effect: 'read' },
      'crm_*': { effect: 'delete' },
      'send_*': { effect: 'write' },
    });
    expect(tools.manifestOf('exact').effect).toBe('read');
    expect(tools.manifestOf('crm_x').effect).toBe('delete');
    expect(tools.manifestOf('send_email').effect).toBe('write');
    tools.observe(offering([sendEmail]));
    await tools.confirm('send_email', mail, 'ada');
    expect(tools.manifestOf('send_email')).toEqual(mail);
    await tools.forget('send_email');
    expect(tools.manifestOf('send_email').effect).toBe('write');
  });

  test('of several families is the most specific, whatever their order in the file', async () => {
    const families = {
      '*': { effect: 'execute' },
      'crm_*': { effect: 'write' },
      'crm_get_*': { effect: 'read' },
    } as const;
    const forth = await open(families);
    const back = await open(Object.fromEntries(Object.entries(families).toReversed()));
    for (const tools of [forth, back]) {
      const effects = ['crm_get_user', 'crm_add_user', 'x'].map((name) => tools.manifestOf(name).effect);
      expect(effects).toEqual(['read', 'write', 'execute']);
    }
  });

  test('is as confirmed at once, for whoever asks the next time, and after a restart', async () => {
    const tools = await open();
    const { manifestOf } = tools;
    tools.observe(offering([sendEmail]));
    await tools.confirm('send_email', mail, 'ada');
    expect(manifestOf('send_email')).toEqual(mail);
    const again = await open();
    expect(again.manifestOf('send_email')).toEqual(mail);
    again.observe(offering([sendEmail]));
    expect(again.manifestOf('send_email', sendEmail)).toEqual(mail);
    await again.forget('send_email');
    expect(again.manifestOf('send_email')).toBe(unknownManifest);
    expect((await open()).manifestOf('send_email')).toBe(unknownManifest);
  });
});

describe('a tool that changes under its name', () => {
  test('loses its manifest at once, until it is confirmed again; the list says why', async () => {
    const tools = await open();
    tools.observe(offering([sendEmail]));
    await tools.confirm('send_email', mail, 'ada');
    tools.observe(offering([changed]));
    expect(tools.manifestOf('send_email')).toBe(unknownManifest);
    const [view] = await tools.list();
    expect(view).toMatchObject({ from: 'unknown', description: changed.description });
    expect(view?.proposal?.why[0]).toMatch(/confirmed on 2026-11-21 .*another definition.*confirm it again/);
    await tools.confirm('send_email', mail, 'ada');
    expect(tools.manifestOf('send_email')).toEqual(mail);
  });

  test.each<[string, ToolDefinition]>([
    ['a word of its description', changed],
    ['no description', { name: 'send_email', parameters: sendEmail.parameters ?? {} }],
    ['a hidden character', { ...sendEmail, description: 'Sends an e-mail\u200b' }],
    ['one more argument', { ...sendEmail, parameters: { ...sendEmail.parameters, additionalProperties: true } }],
    ['no parameters', { name: 'send_email', description: 'Sends an e-mail' }],
    ['half a surrogate pair', { ...sendEmail, description: 'Sends an e-mail\ud800' }],
  ])('is another one: %s', async (_, other) => {
    const tools = await open();
    tools.observe(offering([sendEmail]));
    await tools.confirm('send_email', mail, 'ada');
    expect(tools.manifestOf('send_email', other)).toBe(unknownManifest);
    tools.observe(offering([other]));
    expect(tools.manifestOf('send_email')).toBe(unknownManifest);
  });

  test('and back again has to be confirmed again: it was not the same all the time', async () => {
    const tools = await open();
    tools.observe(offering([sendEmail]));
    await tools.confirm('send_email', mail, 'ada');
    tools.observe(offering([changed]));
    tools.observe(offering([sendEmail]));
    expect(tools.manifestOf('send_email')).toBe(unknownManifest);
    expect(tools.manifestOf('send_email', sendEmail)).toEqual(mail);
  });

  test('does not fall back to a family that says less than was confirmed', async () => {
    const tools = await open({ 'send_*': { effect: 'read', sink: false, results: { trust: 'trusted' } } });
    tools.observe(offering([sendEmail]));
    await tools.confirm('send_email', mail, 'ada');
    tools.observe(offering([changed]));
    expect(tools.manifestOf('send_email')).toBe(unknownManifest);
  });

  test('twice in one request, or after a restart, is seen as well', async () => {
    const tools = await open();
    tools.observe(offering([sendEmail]));
    await tools.confirm('send_email', mail, 'ada');
    const again = await open();
    again.observe(offering([changed, sendEmail]));
    expect(again.manifestOf('send_email')).toBe(unknownManifest);
  });

  test('is not made to look the same by a flood of other tools or of definitions', async () => {
    const tools = await open();
    tools.observe(offering([sendEmail]));
    await tools.confirm('send_email', mail, 'ada');
    for (let i = 0; i < 20; i++) tools.observe(offering([{ ...sendEmail, description: `Sends ${i}` }]));
    tools.observe(offering(Array.from({ length: bounds.tools + 500 }, (_, i) => ({ name: `tool_${i}` }))));
    tools.observe(offering([sendEmail]));
    expect(tools.manifestOf('send_email')).toBe(unknownManifest);
    expect((await tools.list()).length).toBeLessThanOrEqual(bounds.tools + 1);
  });

  test('written in another order is the same one', async () => {
    const tools = await open();
    tools.observe(offering([sendEmail]));
    await tools.confirm('send_email', mail, 'ada');
    const { name, description = '', parameters = {} } = sendEmail;
    const reordered = Object.fromEntries(Object.entries(parameters).toReversed());
    tools.observe(offering([{ parameters: reordered, description, name }]));
    expect(tools.manifestOf('send_email')).toEqual(mail);
  });
});

describe('a confirmation', () => {
  test('is for the definition that the operator saw, and no other', async () => {
    const tools = await open();
    tools.observe(offering([sendEmail]));
    const [shown] = await tools.list();
    tools.observe(offering([changed]));
    expect(await codeOf(tools.confirm('send_email', mail, 'ada', shown?.definition))).toBe('conflict');
    expect(tools.manifestOf('send_email')).toBe(unknownManifest);
    const [now] = await tools.list();
    await tools.confirm('send_email', mail, 'ada', now?.definition);
    expect(tools.manifestOf('send_email', changed)).toEqual(mail);
    expect(tools.manifestOf('send_email', sendEmail)).toBe(unknownManifest);
  });

  test('of a tool that was never seen, or that the configuration names, is refused', async () => {
    const tools = await open({ exact: { effect: 'read' } });
    expect(await codeOf(tools.confirm('send_email', mail, 'ada'))).toBe('not_found');
    tools.observe(offering([{ name: 'exact' }]));
    expect(await codeOf(tools.confirm('exact', mail, 'ada'))).toBe('conflict');
    tools.observe(offering([{ name: 'broken', description: '\udc00' }]));
    expect(await codeOf(tools.confirm('broken', mail, 'ada'))).toBe('invalid_request');
    expect(await codeOf(tools.forget('exact'))).toBe('not_found');
  });

  test('that contradicts itself, or names an argument that the tool lacks, is refused by name', async () => {
    const tools = await open();
    tools.observe(offering([sendEmail]));
    const refused = await tools
      .confirm('send_email', manifest({ effect: 'send', target: ['too'], content: ['body'] }), 'ada')
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RuntimeFault);
    expect(refused).toMatchObject({ code: 'invalid_request', path: 'manifest.target.0' });
    expect((refused as RuntimeFault).detail).toMatch(/no argument too; did you mean to\?/);
    const torn = manifest({ target: ['to'], content: ['to'] });
    expect(await codeOf(tools.confirm('send_email', torn, 'ada'))).toBe('invalid_request');
    expect(await h.store.manifests.list()).toEqual([]);
  });

  test('that could not be written does not count', async () => {
    const failing: ManifestStore = {
      list: () => Promise.resolve([]),
      set: () => Promise.reject(new RuntimeFault('store_unavailable')),
      delete: () => Promise.reject(new RuntimeFault('store_unavailable')),
    };
    const tools = await open({}, failing);
    tools.observe(offering([sendEmail]));
    expect(await codeOf(tools.confirm('send_email', mail, 'ada'))).toBe('store_unavailable');
    expect(tools.manifestOf('send_email')).toBe(unknownManifest);
  });

  test('whose tool changes while it is written does not count', async () => {
    const slow: ManifestStore = {
      ...h.store.manifests,
      set: async (confirmed) => {
        tools.observe(offering([changed]));
        await h.store.manifests.set(confirmed);
      },
    };
    const tools = await open({}, slow);
    tools.observe(offering([sendEmail]));
    await tools.confirm('send_email', mail, 'ada');
    expect(tools.manifestOf('send_email')).toBe(unknownManifest);
  });
});

describe('what is observed', () => {
  test('shows in the list as names and counts, never as values', async () => {
    const tools = await open();
    tools.observe(offering([sendEmail]));
    tools.observe(calling('send_email', { to: 'CANARY@x.example', 'CANARY name': 1, subject: 'CANARY-CONTENT' }));
    tools.observe(answering('send_email', '{"to":"CANARY@x.example","CANARY":{"email":"x"}}'));
    tools.observe(calling('invented', { to: 'x' }));
    const list = await tools.list();
    expect(list).toHaveLength(1);
    expect(list[0]).toMatchObject({
      name: 'send_email',
      from: 'unknown',
      seen: { calls: 1, arguments: ['to', 'subject'] },
    });
    expect(list[0]?.proposal?.manifest).toMatchObject({ effect: 'send', target: ['to'], content: ['subject', 'body'] });
    expect(JSON.stringify(list)).not.toContain('CANARY');
    for (const view of list) expect(toolSchema.parse(view)).toEqual(view);
  });

  test('makes proposals better: results with fields, results that echo, fields with labels', async () => {
    const tools = await open();
    const search: ToolDefinition = { name: 'search_customers', description: 'Searches customers' };
    const result = '[{"name":"Ann","email":"ann@x.example"}]';
    const query = { query: 'ann@x.example' };
    tools.observe(answering('search_customers', result));
    tools.observe(offering([search]));
    tools.observe(answering('search_customers', result));
    tools.observe(offering([search], exchange('search_customers', query, result)));
    const [view] = await tools.list();
    expect(view?.proposal?.manifest).toMatchObject({
      effect: 'read',
      results: { trust: 'untrusted', format: 'records', echoes: true, fieldLabels: { '*.email': ['pii'] } },
    });
    tools.observe(answering('search_customers', 'Nothing was found for you, dear customer.'));
    expect((await tools.list())[0]?.proposal?.manifest.results.format).toBe('text');
  });

  test('is bounded, however much is offered, called and answered', async () => {
    const tools = await open();
    const huge = { type: 'object', properties: { x: { description: 'x'.repeat(100_000) } } };
    tools.observe(offering([{ name: 'huge', description: 'd'.repeat(100_000), parameters: huge }]));
    tools.observe(offering([{ name: 'n'.repeat(bounds.nameLength + 1) }]));
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`a${i}`, 1]));
    tools.observe(calling('huge', many));
    for (let i = 0; i < 100; i++) tools.observe(answering('huge', '{"email":1}'));
    const [view, ...others] = await tools.list();
    expect(others).toEqual([]);
    expect(view?.description).toHaveLength(bounds.descriptionLength);
    expect(view?.seen?.arguments).toHaveLength(bounds.argumentsOfTool);
    expect(JSON.stringify(view).length).toBeLessThan(50_000);
  });

  test.each([
    ['prose', 'a'.repeat(100_000)],
    ['deep JSON', '['.repeat(15_000)],
    ['an alias bomb', `a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]`],
    ['a prototype', '{"__proto__": {"email": 1}, "constructor": {"password": 2}}'],
  ])('of hostile results is nothing but their layout: %s', async (_, text) => {
    const tools = await open();
    tools.observe(offering([{ name: 'get_x' }], exchange('get_x', { q: 'long enough' }, text)));
    tools.observe(answering('get_x', text));
    expect((await tools.list()).map(({ from }) => from)).toEqual(['unknown']);
  });

  test('is seen before it is judged', async () => {
    const tools = await open();
    tools.observe(offering([sendEmail]));
    await tools.confirm('send_email', mail, 'ada');
    const judged: string[] = [];
    const flow = observing(
      {
        learn: () => void judged.push(tools.manifestOf('send_email').effect),
        trace: () => {
          judged.push(tools.manifestOf('send_email').effect);
          throw new Error('no more is needed');
        },
        settle: () => undefined,
      },
      tools,
    );
    await flow.learn(offering([changed]), session);
    expect(() => flow.trace(calling('send_email', {}, changed), session)).toThrow();
    expect(judged).toEqual(['execute', 'execute']);
  });
});

test('a family in the configuration is listed as itself, and its tools by name', async () => {
  const tools = await open({ 'crm_*': { effect: 'write' }, exact: { effect: 'read' } });
  tools.observe(offering([{ name: 'crm_add' }]));
  expect((await tools.list()).map(({ name, from, manifest: { effect } }) => [name, from, effect])).toEqual([
    ['crm_*', 'config', 'write'],
    ['crm_add', 'config', 'write'],
    ['exact', 'config', 'read'],
  ]);
});
