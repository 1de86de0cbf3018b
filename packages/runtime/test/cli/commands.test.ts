import { doctorSchema, explanationSchema } from '@sallyport/core/admin';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configShape, policyTestShape } from '../../src/cli/shapes.ts';
import { exampleDir } from '../../src/cli/places.ts';
import { run } from './run.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-cli-'));
});
afterEach(() => rm(cwd, { recursive: true }));

const policies = join(exampleDir, 'policies');
const ordersPolicies = join(exampleDir, '../orders-api/policies');
const explain = (...rest: string[]) =>
  run(['policy', 'explain', '--folder', policies, '--role', 'support', '--json', ...rest], { cwd });

describe('policy test', () => {
  test("the example's own cases pass", async () => {
    const { code, stdout } = await run(['policy', 'test', policies, '--json'], { cwd });
    const answer = policyTestShape.parse(JSON.parse(stdout));
    expect({ code, ok: answer.ok, failed: answer.failed }).toEqual({ code: 0, ok: true, failed: 0 });
    expect(answer.passed).toBeGreaterThan(8);
  });

  test('a failed case ends with 3, and says which rule decided', async () => {
    await writeFile(join(cwd, 'permissions.yaml'), 'roles:\n  a:\n    tools: { x: deny }\n');
    const cases = 'cases:\n  - { name: may x, roles: [a], resource: x, expect: allow }\n';
    await writeFile(join(cwd, 'some.test.yaml'), cases);
    const { code, stdout } = await run(['policy', 'test', '.'], { cwd });
    expect(code).toBe(3);
    expect(stdout).toMatch(/✗ may x some\.test\.yaml:2/);
    expect(stdout).toContain('permissions.yaml#a/x');
  });

  test('a folder without tests, a broken policy and a missing folder are no success', async () => {
    await writeFile(join(cwd, 'permissions.yaml'), 'roles:\n  a:\n    tools: { x: deny }\n');
    expect(await run(['policy', 'test', '.'], { cwd })).toMatchObject({ code: 2, stdout: '' });
    await writeFile(join(cwd, 'permissions.yaml'), 'roles:\n  a:\n    tools: { x: dney }\n');
    const broken = await run(['policy', 'test', '.'], { cwd });
    expect(broken.code).toBe(2);
    expect(broken.stderr).toContain('permissions.yaml:3');
    expect((await run(['policy', 'test', 'nowhere'], { cwd })).code).toBe(2);
  });
});

describe('policy explain', () => {
  test('the exit code says what would happen', async () => {
    const codes = [
      await explain('--tool', 'read_ticket', '--args', '{"id":"T-1"}'),
      await explain('--tool', 'send_email', '--args', '{"to":"evil@attacker.com"}'),
      await explain('--tool', 'list_customers'),
      await explain('--model', 'scripted/support-model'),
    ].map(({ code, stdout }) => [code, explanationSchema.parse(JSON.parse(stdout)).outcome]);
    expect(codes).toEqual([
      [0, 'allow'],
      [4, 'require_approval'],
      [3, 'deny'],
      [0, 'allow'],
    ]);
  });

  test('the user has the claims that are named', async () => {
    const question = ['--role', 'orders', '--tool', 'orders__listOrders', '--args', '{"customer_id":["C-1","C-2"]}'];
    const orders = (...claims: string[]) =>
      run(['policy', 'explain', '--json', '--folder', ordersPolicies, ...question, ...claims], { cwd });
    expect(await orders()).toMatchObject({ code: 3 });
    expect(await orders('--claim', 'customer=C-1')).toMatchObject({ code: 3 });
    expect(await orders('--user', 'ann', '--claim', 'customer=C-1', 'customer=C-2')).toMatchObject({ code: 0 });
    for (const odd of ['customer', '=C-1', 'a b=C-1']) {
      expect(await orders('--claim', odd)).toMatchObject({ code: 2, stdout: '' });
    }
  });

  test('arguments that are no object, and questions about nothing or two things, are usage errors', async () => {
    for (const rest of [
      ['--tool', 'x', '--args', '[1]'],
      ['--tool', 'x', '--args', '{'],
      [],
      ['--tool', 'x', '--host', 'y'],
    ]) {
      expect(await explain(...rest)).toMatchObject({ code: 2, stdout: '' });
    }
  });
});

describe('config', () => {
  const secretFile = 'providers: { x: { baseUrl: https://a.example/v1, apiKey: "${env:KEY}" } }\n';

  test('the effective configuration has the defaults, and no secret', async () => {
    await writeFile(join(cwd, 'sallyport.yaml'), secretFile);
    const env = { KEY: 'sk-secret' };
    const { code, stdout } = await run(['config', 'show', '--effective', '--json'], { cwd, env });
    const { path, config } = configShape.parse(JSON.parse(stdout));
    expect({ code, path }).toEqual({ code: 0, path: join(cwd, 'sallyport.yaml') });
    expect(config).toMatchObject({ server: { port: 7411 }, providers: { x: { apiKey: '${env:KEY}' } } });
    for (const flags of [[], ['--effective'], ['--json']]) {
      const shown = await run(['config', 'show', ...flags], { cwd, env });
      expect(shown.stdout + shown.stderr).not.toContain('sk-secret');
    }
  });

  test('an invalid file ends with 2 and names key and line', async () => {
    await writeFile(join(cwd, 'sallyport.yaml'), 'server:\n  prot: 1\n');
    const { code, stderr } = await run(['config', 'show'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toMatch(/2:\d+ {2}server\.prot: unknown key; did you mean port\?/);
  });

  test('the schema for editors is JSON', async () => {
    for (const flags of [[], ['--json']]) {
      const { code, stdout } = await run(['config', 'schema', ...flags], { cwd });
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { providers: {} } });
    }
  });
});

describe('doctor', () => {
  test('ends with 1 when something fails, and prints what the admin API answers', async () => {
    const fresh = await run(['doctor', '--json'], { cwd });
    expect(fresh.code).toBe(0);
    expect(doctorSchema.parse(JSON.parse(fresh.stdout)).checks.length).toBeGreaterThanOrEqual(8);
    await mkdir(join(cwd, '.sallyport'));
    await chmod(join(cwd, '.sallyport'), 0o777);
    const open = await run(['doctor'], { cwd });
    expect(open.code).toBe(1);
    expect(open.stdout).toMatch(/✗ Data folder.*\n.*chmod 700/);
  });

  test('a broken configuration is a finding, not a crash', async () => {
    await writeFile(join(cwd, 'sallyport.yaml'), 'providers: { x: { baseUrl: nowhere } }\n');
    const { code, stdout } = await run(['doctor', '--json'], { cwd });
    expect(code).toBe(1);
    const { checks } = doctorSchema.parse(JSON.parse(stdout));
    expect(checks.find(({ name }) => name === 'Configuration')).toMatchObject({ status: 'fail' });
  });
});

describe('commands for a running runtime', () => {
  test('end with 5 where none runs, or where it no longer answers', async () => {
    for (const line of [['keys', 'list'], ['sign-in'], ['tail']]) {
      expect(await run(line, { cwd })).toMatchObject({ code: 5, stdout: '' });
    }
    await mkdir(join(cwd, '.sallyport'));
    const file = { url: 'http://127.0.0.1:1', pid: 1, token: 'sp_token_x' };
    await writeFile(join(cwd, '.sallyport/runtime.json'), JSON.stringify(file));
    const { code, stderr } = await run(['keys', 'list'], { cwd });
    expect(code).toBe(5);
    expect(stderr).not.toContain('sp_token_x');
    await writeFile(join(cwd, '.sallyport/runtime.json'), '{');
    expect((await run(['keys', 'list'], { cwd })).code).toBe(1);
  });

  test('the token is never sent on to where a redirect points', async () => {
    const seen: (string | undefined)[] = [];
    const thief = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(thief, 'listening');
    const address = thief.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const redirecting = createServer((_, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end();
    }).listen(0, '127.0.0.1');
    await once(redirecting, 'listening');
    const from = redirecting.address();
    await mkdir(join(cwd, '.sallyport'));
    const url = `http://127.0.0.1:${typeof from === 'object' ? from?.port : 0}`;
    await writeFile(join(cwd, '.sallyport/runtime.json'), JSON.stringify({ url, pid: 1, token: 'sp_token_x' }));
    expect((await run(['keys', 'list'], { cwd })).code).toBe(5);
    expect(seen).toEqual([]);
    thief.close();
    redirecting.close();
  });
});

describe('usage', () => {
  test('help is no error; what nobody knows is, and the near miss is named', async () => {
    expect((await run(['--help'], { cwd })).code).toBe(0);
    const wrong = await run(['kyes'], { cwd });
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('keys');
    expect((await run(['dev', '--port', '70000'], { cwd })).code).toBe(2);
    expect((await run(['keys', 'create', '--agent', 'a', '--expires-in-days', '0'], { cwd })).code).toBe(2);
  });
});
