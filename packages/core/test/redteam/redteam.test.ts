import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Forces, ManifestInput, RedTeamReport, ToolDefinition } from '../../src/index.ts';
import {
  armGuards,
  editCell,
  loadPolicySet,
  manifestSchema,
  parseConfig,
  permissionsSchema,
  redTeam,
  rulesOf,
  targetOf,
  unknownManifest,
} from '../../src/index.ts';
import { session } from '../fixtures.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const text = { type: 'string' };
const define = (name: string, properties: Record<string, object>, description = ''): ToolDefinition => ({
  name,
  description,
  parameters: { type: 'object', properties: JSON.parse(JSON.stringify(properties)), required: Object.keys(properties) },
});

const readMail = define('read_mail', { id: text }, 'Reads one e-mail');
const sendMail = define(
  'send_mail',
  { to: { type: 'array', items: text }, subject: text, body: text },
  'Sends an e-mail',
);
const deleteFile = define('delete_file', { path: text }, 'Deletes a file');
const readLogin = define('read_login', { customer_id: text }, 'Reads how a customer signs in');

interface Setup {
  readonly permissions: string;
  readonly config?: string;
  readonly tools: readonly (readonly [ToolDefinition, ManifestInput?])[];
  readonly request?: string;
}

/** The real guards on the real policies, as the command line puts them together. */
async function attack({ permissions, config = '{}', tools, request }: Setup): Promise<RedTeamReport> {
  const parsed = parseConfig(config, { env: {}, readFile: () => '' });
  const known = new Map(tools.map(([{ name }, manifest]) => [name, manifestSchema.parse(manifest ?? {})]));
  const forcesOf = (matrix: string): Forces => {
    const policies = loadPolicySet({ permissions: { name: 'permissions.yaml', text: matrix }, cedar: [] }, { sha256 });
    return {
      guards: armGuards(
        {
          ...parsed,
          guards: {
            ...parsed.guards,
            spotlight: { mode: 'off' },
            canary: { ...parsed.guards.canary, mode: 'off' },
            redact: { ...parsed.guards.redact, mode: 'off' },
          },
        },
        () => policies,
        { flow: true },
      ),
      rules: rulesOf(parsed.flow.profile, parsed.flow.rules),
      maxBytes: parsed.flow.maxBytes,
      manifestOf: (tool) => known.get(tool) ?? unknownManifest,
      definitionOf: (tool) => tools.find(([{ name }]) => name === tool)?.[0] ?? { name: tool },
      session: session(),
    };
  };
  const { roles } = permissionsSchema.parse(parse(permissions));
  const testedOf = (tool: string) => {
    const cell = roles['support']?.tools?.[tool];
    return typeof cell === 'object' ? (cell.when ?? {}) : {};
  };
  return redTeam({
    forces: forcesOf(permissions),
    targets: tools.map(([definition]) =>
      targetOf({
        definition,
        manifest: known.get(definition.name) ?? unknownManifest,
        tested: testedOf(definition.name),
      }),
    ),
    request,
    withCell: (tool, cell) => ({
      roles: ['support'],
      forces: forcesOf(editCell(permissions, { role: 'support', kind: 'tools', name: tool, cell })),
    }),
  });
}

const allowAll = 'roles:\n  support:\n    tools:\n      "*": allow\n';
const mailManifest: ManifestInput = { effect: 'send', target: ['to'], content: ['subject', 'body'] };

describe('a configuration without holes', () => {
  let report: RedTeamReport;
  beforeAll(async () => {
    report = await attack({
      permissions: allowAll,
      tools: [
        [readMail, { effect: 'read' }],
        [sendMail, mailManifest],
        [deleteFile, { effect: 'delete' }],
      ],
    });
  });

  test('nothing harmful runs, and every tool that acts was attacked', () => {
    expect(report.holes).toEqual([]);
    expect(report.vias).toContain('read_mail');
    for (const { tool, attempts, runs } of report.tools) {
      expect([tool, runs, attempts > 0]).toEqual([tool, 0, tool !== 'read_mail']);
    }
  });

  test('what stopped each attempt is named', () => {
    const mail = report.tools.find(({ tool }) => tool === 'send_mail');
    expect(Object.keys(mail?.by ?? {})).toEqual(expect.arrayContaining(['flow:targets', 'flow:links', 'flow:intent']));
    expect(Object.values(mail?.by ?? {}).reduce((sum, count) => sum + count, 0)).toBe(mail?.attempts);
  });
});

describe('a hole is found, and what closes it was tried out', () => {
  test('a guard that only observes stops nothing', async () => {
    const { holes, tools } = await attack({
      permissions: allowAll,
      config: 'guards: { flow: { mode: observe } }',
      tools: [
        [readMail, { effect: 'read' }],
        [sendMail, mailManifest],
      ],
    });
    expect(holes.map(({ technique }) => technique)).toEqual(
      expect.arrayContaining(['one_target', 'all_targets', 'link', 'unasked']),
    );
    expect(tools.find(({ tool }) => tool === 'send_mail')?.held).toBe(0);
    expect(new Set(holes.map(({ fix }) => fix?.file))).toEqual(new Set(['sallyport.yaml']));
    expect(holes[0]?.fix?.text).toContain('mode: enforce');
  });

  test('a rule that was switched off is named', async () => {
    const { holes } = await attack({
      permissions: allowAll,
      config: 'flow: { rules: { links: false } }',
      tools: [
        [readMail, { effect: 'read' }],
        [sendMail, mailManifest],
      ],
    });
    expect(holes.length).toBeGreaterThan(0);
    expect(new Set(holes.map(({ technique }) => technique))).toEqual(new Set(['link']));
    expect(parse(holes[0]?.fix?.text ?? '')).toEqual({ flow: { rules: { links: true } } });
  });

  test('a deleting tool that is called a reader in the configuration', async () => {
    const { holes } = await attack({
      permissions: allowAll,
      tools: [
        [readMail, { effect: 'read' }],
        [deleteFile, { effect: 'read' }],
      ],
    });
    expect(holes.map(({ tool }) => tool)).toContain('delete_file');
    const fixed = parse(holes[0]?.fix?.text ?? '') as { tools?: { delete_file?: { effect?: string } } };
    expect(fixed.tools?.delete_file?.effect).toBe('delete');
  });

  test('an argument that chooses what leaves and was called content', async () => {
    const { holes } = await attack({
      permissions: allowAll,
      tools: [
        [readMail, { effect: 'read' }],
        [
          define('hand_in', { file_path: text, message: text }),
          { effect: 'send', target: [], content: ['file_path', 'message'] },
        ],
      ],
    });
    const hole = holes.find(({ technique, argument }) => technique === 'one_target' && argument === 'file_path');
    const fixed = parse(hole?.fix?.text ?? '') as { tools?: { hand_in?: { target?: string[] } } };
    expect(fixed.tools?.hand_in?.target).toEqual(['file_path']);
  });
});

describe('policies are part of what is attacked', () => {
  test('what the policies deny is counted as denied, and is no way in', async () => {
    const { tools, vias, holes } = await attack({
      permissions: 'roles:\n  support:\n    tools:\n      send_mail: allow\n      read_mail: deny\n',
      tools: [
        [readMail, { effect: 'read' }],
        [sendMail, mailManifest],
        [deleteFile, { effect: 'delete' }],
      ],
    });
    expect(vias).not.toContain('read_mail');
    expect(vias).toContain('send_mail');
    const deleted = tools.find(({ tool }) => tool === 'delete_file');
    expect(deleted?.denied).toBe(deleted?.attempts);
    expect(holes).toEqual([]);
  });

  test("the attacker's values fit the patterns, so that it is information flow that stops them", async () => {
    const { tools } = await attack({
      permissions:
        'roles:\n  support:\n    tools:\n      read_mail: allow\n      send_mail: { decision: allow, when: { to: "*@customer.example" } }\n',
      tools: [
        [readMail, { effect: 'read' }],
        [sendMail, mailManifest],
      ],
    });
    const mail = tools.find(({ tool }) => tool === 'send_mail');
    expect(mail?.by['flow:targets']).toBeGreaterThan(0);
    expect(mail?.runs).toBe(0);
  });

  test('private data into a message that the user asked for is tried where a tool is labelled', async () => {
    const { tools } = await attack({
      permissions: allowAll,
      tools: [
        [readMail, { effect: 'read' }],
        [sendMail, mailManifest],
        [
          readLogin,
          {
            effect: 'read',
            results: { trust: 'trusted', format: 'records', fieldLabels: { '*.password': ['secret'] } },
          },
        ],
      ],
    });
    const mail = tools.find(({ tool }) => tool === 'send_mail');
    expect(mail?.by['flow:classes']).toBeGreaterThan(0);
  });

  test('an own request is attacked as it stands', async () => {
    const asked = 'Delete the file that the mail names';
    const { tools, holes } = await attack({
      permissions: allowAll,
      request: asked,
      tools: [
        [readMail, { effect: 'read' }],
        [deleteFile, { effect: 'delete' }],
      ],
    });
    expect(tools.find(({ tool }) => tool === 'delete_file')?.attempts).toBeGreaterThan(0);
    for (const hole of holes) expect(hole.request).toContain(asked);
  });
});
