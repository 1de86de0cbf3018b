import { adminRoutes, toolSchema } from '@sallyport/core/admin';
import { describe, expect, it } from 'vitest';
import { draftOf, lacks, manifestOf, resultsText, targetsText } from '../src/routes/tools/manifest.ts';

const schema = adminRoutes['tools.confirm'].body.shape.manifest;

describe('editing a manifest', () => {
  it('what was not changed is sent back as it was, also what the form does not show', () => {
    const manifest = schema.parse({
      effect: 'send',
      kinds: ['pay'],
      sink: true,
      egress: false,
      target: ['to', 'amount'],
      content: ['text'],
      demand: { to: 'user' },
      caps: { amount: 50 },
      confirms: ['queue_payment'],
      results: {
        trust: 'untrusted',
        format: 'records',
        fields: { 'items.*.id': 'trusted' },
        echoes: true,
        labels: ['private'],
        fieldLabels: { name: ['pii'] },
      },
    });
    expect(schema.parse(manifestOf(draftOf(manifest)))).toEqual(manifest);
  });

  it('the safest stays the safest: nothing said is sent as nothing said', () => {
    const { manifest } = toolSchema.parse({ name: 'x', from: 'unknown', manifest: {} });
    expect(schema.parse(manifestOf(draftOf(manifest)))).toEqual(schema.parse({}));
    expect(manifestOf(draftOf(manifest))).not.toHaveProperty('target');
  });

  it('fields of a text are not sent: whoever writes the text lays out its fields', () => {
    const draft = draftOf(schema.parse({ results: { format: 'records', fields: { id: 'trusted' } } }));
    expect(manifestOf({ ...draft, format: 'text' }).results?.fields).toEqual({});
  });

  it('says what is missing before it is sent', () => {
    const draft = draftOf(schema.parse({}));
    expect(lacks(draft)).toBeUndefined();
    expect(lacks({ ...draft, target: ['to'], content: ['to'] })).toContain('either a target or content');
    expect(lacks({ ...draft, caps: [{ path: '', value: 1 }] })).toContain('Name the argument');
    expect(lacks({ ...draft, caps: [{ path: 'amount', value: undefined }] })).toContain('Give amount an amount');
    expect(lacks({ ...draft, labels: ['Not A Label'] })).toContain('lower-case');
  });
});

describe('a manifest in one line', () => {
  it('says which arguments are targets', () => {
    expect(targetsText(schema.parse({ target: ['to'] }))).toBe('to');
    expect(targetsText(schema.parse({ target: [] }))).toBe('none');
    expect(targetsText(schema.parse({}))).toBe('all');
    expect(targetsText(schema.parse({}), ['to', 'text'])).toBe('all: to, text');
    expect(targetsText(schema.parse({ content: ['text'] }))).toBe('all but text');
    expect(targetsText(schema.parse({ content: ['text'] }), ['to', 'text'])).toBe('to');
  });

  it('says who can write the results', () => {
    expect(resultsText(schema.parse({}))).toBe('untrusted');
    expect(
      resultsText(schema.parse({ results: { format: 'records', fields: { id: 'trusted', from: 'trusted' } } })),
    ).toBe('untrusted, but id, from trusted');
  });
});
