import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AdminPermission, AdminRoute, AdminRouteName, OperatorRole } from '@sallyport/core/admin';
import { adminPermissions, adminRoutes, operatorRoles, problemSchema } from '@sallyport/core/admin';
import type { AdminHarness, Answer, SignedInOperator } from './harness.ts';
import { host, openAdmin } from './harness.ts';

interface Row {
  readonly name: string;
  readonly method: AdminRoute['method'];
  readonly path: string;
  readonly permission: AdminPermission;
}

const names = Object.keys(adminRoutes) as AdminRouteName[];
const rows: Row[] = names.map((name) => {
  const { method, path, permission } = adminRoutes[name];
  return { name, method, path: path.replaceAll(/:\w+/g, 'x'), permission };
});
rows.push({ name: 'live', method: 'GET', path: '/live', permission: 'entries.read' });
const changes = rows.filter(({ method }) => method !== 'GET');

const mayNot = ({ permission }: Row, role: OperatorRole) =>
  !(adminPermissions[permission] as readonly OperatorRole[]).includes(role);

let h: AdminHarness;
let refusedRoles = 0;
const signedIn = new Map<OperatorRole, SignedInOperator>();
beforeAll(async () => {
  h = await openAdmin();
  for (const role of operatorRoles) signedIn.set(role, await h.operator(role));
});
afterAll(() => h.close());

const as = (role: OperatorRole) => ({ cookie: signedIn.get(role)?.cookie ?? '' });

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  const problem = problemSchema.parse(answer.body);
  expect(problem.code).toBe(code);
  expect(problem.requestId).not.toBe('');
}

const lastSeq = async () => (await h.store.entries.list({ limit: 1 }))[0]?.seq ?? 0;

describe('every admin route', () => {
  test.each(rows)('$name is refused to every role without $permission', async (row) => {
    const before = await lastSeq();
    for (const role of operatorRoles) {
      if (!mayNot(row, role)) continue;
      expectProblem(await h.ask(row.method, row.path, as(role)), 403, 'forbidden');
      refusedRoles++;
    }
    expect(await lastSeq()).toBe(before);
  });

  test.each(rows)('$name is refused to the signed out', async ({ method, path }) => {
    const cookies = [undefined, '', 'sallyport_session=', 'sallyport_session=sp_cookie_x', 'other=1'];
    for (const cookie of cookies) {
      const answer = await h.ask(method, path, cookie === undefined ? undefined : { cookie });
      expectProblem(answer, 401, 'unauthenticated');
    }
    const { key } = await h.agent();
    const authorization = `Bearer ${key}`;
    expectProblem(await h.ask(method, path, undefined, { headers: { authorization } }), 401, 'unauthenticated');
    // A wrong token is not made good by a good cookie.
    const both = await h.ask(method, path, as('owner'), { headers: { authorization } });
    expectProblem(both, 401, 'unauthenticated');
  });

  test.each(rows)('$name is refused under a Host that is not ours', async ({ method, path }) => {
    for (const wrong of ['evil.example', 'evil.example:7411', '127.0.0.1.evil.example', 'localhost@evil.example', '']) {
      const headers = { host: wrong, origin: `http://${wrong}` };
      expectProblem(await h.ask(method, path, as('owner'), { headers }), 403, 'forbidden');
    }
  });

  test.each(rows)('$name is refused when another site sent it', async ({ method, path }) => {
    const crossSite = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:3000' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of crossSite) {
      expectProblem(await h.ask(method, path, as('owner'), { headers }), 403, 'forbidden');
    }
  });

  test.each(changes)('$name is refused without the CSRF header', async ({ method, path }) => {
    for (const value of ['', '0', 'true', '1, 1']) {
      const headers = { 'x-sallyport-csrf': value };
      expectProblem(await h.ask(method, path, as('owner'), { headers }), 403, 'forbidden');
    }
  });

  test.each(rows)('$name is not shown to HEAD or by another method', async ({ path, method }) => {
    const others = (['GET', 'PATCH', 'PUT', 'DELETE', 'POST'] as const).filter(
      (other) => !rows.some((row) => row.path === path && row.method === other),
    );
    expect(others).not.toContain(method);
    for (const other of others) expect((await h.ask(other, path, as('owner'))).status).toBe(404);
    const head = await h.app.inject({ method: 'HEAD', url: `/admin/api${path}`, headers: { host, ...as('owner') } });
    expect(head.statusCode).toBe(404);
  });

  test.each(rows.filter(({ name }) => name !== 'live'))('$name lets in each role that has $permission', async (row) => {
    for (const role of operatorRoles) {
      if (mayNot(row, role)) continue;
      const { status } = await h.ask(row.method, row.path, as(role));
      expect([200, 400, 404]).toContain(status);
    }
  });

  test('these tests saw the whole table', () => {
    expect(rows).toHaveLength(names.length + 1);
    expect(refusedRoles).toBe(rows.flatMap((row) => operatorRoles.filter((role) => mayNot(row, role))).length);
    expect(rows.length).toBeGreaterThanOrEqual(21);
    expect(changes.length).toBeGreaterThanOrEqual(11);
    expect(refusedRoles).toBeGreaterThanOrEqual(37);
  });
});

test('the names of this machine and those configured are ours, by any port', async () => {
  for (const good of [
    'localhost',
    'LOCALHOST:1',
    '[::1]:7411',
    '127.0.0.1',
    'sallyport.example',
    'sallyport.example:443',
  ]) {
    const headers = { host: good, origin: `http://${good.toLowerCase()}` };
    expect((await h.ask('GET', '/me', as('viewer'), { headers })).status).toBe(200);
  }
});

test('two hosts in one request are none', async () => {
  const { port } = new URL(await h.app.listen({ host: '127.0.0.1', port: 0 }));
  const { cookie } = as('owner');
  const status = async (target: string, ...hosts: string[]) => {
    const head = [`GET ${target} HTTP/1.1`, ...hosts.map((name) => `Host: ${name}`), `Cookie: ${cookie}`];
    return await statusOf(Number(port), `${head.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  };
  expect(await status('/admin/api/me', '127.0.0.1')).toBe(200);
  expect(await status('/admin/api/me', '127.0.0.1', 'evil.example')).toBe(403);
  expect(await status('/admin/api/me', 'evil.example', '127.0.0.1')).toBe(403);
  expect(await status('http://evil.example/admin/api/me', '127.0.0.1')).toBe(403);
  expect(await status('/admin/api/me')).toBe(400);
});

test('an unknown address is a problem document, also for the signed out', async () => {
  expectProblem(await h.ask('GET', '/nothing'), 404, 'not_found');
  expectProblem(await h.ask('GET', '/agents/'), 404, 'not_found');
});

async function statusOf(port: number, request: string): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.write(request);
  const answer = await text(socket);
  return Number(answer.split(' ')[1]);
}
