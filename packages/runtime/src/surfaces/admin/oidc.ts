import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { faults, showText } from '@sallyport/core';
import type { OperatorProvider } from '../../operators/provider.ts';
import { attemptOf, clearAttempt, setAttempt, setCookie } from './cookie.ts';
import { checkHost, checkSameOrigin } from './gate.ts';
import { faultOf } from './problem.ts';
import { isSecure } from './sign-in.ts';
import type { AdminServices } from './services.ts';

/**
 * Signing in at the operators' OpenID provider:
 *
 * - `GET /admin/oidc/sign-in?to=<place of the dashboard>` sends the browser there
 * - `GET /admin/oidc/callback` is where it comes back to; the cookie is then as that of a link
 */
export function registerOidc(
  scope: FastifyInstance,
  services: AdminServices,
  provider: Pick<OperatorProvider, 'begin' | 'finish'>,
): void {
  const { operators, clock } = services;
  scope.setErrorHandler(sendPage);
  scope.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    checkHost(request, services);
  });

  scope.route<{ Querystring: { to?: unknown } }>({
    method: 'GET',
    url: '/sign-in',
    exposeHeadRoute: false,
    // Another site may not begin a sign-in here; that it cannot end one is what the cookie is for.
    onRequest: async (request) => checkSameOrigin(request),
    handler: async (request, reply) => {
      const { to } = request.query;
      const { url, attempt, seconds } = await provider.begin(typeof to === 'string' ? to : '/');
      reply.header('set-cookie', setAttempt(attempt, seconds, isSecure(request.protocol, services)));
      return await reply.redirect(url, 303);
    },
  });

  scope.route({
    method: 'GET',
    url: '/callback',
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const secure = isSecure(request.protocol, services);
      reply.header('set-cookie', clearAttempt(secure));
      const query = (request.raw.url ?? '').split('?').slice(1).join('?');
      const account = await provider.finish(query, attemptOf(request.headers.cookie));
      const { secret, expiresAt } = await operators.signInByAccount(account);
      const seconds = Math.floor((expiresAt - clock.now()) / 1000);
      reply.header('set-cookie', setCookie(secret, seconds, secure));
      return await reply.redirect(account.to, 303);
    },
  });
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => showText(text, 500).replace(/[&<>"']/g, (char) => escapes[char] ?? '');

/** A browser, and so a person, asked: the answer is a page that says what to do. */
async function sendPage(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { code, status, detail } = faultOf(error);
  const { title, hint } = faults[code];
  if (status >= 500) request.log.error({ err: error, requestId: request.id }, title);
  await reply
    .code(status)
    .headers({ 'content-security-policy': "default-src 'none'; frame-ancestors 'none'", 'cache-control': 'no-store' })
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>Not signed in · Sallyport</title>` +
        `<h1>Not signed in</h1><p>${escaped(detail ?? `${title}. ${hint}`)}</p>` +
        `<p><a href="/sign-in">Back to the sign-in page</a></p><p>Request ${escaped(request.id)}</p></html>`,
    );
}
