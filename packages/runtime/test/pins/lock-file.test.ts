import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LockFile, lockPathOf } from '../../src/pins/index.ts';
import { codeOf } from '../identity/harness.ts';
import { changed, openPins, pin, readFileTool, sendEmailTool, statesOf, type PinHarness } from './open.ts';

let h: PinHarness;
beforeEach(async () => {
  h = await openPins();
});
afterEach(() => h.close());

describe('sallyport.lock', () => {
  test('stands beside sallyport.yaml, else in the data folder', () => {
    expect(lockPathOf({ configPath: '/etc/sallyport/sallyport.yaml', dataDir: '/data' })).toBe(
      '/etc/sallyport/sallyport.lock',
    );
    expect(lockPathOf({ dataDir: '/data' })).toBe('/data/sallyport.lock');
  });

  test('is the same text whatever the order of reviews, one member a line, and shows what is invisible', async () => {
    await pin(h.pins, 'files', readFileTool);
    await pin(h.pins, 'files', { name: 'b', description: 'zero\u200bwidth and \u202eturned' });
    await pin(h.pins, 'files', sendEmailTool);
    const forth = h.text();
    rmSync(h.path);
    await pin(h.pins, 'files', sendEmailTool);
    await pin(h.pins, 'files', { name: 'b', description: 'zero\u200bwidth and \u202eturned' });
    await pin(h.pins, 'files', readFileTool);
    const dateless = (text: string) => text.replaceAll(/"at": "2[^"]*"/g, '');
    expect(dateless(h.text())).toBe(dateless(forth));
    expect(forth).toContain('zero\\u200bwidth and \\u202eturned');
    expect(forth).toMatch(/^[\n\x20-\x7e]*$/);
    expect(forth.split('\n').every((line) => line.length < 200)).toBe(true);
  });

  test('is read again when somebody else has changed it, and the change is told', async () => {
    const other = await h.another();
    const told = new Promise((resolve) => h.pins.onChange(resolve));
    await pin(other, 'files', readFileTool);
    expect(await statesOf(h.pins, 'files', readFileTool)).toEqual(['pinned']);
    expect(await told).toBe('files');
    rmSync(h.path);
    expect(await statesOf(h.pins, 'files', readFileTool)).toEqual(['new']);
  });

  test.each<[string, (text: string) => string]>([
    ['is cut short', (text) => text.slice(0, -20)],
    ['is empty', () => ''],
    ['holds the marks of a merge', (text) => text.replace('{', '<<<<<<< ours\n{')],
    ['holds an unknown key', (text) => text.replace('"lockVersion": 1', '"lockVersion": 1, "trustAll": true')],
    ['holds an unknown key of a tool', (text) => text.replace('"accepted": {', '"accepted": {"all": true,')],
    ['is of another version', (text) => text.replace('"lockVersion": 1', '"lockVersion": 2')],
    ['holds a member twice', (text) => text.replace('"lockVersion": 1', '"lockVersion": 1, "lockVersion": 1')],
    ['has a definition under another hash', (text) => text.replace('complete contents', 'contents')],
    [
      'has a hash over another definition',
      (text) => text.replace(/"hash": "[0-9a-f]{64}"/, `"hash": "${'0'.repeat(64)}"`),
    ],
    ['has the definition of another tool', (text) => text.replace('"read_file": {', '"write_file": {')],
    [
      'is nested without end',
      (text) => text.replace('"definition": {', `"definition": {"x":${'['.repeat(500)}${']'.repeat(500)},`),
    ],
    ['is no UTF-8', () => '\ud800'],
  ])('that %s is refused: nothing is offered, and nothing can be approved over it', async (_, change) => {
    await pin(h.pins, 'files', readFileTool);
    const { hash } = (await h.pins.list())[0] ?? {};
    const tampered = change(h.text());
    h.write(tampered);
    expect(await codeOf(h.pins.judge('files', [readFileTool]))).toBe('invalid_config');
    expect(await codeOf(h.pins.approve('files', 'read_file', hash ?? '', 'ada'))).toBe('invalid_config');
    expect(await codeOf(h.another())).toBe('invalid_config');
    expect(h.text()).toBe(tampered.toWellFormed());
  });

  test('names its place where it is malformed, and never what stands there', async () => {
    await pin(h.pins, 'files', readFileTool);
    h.write(h.text().replace('"state"', '').replace('"by": "ada"', '"by": 7'));
    const told = await h.pins.judge('files', [readFileTool]).catch((error: Error) => error.message);
    expect(told).toContain('upstreams.files.tools.read_file.accepted.by');
    expect(told).toContain(h.path);
  });

  test('says what is to be done about a merge that was not resolved, and a later format', async () => {
    await pin(h.pins, 'files', readFileTool);
    const text = h.text();
    const said = async (now: string) => {
      h.write(now);
      return await h.pins.judge('files', [readFileTool]).catch((error: Error) => error.message);
    };
    expect(await said(text.replace('{', '{\n<<<<<<< ours\n=======\n>>>>>>> theirs'))).toMatch(/marks of a merge/);
    expect(await said(text.replace('"lockVersion": 1', '"lockVersion": 2'))).toMatch(/format 2: run the version/);
    expect(await said('[]')).toMatch(/the file: /);
  });

  test('that was rolled back counts as it is: what it does not hold is not pinned', async () => {
    await pin(h.pins, 'files', readFileTool);
    const before = h.text();
    const fixed = changed({ description: 'Reads a file, without the hole.' });
    await pin(h.pins, 'files', fixed);
    h.write(before);
    expect(await statesOf(h.pins, 'files', fixed)).toEqual(['changed']);
  });

  test('that cannot be written is a clear fault, and nothing has changed', async () => {
    await pin(h.pins, 'files', readFileTool);
    const before = h.text();
    const [judged] = await h.pins.judge('files', [sendEmailTool]);
    // A folder in place of the file that keeps others off: nobody, not even root, can make that file then.
    mkdirSync(join(h.folder, '.sallyport.lock.held'));
    const blocked = h.pins.approve('files', 'send_email', judged?.hash ?? '', 'ada');
    rmSync(join(h.folder, '.sallyport.lock.held'), { recursive: true });
    await blocked;
    rmSync(h.folder, { recursive: true });
    const fault: unknown = await h.pins
      .approve('files', 'send_email', judged?.hash ?? '', 'ada')
      .catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'store_unavailable' });
    expect(String(fault)).toContain(h.path);
    mkdirSync(h.folder);
    h.write(before);
    expect(await statesOf(h.pins, 'files', readFileTool, sendEmailTool)).toEqual(['pinned', 'new']);
    const first = await h.another('pin');
    rmSync(h.folder, { recursive: true });
    expect(await codeOf(first.judge('mail', [sendEmailTool]))).toBe('store_unavailable');
  });

  test('that may not be read is a clear fault', async () => {
    mkdirSync(h.path);
    expect(await codeOf(h.pins.judge('files', [readFileTool]))).toBe('store_unavailable');
  });

  test('is changed by many at once, and every change is in it', async () => {
    const services = await Promise.all([h.another(), h.another(), h.another(), h.another()]);
    const tools = Array.from({ length: 24 }, (_, i) => ({ name: `tool_number_${'abcdefghijklmnopqrstuvwxyz'[i]}` }));
    await Promise.all(
      tools.map(async (tool, i) => {
        const service = services[i % services.length];
        const [judged] = (await service?.judge('files', [tool])) ?? [];
        await service?.approve('files', tool.name, judged?.hash ?? '', 'ada');
      }),
    );
    expect(await statesOf(h.pins, 'files', ...tools)).toEqual(tools.map(() => 'pinned'));
    expect(readdirSync(h.folder)).toEqual(['sallyport.lock']);
  });

  test('is free again when a process died while it held it', async () => {
    const held = join(h.folder, '.sallyport.lock.held');
    // No process has this number: beyond the largest of Linux.
    writeFileSync(held, `4999999 ${hostname()} x`);
    await pin(h.pins, 'files', readFileTool);
    expect(existsSync(held)).toBe(false);
  });

  test('is free again when the process that died had the number of this one, as in containers', async () => {
    const held = join(h.folder, '.sallyport.lock.held');
    writeFileSync(held, `${process.pid} ${hostname()} of-the-life-before`);
    const anHourAgo = Date.now() / 1000 - 3600;
    utimesSync(held, anHourAgo, anHourAgo);
    await pin(h.pins, 'files', readFileTool);
    expect(readdirSync(h.folder)).toEqual(['sallyport.lock']);
  });

  test('is read again also where its new contents are as long and as old as the former', async () => {
    await pin(h.pins, 'files', readFileTool);
    const { atime, mtime } = statSync(h.path);
    h.write(h.text().replace('"read_file": {', '"read_fila": {'));
    utimesSync(h.path, atime, mtime);
    expect(await codeOf(h.pins.judge('files', [readFileTool]))).toBe('invalid_config');
  });

  test('in which two people answered otherwise, merged, holds the refusal', async () => {
    await pin(h.pins, 'files', readFileTool, sendEmailTool);
    const { hash } = (await h.pins.judge('files', [readFileTool]))[0] ?? {};
    const refusal = `"rejected": [{"hash": "${hash}", "by": "bob", "at": "2026-11-01T00:00:00.000Z"}]`;
    h.write(h.text().replace('"rejected": []', refusal));
    expect(h.text()).toContain('bob');
    expect(await statesOf(h.pins, 'files', readFileTool, sendEmailTool)).toEqual(['rejected', 'pinned']);
    expect((await h.pins.list({ state: 'rejected' }))[0]).toMatchObject({ reviewed: { by: 'bob' } });
  });

  test('stays readable by its owner only, and a link to it stays a link', async () => {
    const elsewhere = join(h.folder, 'kept.lock');
    writeFileSync(elsewhere, '{"lockVersion":1}');
    symlinkSync(elsewhere, h.path);
    await pin(h.pins, 'files', readFileTool);
    expect(statSync(elsewhere).mode & 0o777).toBe(0o600);
    expect(await new LockFile(elsewhere).read()).toEqual(await new LockFile(h.path).read());
    chmodSync(elsewhere, 0o600);
  });
});
