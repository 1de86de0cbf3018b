import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { IdentityConfig } from '@sallyport/core';
import type { Harness } from '../identity/harness.ts';
import { UserContextSigner } from '../../src/identity/user-context.ts';
import { metadataRoutes } from '../../src/surfaces/oauth/metadata.ts';
import { tokenRoutes } from '../../src/surfaces/oauth/token.ts';
import { bodyOf } from '../admin/harness.ts';
import { TestClock, openHarness } from '../identity/harness.ts';

export const baseUrl = 'https://sallyport.example';

export interface OAuthHarness extends Harness {
  readonly app: FastifyInstance;
  readonly userContexts: UserContextSigner;
  get(path: string): Promise<Answer>;
  /** A token request by an agent's key. */
  post(key: string | undefined, form: Form, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Record<string, unknown>;
}
export type Form = Readonly<Record<string, string>> | readonly (readonly [string, string])[] | string;

export async function openOAuth(
  issuers: IdentityConfig['issuers'] = {},
  clock = new TestClock(),
): Promise<OAuthHarness> {
  const h = await openHarness(undefined, clock, issuers);
  const app = Fastify();
  const shared = { ...h, baseUrl: () => baseUrl };
  const { settings } = h.store;
  const userContexts = await UserContextSigner.open({
    settings,
    clock,
    newId: h.newId,
    issuer: () => baseUrl,
    minutes: 5,
  });
  await app.register(tokenRoutes(shared));
  await app.register(metadataRoutes({ ...shared, userContexts }));
  const answer = (given: Awaited<ReturnType<FastifyInstance['inject']>>): Answer => ({
    status: given.statusCode,
    headers: given.headers,
    body: bodyOf(given.body),
  });
  return {
    ...h,
    app,
    userContexts,
    get: async (path) => answer(await app.inject({ method: 'GET', url: path })),
    post: async (key, form, headers = {}) =>
      answer(
        await app.inject({
          method: 'POST',
          url: '/oauth/token',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
            ...headers,
          },
          payload: typeof form === 'string' ? form : new URLSearchParams(form as Record<string, string>).toString(),
        }),
      ),
    async close() {
      await app.close();
      await h.close();
    },
  };
}
