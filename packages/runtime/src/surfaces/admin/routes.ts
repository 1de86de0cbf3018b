import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { OperatorRecord } from '@sallyport/core';
import type { AdminRoute, AdminRouteName } from '@sallyport/core/admin';
import { adminRoutes } from '@sallyport/core/admin';
import { checkHost, checkPermission, checkSameOrigin, signedIn, type SignedIn } from './gate.ts';
import { handlers } from './handlers.ts';
import { parseInput, readJsonBodies } from './input.ts';
import { LiveViews } from './live.ts';
import { faultOf, noSuchAddress, sendProblem } from './problem.ts';
import { registerOidc } from './oidc.ts';
import { registerSignIn } from './sign-in.ts';
import type { AdminServices, Asked, Change, ChangeEntry } from './services.ts';

const nothing = z.object({});
const longestDetail = 2_000;

/** The admin API under `/admin/api`: every row of the contract's table, and what stands beside it. */
export const adminSurface =
  (services: AdminServices): FastifyPluginAsync =>
  async (app) => {
    await app.register(async (scope) => registerAll(scope, services), { prefix: '/admin/api' });
    const { operatorProvider } = services;
    if (operatorProvider) {
      await app.register(async (scope) => registerOidc(scope, services, operatorProvider), { prefix: '/admin/oidc' });
    }
  };

function registerAll(scope: FastifyInstance, services: AdminServices): void {
  const signedInBy = new WeakMap<FastifyRequest, SignedIn>();
  const who = (request: FastifyRequest): SignedIn => {
    const signed = signedInBy.get(request);
    if (!signed) throw new Error('An admin route ran without its gate');
    return signed;
  };
  /** Before the body is read: nothing of a request counts until its sender may make it. */
  const gate = (permission: AdminRoute['permission']) => async (request: FastifyRequest) => {
    checkSameOrigin(request);
    const signed = await signedIn(request, services);
    checkPermission(signed.operator, permission);
    signedInBy.set(request, signed);
  };

  readJsonBodies(scope);
  scope.setErrorHandler(sendProblem);
  scope.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'cross-origin-resource-policy': 'same-origin' });
    checkHost(request, services);
  });
  // A route, not a not-found handler: the dashboard's own catch-all would come before that.
  scope.all('/*', noSuchAddress);
  registerSignIn(scope, services);

  for (const name of Object.keys(adminRoutes) as AdminRouteName[]) {
    const route: AdminRoute = adminRoutes[name];
    const onRequest = gate(route.permission);
    scope.route({
      method: route.method,
      url: route.path,
      exposeHeadRoute: false,
      onRequest,
      handler: async (request) =>
        await answer(name, askedOf(route, request, who(request).operator, services), services),
    });
  }

  const live = new LiveViews(services);
  scope.addHook('preClose', async () => live.close());
  scope.get('/live', { exposeHeadRoute: false, onRequest: gate('entries.read') }, (request, reply) => {
    live.open(reply, who(request));
  });
}

/** A request as any handler takes it. The table says which handler gets which, which types cannot follow through a loop. */
type AnyAsked = Asked<AdminRouteName>;
type AnyHandler = ((asked: AnyAsked, services: AdminServices) => unknown) | Change<AdminRouteName>;

function askedOf(
  route: AdminRoute,
  request: FastifyRequest,
  operator: OperatorRecord,
  services: AdminServices,
): AnyAsked {
  return {
    operator,
    params: request.params,
    query: parseInput(route.query ?? nothing, request.query),
    body: parseInput(route.body ?? nothing, request.body),
    newId: services.newId(),
  };
}

/** Runs the handler; a change only once the log holds it. What is sent is what the contract declares, and no more. */
async function answer(name: AdminRouteName, asked: AnyAsked, services: AdminServices): Promise<unknown> {
  const handler = handlers[name] as AnyHandler;
  const schema: z.ZodType = adminRoutes[name].answer;
  if (typeof handler === 'function') return schema.parse(await handler(asked, services));
  const entry = handler.entry(asked);
  await record(name, asked, entry, services);
  let answered: unknown;
  try {
    answered = await handler.run(asked, services);
  } catch (error) {
    await record(name, asked, { subject: entry.subject, detail: `failed: ${faultOf(error).code}` }, services);
    throw error;
  }
  return schema.parse(answered);
}

async function record(
  action: AdminRouteName,
  { operator }: AnyAsked,
  { subject, detail }: ChangeEntry,
  { audit, clock, newId, tenant }: AdminServices,
): Promise<void> {
  await audit.append({
    phase: 'operator',
    id: newId(),
    at: Math.floor(clock.now()),
    tenant,
    actor: operator.id,
    action,
    subject: subject.slice(0, longestDetail),
    ...(detail === undefined ? {} : { detail: detail.slice(0, longestDetail) }),
  });
}
