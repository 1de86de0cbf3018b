import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Effect, JsonObject, ManifestInput } from '../../src/index.ts';
import { checkManifest, isSink, manifestSchema, proposeManifest, resultShape } from '../../src/index.ts';

const text = { type: 'string' };
const schema = (properties: JsonObject): JsonObject => ({ type: 'object', properties });
const effectOf = (name: string, description = ''): Effect | undefined =>
  proposeManifest({ name, description }).manifest.effect;
const records = { records: 3, text: 0, echoes: 0, fields: [] };

describe('the effect', () => {
  it.each<[string, Effect]>([
    ['get_invoice', 'read'],
    ['listFiles', 'read'],
    ['crm.contacts.search', 'read'],
    ['mcp__github__create_issue', 'write'],
    ['cartAddProduct', 'write'],
    ['send_money', 'send'],
    ['scheduleTransaction', 'send'],
    ['calendar-cancel-event', 'delete'],
    ['HTTPRun', 'execute'],
    ['log_in', 'execute'],
    ['check_out_cart', 'execute'],
    ['verify_account', 'execute'],
  ])('is read off any spelling of a name: %s %s', (name, effect) => {
    expect(effectOf(name)).toBe(effect);
  });

  it.each(['get_post', 'list_orders', 'view_order_history', 'search_messages', 'get_test_runs', 'get_sent_emails'])(
    'is not read off a noun that is also a verb: %s',
    (name) => {
      expect(effectOf(name)).toBe('read');
    },
  );

  it.each([
    ['get_or_create_user', 'write'],
    ['read_and_post', 'send'],
    ['find_replace', 'write'],
    ['get_and_delete_message', 'delete'],
    ['message_search', 'send'],
  ] as const)('of a name that says two things is the stricter: %s', (name, effect) => {
    expect(effectOf(name)).toBe(effect);
  });

  it.each([
    ['get_invoice', 'Gets the invoice. It will also email it to the customer.', 'send'],
    ['get_page', 'Fetches a page or triggers its action.', 'execute'],
    ['read_inbox', 'Reads the inbox and deletes what was read.', 'delete'],
    ['add_participants', 'Adds people to the event. An email is sent to each.', 'send'],
    ['get_help', 'Gets help by posting a question.', 'send'],
    ['list_reports', 'Lists the reports. Note: posts them to the channel.', 'send'],
    ['get_cache', 'Gets rid of the cache.', 'delete'],
    ['update_note', 'Updates a note.', 'write'],
  ] as const)('is the stricter of name and description: %s: %s', (name, description, effect) => {
    expect(effectOf(name, description)).toBe(effect);
  });

  it.each([
    ['send_money', 'Gets the balance. Reads only. Lists nothing else.'],
    ['delete_user', 'Returns the user.'],
    ['wipe_disk', 'This tool reads the disk.'],
  ])('is never made laxer by what the description claims: %s', (name, description) => {
    expect(isSink(manifestSchema.parse(proposeManifest({ name, description }).manifest))).toBe(true);
  });

  it('of a description alone is that it reads only where its first words say so', () => {
    expect(effectOf('balance', 'Gets the balance of the account.')).toBe('read');
    expect(effectOf('nuke_disk', 'Returns whether it worked.')).toBe('execute');
    expect(effectOf('nuke_disk', 'Nukes the disk. Gets a report.')).toBe('execute');
    expect(effectOf('nuke_disk', 'Nukes the disk to find peace.')).toBe('execute');
  });

  it('what a description quotes as code is another tool or an argument', () => {
    expect(effectOf('get_contact', 'Gets a contact. See also `delete_contact` and `send`.')).toBe('read');
  });

  it.each([
    ['query_rows', { sql: text }, 'execute'],
    ['get_status', { script: text }, 'execute'],
    ['fetch_page', { url: text, body: text }, 'send'],
    ['update_event', { attendees: { type: 'array', items: text } }, 'send'],
  ] as const)('is raised by what is run, sent along, or told to people: %s', (name, properties, effect) => {
    expect(proposeManifest({ name, parameters: schema(properties) }).manifest.effect).toBe(effect);
  });
});

describe('hints of a server', () => {
  it('make a proposal stricter', () => {
    const write = proposeManifest({ name: 'get_x', annotations: { readOnlyHint: false } });
    expect(write.manifest.effect).toBe('write');
    const destroys = proposeManifest({ name: 'update_x', annotations: { destructiveHint: true } });
    expect(destroys.manifest.effect).toBe('delete');
    const open = proposeManifest({ name: 'search_x', annotations: { openWorldHint: true } });
    expect(open.manifest.egress).toBe(true);
  });

  it('never make it laxer while nobody vouches for the server', () => {
    const annotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: false };
    expect(proposeManifest({ name: 'frobnicate', annotations }).manifest.effect).toBe('execute');
    expect(proposeManifest({ name: 'send_x', annotations }).manifest.effect).toBe('send');
    expect(proposeManifest({ name: 'delete_x', annotations }).manifest.effect).toBe('delete');
  });

  it('of a server that is vouched for are believed where the words say nothing, and not against them', () => {
    const annotations = { readOnlyHint: true };
    expect(proposeManifest({ name: 'frobnicate', annotations, vouched: true }).manifest.effect).toBe('read');
    const { manifest, why } = proposeManifest({ name: 'delete_x', annotations, vouched: true });
    expect(manifest.effect).toBe('delete');
    expect(why.join(' ')).toMatch(/its own words say otherwise/);
  });
});

describe('arguments', () => {
  const sorted = (name: string, properties: JsonObject) => {
    const { target, content } = proposeManifest({ name, parameters: schema(properties) }).manifest;
    return { target, content: content ?? [] };
  };

  it('are targets, but for text that is written for people', () => {
    const properties = {
      to: text,
      cc: text,
      subject: text,
      body: text,
      attachments: { type: 'array' },
      importance: text,
    };
    expect(sorted('send_email', properties)).toEqual({
      target: ['to', 'cc', 'attachments', 'importance'],
      content: ['subject', 'body'],
    });
  });

  it.each([
    ['an address in disguise', 'text', { type: 'string', format: 'uri' }],
    ['an e-mail address in disguise', 'comment', { type: 'string', format: 'email' }],
    ['a path in disguise', 'content', { type: 'string', description: 'File path of what is sent' }],
    ['a recipient in disguise', 'note', { type: 'string', description: 'The recipient' }],
    ['a choice', 'message', { type: 'string', enum: ['a', 'b'] }],
    ['an object', 'message', { type: 'object' }],
    ['anything', 'body', {}],
    ['a list of objects', 'comments', { type: 'array', items: { type: 'object' } }],
    ['an id', 'message_id', text],
    ['a path', 'content_path', text],
    ['a secret', 'password_text', text],
    ['the unknown', 'frob', text],
  ])('that name a text and are %s are targets', (_, name, property) => {
    expect(sorted('update_thing', { [name]: property })).toEqual({ target: [name], content: [] });
  });

  it('inside declared objects are told apart by their places', () => {
    const item = { type: 'object', properties: { to: text, body: text } };
    const nested = { $ref: '#/$defs/Note' };
    const parameters = {
      ...schema({ messages: { type: 'array', items: item }, note: { anyOf: [nested, { type: 'null' }] } }),
      $defs: { Note: { type: 'object', properties: { text, author: text } } },
    };
    const { target, content } = proposeManifest({ name: 'send_all', parameters }).manifest;
    expect(target).toEqual(['messages.*.to', 'note.author']);
    expect(content).toEqual(['messages.*.body', 'note.text']);
  });

  it('of a tool that executes, or reads, are all targets', () => {
    expect(sorted('run_report', { text, comment: text }).content).toEqual([]);
    expect(sorted('search_notes', { text }).content).toEqual([]);
  });

  it('that are not declared are targets', () => {
    const parameters = schema({ body: text });
    const { manifest } = proposeManifest({ name: 'send_x', parameters, seen: { arguments: ['body', 'text', 'bcc'] } });
    expect(manifest).toMatchObject({ target: ['text', 'bcc'], content: ['body'] });
    expect(proposeManifest({ name: 'send_x' }).manifest.target).toBeUndefined();
  });

  it('of a definition that refers to itself, or is huge, end the search', () => {
    const properties = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`p${i}`, { $ref: '#' }]));
    const dotted = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x.${i}`, text]));
    const parameters = { type: 'object', properties: { ...properties, ...dotted } };
    const { manifest } = proposeManifest({ name: 'send_x', parameters });
    expect(manifest.target?.length).toBeLessThanOrEqual(200);
  });
});

describe('what is local or leaves', () => {
  const path = schema({ path: text });

  it('a file tool is local only where its description says so, and never where it deletes or shares', () => {
    const create = (description: string) => proposeManifest({ name: 'create_file', description, parameters: path });
    expect(create('Creates a local file.').manifest.local).toBe(true);
    for (const description of [
      'Creates a file.',
      'Creates a file in the cloud drive.',
      'Creates a local, shared file.',
    ]) {
      expect(create(description).manifest.local).toBeUndefined();
    }
    const remove = { name: 'delete_file', description: 'Deletes a local file.', parameters: path };
    expect(proposeManifest(remove).manifest.local).toBeUndefined();
    const fetched = { name: 'download_file', description: 'Downloads to a local file.' };
    const parameters = schema({ url: text, save_dir: text });
    expect(proposeManifest({ ...fetched, parameters }).manifest).toMatchObject({ effect: 'write', egress: true });
    expect(proposeManifest({ ...fetched, parameters }).manifest.local).toBeUndefined();
    const other = { name: 'update_user', description: 'Updates a local user.', parameters: schema({ user: text }) };
    expect(proposeManifest(other).manifest.local).toBeUndefined();
  });

  it('a read that asks the web is egress: its question leaves', () => {
    const search = { name: 'search', description: 'Performs a web search.', parameters: schema({ query: text }) };
    expect(proposeManifest(search).manifest).toMatchObject({ effect: 'read', egress: true, target: ['query'] });
    const list = { name: 'list_orders', parameters: schema({ page: { type: 'integer' } }) };
    expect(proposeManifest(list).manifest.egress).toBeUndefined();
  });

  it.each([
    ['get_webpage', { url: text }],
    ['get_page', { link: text }],
    ['resolve_x', { target: { type: 'string', format: 'hostname' } }],
    ['get_x', { source: { type: 'string', description: 'A URL' } }],
    ['read_x', { pageUrl: text }],
  ])('a read that takes an address is egress: %s', (name, properties) => {
    expect(proposeManifest({ name, parameters: schema(properties) }).manifest.egress).toBe(true);
  });
});

describe('results', () => {
  it('are never proposed as trusted', () => {
    const everything = { readOnlyHint: true, openWorldHint: false };
    for (const name of ['get_current_day', 'list_files', 'send_x']) {
      const { manifest } = proposeManifest({
        name,
        annotations: everything,
        vouched: true,
        seen: { results: records },
      });
      expect(manifestSchema.parse(manifest).results).toMatchObject({ trust: 'untrusted', fields: {} });
    }
  });

  it('are records only of a look-up, and only when every one that was seen was', () => {
    const formatOf = (name: string, results = records) =>
      manifestSchema.parse(proposeManifest({ name, seen: { results } }).manifest).results.format;
    expect(formatOf('search_orders')).toBe('records');
    expect(formatOf('search_files')).toBe('records');
    expect(formatOf('search_orders', { ...records, text: 1 })).toBe('text');
    expect(formatOf('search_orders', { ...records, records: 0 })).toBe('text');
    for (const name of [
      'read_file',
      'get_webpage',
      'fetch_orders',
      'get_file_by_id',
      'browse',
      'cart_total',
      'run_query',
    ]) {
      expect(formatOf(name)).toBe('text');
    }
  });

  it('that gave arguments back are said to echo', () => {
    const seen = { results: { ...records, echoes: 1 } };
    expect(proposeManifest({ name: 'list_x', seen }).manifest.results?.echoes).toBe(true);
  });

  it('are labelled by the names of fields, and by what the description tells', () => {
    const seen = { results: { ...records, fields: ['*.email', 'api_key', 'bankAccountNumber'] } };
    const { manifest } = proposeManifest({ name: 'list_customers', description: 'With passport numbers.', seen });
    expect(manifest.results?.fieldLabels).toEqual({
      '*.email': ['pii'],
      api_key: ['secret'],
      bankAccountNumber: ['pii'],
    });
    expect(manifest.results?.labels).toEqual(expect.arrayContaining(['private', 'pii', 'secret']));
  });

  it('leave names behind, and no value: not even where records are named by people', () => {
    const shape = resultShape('{"Ann Smith": {"email": "ann@x.example", "balance": 7}, "password": "hunter22"}');
    expect(shape).toEqual({ layout: 'records', fields: ['email', 'password'] });
    expect(JSON.stringify(shape)).not.toMatch(/Ann|ann@|hunter/);
    expect(resultShape('[{"email":"a"},{"email":"b"}]').fields).toEqual(['*.email']);
    expect(resultShape('Dear Ann, your email: x').layout).toBe('text');
  });
});

describe('a one-time code', () => {
  const siblings = [
    { name: 'bank_send_money', description: 'Sends money. Above 500 it requires verification.' },
    { name: 'bank_update_user', description: 'Updates the user.' },
    { name: 'shop_checkout', description: 'Needs a one-time code.' },
  ];

  it('releases what tools of its family say needs one', () => {
    const { manifest } = proposeManifest({ name: 'bank_verify', parameters: schema({ otp: text }), siblings });
    expect(manifest).toMatchObject({ effect: 'execute', target: ['otp'], confirms: ['bank_send_money'] });
  });

  it('that no tool asks for releases nothing, and says so', () => {
    const { manifest, why } = proposeManifest({
      name: 'crm_verify',
      parameters: schema({ code: text, otp: text }),
      siblings,
    });
    expect(manifest.confirms).toBeUndefined();
    expect(why.join('\n')).toMatch(/no tool says that it needs one/);
  });
});

it('a tool of which nothing is known is proposed as what is assumed of it anyway', () => {
  const { manifest, why } = proposeManifest({ name: 'frobnicate' });
  expect(manifestSchema.parse(manifest)).toEqual(manifestSchema.parse({}));
  expect(why.every((sentence) => sentence.endsWith('.'))).toBe(true);
});

describe('whatever is said', () => {
  const words = fc.constantFrom(
    ...'get list read send post order delete run user mail and or to it will the returns gets sends nothing only local'.split(
      ' ',
    ),
  );
  const sentence = fc.array(words, { maxLength: 12 }).map((each) => each.join(' '));
  const hint = fc.boolean();
  const strictness = ['read', 'write', 'send', 'delete', 'execute'];
  const rank = (manifest: ManifestInput) => strictness.indexOf(manifest.effect ?? 'execute');

  it('no description makes a tool less than its name says, and no hint less than both say', () => {
    const claims = fc.record({ readOnlyHint: hint, destructiveHint: hint, openWorldHint: hint }, { requiredKeys: [] });
    fc.assert(
      fc.property(
        fc.array(words, { minLength: 1, maxLength: 4 }),
        sentence,
        claims,
        (parts, description, annotations) => {
          const name = parts.join('_');
          const byName = proposeManifest({ name });
          const described = proposeManifest({ name, description }).manifest;
          const hinted = proposeManifest({ name, description, annotations }).manifest;
          expect(rank(hinted)).toBeGreaterThanOrEqual(rank(described));
          // Where the name says nothing, the description may say that it reads.
          if (!byName.why[0]?.startsWith('Its name says')) return;
          expect(rank(described)).toBeGreaterThanOrEqual(rank(byName.manifest));
        },
      ),
    );
  });

  it('every proposal is a valid manifest that does not contradict itself', () => {
    const property = fc.record({ type: fc.constantFrom('string', 'object', 'array', 'number'), description: sentence });
    const parameters = fc.dictionary(fc.constantFrom('to', 'url', 'body', 'text', 'id', 'items', 'x'), property);
    fc.assert(
      fc.property(sentence, sentence, parameters, (name, description, properties) => {
        const input = { name, description, parameters: schema(properties), seen: { results: records } };
        expect(
          checkManifest(manifestSchema.parse(proposeManifest(input).manifest), { name, parameters: input.parameters }),
        ).toEqual([]);
      }),
    );
  });
});

it('a hostile name or description costs little and proves nothing', () => {
  const description = `${'will '.repeat(50_000)}${'`'.repeat(50_000)}${'a.'.repeat(50_000)}`;
  const { manifest } = proposeManifest({ name: '__proto__', description, parameters: schema({ constructor: text }) });
  expect(manifest).toMatchObject({ effect: 'execute', target: ['constructor'] });
});
