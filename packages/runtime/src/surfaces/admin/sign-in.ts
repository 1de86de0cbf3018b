import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { OperatorRecord } from '@sallyport/core';
import { meSchema, signInWaysSchema } from '@sallyport/core/admin';
import { checkSameOrigin, signedIn } from './gate.ts';
import { clearCookie, cookieOf, setCookie } from './cookie.ts';
import { parseInput } from './input.ts';
import type { AdminServices } from './services.ts';

const signInSchema = z.object({ token: z.string().max(200) });
const nothing = z.object({});

/** Over https alone, where that is how users reach this runtime. */
export const isSecure = (protocol: string, { settings }: AdminServices): boolean =>
  protocol === 'https' || settings.baseUrl().startsWith('https:');

const me = ({ id, name, role }: OperatorRecord) => meSchema.parse({ id, name, role });
const onRequest = async (request: FastifyRequest) => checkSameOrigin(request);

/** `/me`, `/sign-in` (and what ways there are) and `/sign-out`, as the contract says beside its table. */
export function registerSignIn(scope: FastifyInstance, services: AdminServices): void {
  const { operators, operatorProvider, clock } = services;

  scope.route({
    method: 'GET',
    url: '/me',
    exposeHeadRoute: false,
    onRequest,
    handler: async (request) => me((await signedIn(request, services)).operator),
  });
  scope.route({
    method: 'GET',
    url: '/sign-in',
    exposeHeadRoute: false,
    onRequest,
    handler: () => signInWaysSchema.parse({ provider: operatorProvider ? { host: operatorProvider.host } : null }),
  });
  scope.route({
    method: 'POST',
    url: '/sign-in',
    onRequest,
    handler: async (request, reply) => {
      const { token } = parseInput(signInSchema, request.body);
      const { operator, secret, expiresAt } = await operators.signIn(token);
      const seconds = Math.floor((expiresAt - clock.now()) / 1000);
      reply.header('set-cookie', setCookie(secret, seconds, isSecure(request.protocol, services)));
      return me(operator);
    },
  });
  scope.route({
    method: 'POST',
    url: '/sign-out',
    onRequest,
    handler: async (request, reply) => {
      parseInput(nothing, request.body);
      const cookie = cookieOf(request.headers.cookie);
      reply.header('set-cookie', clearCookie(isSecure(request.protocol, services)));
      if (cookie !== undefined) await operators.signOut(cookie);
      return { ok: true };
    },
  });
}
