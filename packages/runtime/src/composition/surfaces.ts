import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Remembered, type Clock, type Config, type ModelRef, type NewId, type Session } from '@sallyport/core';
import { Authenticator, credentialsOf } from '../identity/authenticate.ts';
import type { Parts } from '../compose.ts';
import type { AdminServices } from '../surfaces/admin/services.ts';
import { adminSurface } from '../surfaces/admin/routes.ts';
import { adminView } from '../policies/admin-view.ts';
import { createHttpServer } from '../surfaces/http.ts';
import { dashboardDir } from '../cli/places.ts';
import { dashboardRoutes } from '../surfaces/dashboard.ts';
import { extractRoutes } from '../surfaces/extract/routes.ts';
import { mcpRoutes } from '../surfaces/mcp/routes.ts';
import { metadataRoutes, resourceMetadataPath } from '../surfaces/oauth/metadata.ts';
import { openAiRoutes } from '../surfaces/openai/chat.ts';
import { tokenRoutes } from '../surfaces/oauth/token.ts';
import { sessionRoutes } from '../surfaces/sessions/routes.ts';

export interface SurfaceOptions {
  readonly config: Config;
  readonly port: number;
  /** Relative places in the configuration are read from here. */
  readonly folder: string;
  readonly version: string;
  readonly tenant: string;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly logFault: (line: string) => void;
}

/** Every way in, on one server. */
export async function listen(options: SurfaceOptions, parts: Parts): Promise<FastifyInstance> {
  const { config, port, folder, clock, newId, logFault, version } = options;
  const { server } = config;
  const read = (path: string) => readFileSync(resolve(folder, path), 'utf8');
  const tls = server.tls && { cert: read(server.tls.certFile), key: read(server.tls.keyFile) };
  const app = createHttpServer({ server, newId, logFault, ...(tls ? { tls } : {}) });
  const { monitor, providers, sessions, approvals, agents, tokens, gateway, oidc, userContexts, userTokens } = parts;
  const authenticator = new Authenticator({ agents, sessions, tokens, oidc });
  const authenticate = (request: FastifyRequest) => authenticator.sessionOf(credentialsOf(request.raw));
  app.get('/health', () => ({ status: 'ok', version }));
  await app.register(openAiRoutes, {
    monitor,
    providers,
    clock,
    newId,
    reasks: config.deniedCalls.reasks,
    maxJsonDepth: server.maxJsonDepth,
    approvals,
    holdOpenMs: config.approvals.holdOpenMs,
    runBy: (tool) => gateway.serves(tool),
    authenticate,
    mayUse: (session, model) => mayUse(options, parts, session, model),
  });
  await app.register(mcpRoutes, { gateway, authenticate, clock, ...mcpSettings(config, parts) });
  await app.register(sessionRoutes({ authenticator, sessions, clock, oidc, userTokens }));
  const baseUrl = () => parts.settings.baseUrl();
  await app.register(tokenRoutes({ authenticator, sessions, oidc, clock, baseUrl }));
  await app.register(metadataRoutes({ oidc, userContexts, baseUrl }));
  const { secondModel } = parts;
  if (secondModel && config.secondModel?.extract) {
    await app.register(extractRoutes({ authenticator, secondModel, monitor, clock, newId }));
  }
  await app.register(adminSurface(adminServices(options, parts)));
  if (existsSync(join(dashboardDir, 'index.html'))) await app.register(dashboardRoutes, { dist: dashboardDir });
  await app.listen({ host: server.host, port });
  return app;
}

function mayUse(
  { tenant, clock }: SurfaceOptions,
  { policies }: Parts,
  session: Session,
  { provider, name }: ModelRef,
) {
  const { agent, user, counters } = session;
  const question = {
    principal: { ...agent, tenant },
    action: 'model_request',
    resource: `${provider}/${name}`,
  } as const;
  return policies.current().authorize({ ...question, user, session: counters, now: clock.now() }).outcome !== 'deny';
}

function mcpSettings({ server, mcp }: Config, { settings }: Parts) {
  const { keepAliveMs, resultTtlMs, allowedOrigins } = mcp;
  const hosts = new Remembered<string>(4_096);
  const publicHost = () => hosts.of(settings.baseUrl(), (url) => new URL(url).hostname);
  return {
    maxJsonDepth: server.maxJsonDepth,
    keepAliveMs,
    resultTtlMs,
    allowedOrigins,
    allowedHosts: () => [publicHost(), ...server.trustedHosts],
    resourceMetadataUrl: () => `${settings.baseUrl()}${resourceMetadataPath}`,
  };
}

function adminServices({ config, clock, newId, tenant }: SurfaceOptions, parts: Parts): AdminServices {
  const { agents, sessions, operators, approvals, flows, tools, policies, settings, store, audit } = parts;
  const { credentials, upstreams, pins, operatorProvider } = parts;
  const opened = (session: Session | undefined) => (session && sessions.isOpen(session) ? session : undefined);
  return {
    agents,
    sessions,
    operators,
    approvals,
    credentials,
    upstreams,
    pins,
    ...(operatorProvider ? { operatorProvider } : {}),
    flows: {
      describe: async (id) => {
        const session = opened(await sessions.get(id));
        return session && (await flows.describe(session));
      },
    },
    tools,
    policies: adminView(policies),
    settings,
    entries: store.entries,
    audit,
    clock,
    newId,
    tenant,
    trustedHosts: config.server.trustedHosts,
  };
}
