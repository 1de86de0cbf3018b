import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Captured, actsOnTerminal } from './capture.ts';
import { redTeamShape, startedShape } from '../../src/cli/shapes.ts';
import { run } from './run.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-redteam-'));
  await mkdir(join(cwd, 'policies'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const text = { type: 'string' };
const tool = (name: string, description: string, properties: object) => ({
  type: 'function',
  function: { name, description, parameters: { type: 'object', properties, required: Object.keys(properties) } },
});
const tools = [
  tool('read_ticket', 'Read a ticket', { id: text }),
  tool('send_email', 'Send an e-mail', { to: text, subject: text, body: text }),
];
const manifests = [
  '  read_ticket: { effect: read }',
  '  send_email: { effect: send, target: [to], content: [subject, body] }',
];
const permissions = 'roles:\n  support:\n    tools: { read_ticket: allow, send_email: allow }\n';

async function write(config: readonly string[] = [], offered: unknown = tools): Promise<void> {
  await writeFile(join(cwd, 'policies/permissions.yaml'), permissions);
  await writeFile(join(cwd, 'tools.json'), JSON.stringify(offered));
  await writeFile(join(cwd, 'sallyport.yaml'), ['policies: policies', 'tools:', ...manifests, ...config].join('\n'));
}

const attack = (...rest: string[]) => run(['redteam', '--role', 'support', '--tools', 'tools.json', ...rest], { cwd });

describe('redteam without a runtime', () => {
  test('a configuration through which nothing harmful runs ends with 0', async () => {
    await write();
    const { code, stdout } = await attack('--json');
    const report = redTeamShape.parse(JSON.parse(stdout));
    expect({ code, ok: report.ok, holes: report.holes }).toEqual({ code: 0, ok: true, holes: [] });
    expect(report.vias).toContain('read_ticket');
    expect(report.tools.find((each) => each.tool === 'send_email')?.attempts).toBeGreaterThan(5);
  });

  test('something harmful that runs ends with 3, and what it proposes closes it', async () => {
    await write(['flow: { rules: { links: false } }']);
    const { code, stdout } = await attack('--json');
    const report = redTeamShape.parse(JSON.parse(stdout));
    expect({ code, ok: report.ok }).toEqual({ code: 3, ok: false });
    expect(report.holes[0]).toMatchObject({ tool: 'send_email', technique: 'link', fix: { file: 'sallyport.yaml' } });
    await write(report.holes[0]?.fix?.text.split('\n'));
    expect((await attack()).code).toBe(0);
  });

  test('people see what got through, by which argument, and what to add', async () => {
    await write(['flow: { rules: { links: false } }']);
    const { stdout } = await attack();
    expect(stdout).toContain('✗ send_email body');
    expect(stdout).toContain('Add to sallyport.yaml');
    expect(stdout).toContain('links: true');
  });

  test('names and descriptions of tools cannot act on a terminal', async () => {
    await write([], [...tools, tool('wipe\u001b[2Jout', '\u009b2J', { 'a\u202eb': text })]);
    const { stdout } = await attack();
    expect(stdout).toContain('wipe');
    expect(stdout).not.toMatch(actsOnTerminal);
  });

  test('nothing to attack, an unreadable file and half a question are no success', async () => {
    await write([], []);
    expect(await attack()).toMatchObject({ code: 2, stdout: '' });
    await write([], [{ type: 'function' }]);
    expect(await attack()).toMatchObject({ code: 2, stdout: '' });
    expect(await run(['redteam', '--role', 'support'], { cwd })).toMatchObject({ code: 2, stdout: '' });
    expect(await run(['redteam'], { cwd })).toMatchObject({ code: 5, stdout: '' });
  });
});

test("a running runtime's agent, roles and tools are attacked, and nothing of it is recorded", async () => {
  await write(['providers: { none: { baseUrl: "http://127.0.0.1:9/v1" } }']);
  const interruption = new AbortController();
  const stdout = new Captured();
  const ended = run(['dev', '--json', '--port', '0'], { cwd, stdout, interrupted: interruption.signal });
  try {
    await vi.waitUntil(() => stdout.text.includes('\n'), { timeout: 15_000 });
    const { url } = startedShape.parse(JSON.parse(stdout.text));
    expect(url).toContain('http');
    expect((await run(['keys', 'create', '--agent', 'desk', '--roles', 'support'], { cwd })).code).toBe(0);
    const { code, stdout: said } = await run(['redteam', '--agent', 'desk', '--tools', 'tools.json', '--json'], {
      cwd,
    });
    const report = redTeamShape.parse(JSON.parse(said));
    expect({ code, agent: report.agent }).toEqual({ code: 0, agent: 'desk' });
    expect(report.tools.find((each) => each.tool === 'send_email')?.held).toBeGreaterThan(0);
    const nobody = await run(['redteam', '--agent', 'nobody'], { cwd });
    expect(nobody.code).toBe(2);
    expect(nobody.stderr).toContain('desk');
  } finally {
    interruption.abort();
    await ended;
  }
});
