import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '@sallyport/core';
import type { AdminRoute, AdminRouteName, ApprovalView, EntryView, OperatorRole } from '@sallyport/core/admin';
import { adminRoutes, mayOperator, operatorRoles } from '@sallyport/core/admin';
import { createHttpServer } from '../../packages/runtime/src/surfaces/http.ts';
import { dashboardRoutes } from '../../packages/runtime/src/surfaces/dashboard.ts';
import { type World, freshWorld } from './world.ts';
import { type Asked, Refusal } from './asked.ts';
import { answers, withoutDetail } from './answers.ts';

export interface Staged {
  readonly url: string;
  readonly world: World;
  /** As it was at the start, for the next test. */
  reset(): void;
  /** Appears in the inbox of everybody who follows live. */
  announce(approval: ApprovalView): void;
  record(entry: EntryView): void;
  stop(): Promise<void>;
}

/**
 * The admin contract told from memory, behind the runtime's own HTTP server and page policy: for states that take a whole
 * working day to come about. What is asked and answered passes the contract's own schemas and roles.
 */
export async function startStaged(): Promise<Staged> {
  const world = freshWorld();
  const { server } = parseConfig('{}', { env: {}, readFile: () => '' });
  const app = createHttpServer({ server, newId: randomUUID, logFault: (line) => process.stderr.write(`${line}\n`) });
  const followers = new Set<ServerResponse>();
  const send = (event: string, data: unknown) => {
    for (const one of followers) one.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const announce = (approval: ApprovalView) => send('approval', withoutDetail(approval));

  await app.register(
    async (scope) => {
      scope.setErrorHandler((error, request, reply) => {
        const { status, code } = error instanceof Refusal ? error : { status: 500, code: 'internal' };
        const detail = error instanceof Error ? error.message : String(error);
        void reply.code(status).send({ type: 'about:blank', title: code, status, detail, code, requestId: request.id });
      });
      scope.get('/me', (request) => whoOf(request.headers.cookie));
      scope.get('/live', (request, reply) => {
        permit(whoOf(request.headers.cookie).role, 'entries.read');
        reply.hijack();
        followers.add(reply.raw);
        reply.raw.on('close', () => followers.delete(reply.raw));
        reply.raw.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' }).write(': open\n\n');
      });
      for (const name of Object.keys(adminRoutes) as AdminRouteName[]) {
        const route: AdminRoute = adminRoutes[name];
        scope.route({
          method: route.method,
          url: route.path,
          exposeHeadRoute: false,
          handler: (request) => {
            const who = whoOf(request.headers.cookie);
            permit(who.role, route.permission);
            const asked = {
              who,
              params: request.params,
              query: route.query?.parse(request.query) ?? {},
              body: route.body?.parse(request.body) ?? {},
            } as Asked;
            const answer = answers[name];
            if (answer === undefined) throw new Refusal(404, 'not_found', `${name} is not staged.`);
            return route.answer.parse(answer(asked, world, announce));
          },
        });
      }
    },
    { prefix: '/admin/api' },
  );
  await app.register(dashboardRoutes, {
    dist: fileURLToPath(new URL('../../packages/dashboard/dist', import.meta.url)),
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    url,
    world,
    reset: () => void Object.assign(world, freshWorld()),
    announce: (approval) => {
      world.approvals = [approval, ...world.approvals.filter(({ id }) => id !== approval.id)];
      announce(approval);
    },
    record: (entry) => {
      world.entries.push(entry);
      send('entry', entry);
    },
    stop: async () => {
      for (const one of followers) one.end();
      await app.close();
    },
  };
}

/** A cookie names its role: signing in is tested against the runtime itself. */
export const cookieOf = async (role: OperatorRole): Promise<string> => `staged=${role}`;

function whoOf(cookie = ''): { id: string; name: string; role: OperatorRole } {
  const role = operatorRoles.find((one) => cookie === `staged=${one}`);
  if (role === undefined) throw new Refusal(401, 'unauthenticated', 'Sign in.');
  return { id: `op-${role}`, name: `a ${role}`, role };
}

function permit(role: OperatorRole, permission: AdminRoute['permission']): void {
  if (!mayOperator(role, permission))
    throw new Refusal(403, 'forbidden', `The role ${role} does not have ${permission}.`);
}
