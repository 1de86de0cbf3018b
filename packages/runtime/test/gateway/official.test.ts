import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Client as NewClient } from '@modelcontextprotocol/client';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { expect, it, onTestFinished } from 'vitest';
import { root } from '../upstreams/support.ts';
import { denialIn, stage, textIn } from './stage.ts';

/* The official servers behind the gateway, with policies on, and the official clients in front of it, none of them changed. */

const packageFile = (name: string, file: string) => join(root, 'node_modules', '@modelcontextprotocol', name, file);
const permissions = `
roles:
  support:
    tools:
      'everything__*': allow
      'files__*': allow
      everything__get-tiny-image: deny
      files__write_file: ask
      files__read_text_file: { decision: allow, when: { path: '*.txt' } }
`;

async function officialStage() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-files-')));
  mkdirSync(join(folder, 'notes'));
  writeFileSync(join(folder, 'notes', 'a.txt'), 'a note');
  writeFileSync(join(folder, 'notes', 'key.pem'), 'not for you');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const program = (name: string, ...args: string[]) =>
    `{ kind: stdio, command: "${process.execPath}", args: ${JSON.stringify([packageFile(name, 'dist/index.js'), ...args])}, firstUse: pin }`;
  const trusted = '{ effect: read, results: { trust: trusted } }';
  const config = `upstreams: { everything: ${program('server-everything')}, files: ${program('server-filesystem', folder)} }
tools: { 'everything__*': ${trusted}, 'files__read*': ${trusted}, 'files__list*': ${trusted}, files__write_file: { effect: write } }`;
  return { ...(await stage({ config, permissions })), files: folder };
}

it.each(['old', 'modern'] as const)(
  'the %s SDK works unmodified with server-everything and server-filesystem',
  async (line) => {
    const { open, files } = await officialStage();
    const session = await open();
    const client = line === 'old' ? await session.old() : await session.modern();
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['everything__echo', 'files__read_text_file', 'files__write_file']));
    expect(names).not.toContain('everything__get-tiny-image');
    const call = (name: string, args: Record<string, unknown>) => client.callTool({ name, arguments: args });
    expect(textIn(await call('everything__echo', { message: 'hello' }))).toContain('hello');
    expect(textIn(await call('everything__get-sum', { a: 2, b: 3 }))).toContain('5');
    const structured = await call('everything__get-structured-content', { location: 'Chicago' });
    expect(structured['structuredContent']).toMatchObject({ conditions: expect.any(String) });
    expect(textIn(await call('files__read_text_file', { path: join(files, 'notes', 'a.txt') }))).toContain('a note');
    expect(denialIn(await call('files__read_text_file', { path: join(files, 'notes', 'key.pem') }))).toMatchObject({
      reason: 'no_permission',
    });
    expect(denialIn(await call('files__write_file', { path: join(files, 'b.txt'), content: 'x' }))).toMatchObject({
      reason: 'approval_required',
    });
    expect(denialIn(await call('everything__get-tiny-image', {}))).toMatchObject({
      reason: expect.stringMatching(/forbidden|no_permission/),
    });
    const { resources } = await client.listResources();
    const [first] = resources;
    expect((await client.readResource({ uri: first?.uri ?? '' })).contents).toHaveLength(1);
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toContain('everything__simple-prompt');
    expect((await client.getPrompt({ name: 'everything__simple-prompt' })).messages).toHaveLength(1);
    const completed = await client.complete({
      ref: { type: 'ref/prompt', name: 'everything__completable-prompt' },
      argument: { name: 'department', value: 'E' },
    });
    expect(completed.completion.values).toContain('Engineering');
    const progress: unknown[] = [];
    const onprogress = (each: unknown) => void progress.push(each);
    const slow = { name: 'everything__trigger-long-running-operation', arguments: { duration: 1, steps: 2 } };
    if (line === 'old') await (client as Client).callTool(slow, undefined, { onprogress });
    else await (client as NewClient).callTool(slow, { onprogress });
    expect(progress).toHaveLength(2);
  },
  60_000,
);

it('the inspector’s command line works unmodified', async () => {
  const { open, runtime } = await officialStage();
  const { token } = await open();
  const run = promisify(execFile);
  const inspector = async (...args: string[]) => {
    const file = packageFile('inspector', 'clients/launcher/build/index.js');
    const header = ['--header', `Authorization: Bearer ${token}`];
    const { stdout } = await run(
      process.execPath,
      [file, '--cli', `${runtime.url}/mcp`, '--transport', 'http', ...header, ...args],
      {
        env: { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}` },
      },
    );
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const { tools } = await inspector('--method', 'tools/list');
  expect(JSON.stringify(tools)).toContain('everything__echo');
  const echoed = await inspector(
    '--method',
    'tools/call',
    '--tool-name',
    'everything__echo',
    '--tool-arg',
    'message=hi',
  );
  expect(textIn(echoed)).toContain('hi');
  expect(JSON.stringify(await inspector('--method', 'resources/list'))).toContain('demo://');
  expect(JSON.stringify(await inspector('--method', 'prompts/list'))).toContain('everything__simple-prompt');
}, 60_000);
