import type { Socket } from 'node:net';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { faults, showText, type Config, type NewId } from '@sallyport/core';

export interface HttpOptions {
  readonly server: Config['server'];
  readonly newId: NewId;
  /** Takes one line for each fault inside Sallyport; the caller was told its request id. */
  readonly logFault: (line: string) => void;
  /** PEM, where TLS is configured. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** The one HTTP server. Its limits hold for every surface; each surface adds its own routes and its own error shape. */
export function createHttpServer({ server, newId, logFault, tls }: HttpOptions): FastifyInstance {
  // Node looks for late senders only this often.
  const connectionsCheckingInterval = Math.min(server.requestTimeoutMs / 2, 5_000);
  const secure = tls && { cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' as const };
  const app = Fastify({
    ...(secure ? { https: { ...secure, connectionsCheckingInterval } } : { http: { connectionsCheckingInterval } }),
    bodyLimit: server.maxBodyBytes,
    requestTimeout: server.requestTimeoutMs,
    keepAliveTimeout: 72_000,
    genReqId: () => newId(),
    requestIdHeader: false,
    // Two readings of one address are one too many: `//v1` and `/V1` are not `/v1`.
    // Names of tools are parameters of addresses, and may be long.
    routerOptions: {
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      maxParamLength: 512,
    },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    forceCloseConnections: 'idle',
    loggerInstance: faultLog(logFault),
    clientErrorHandler,
  }) as unknown as FastifyInstance;
  // Node enforces neither limit while this one, 60 s by default, is the longer.
  app.server.headersTimeout = server.requestTimeoutMs;
  const silent = new Set<Socket>();
  app.server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  app.addHook('preClose', (done) => {
    // A connection that was busy when closing began goes idle later, and would be waited for.
    const sweep = setInterval(() => {
      app.server.closeIdleConnections();
      // One that never asked for anything is not idle to Node, which looks for late senders no more once it closes.
      for (const socket of silent) socket.destroy();
    }, 50).unref();
    app.server.once('close', () => clearInterval(sweep));
    done();
  });
  app.addHook('onRequest', (request, reply, next) => {
    silent.delete(request.raw.socket);
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined || encoding === 'identity') return next();
    next(Object.assign(new Error('The body must not be compressed.'), { statusCode: 415 }));
  });
  return app;
}

/** Fastify's logger, for faults alone: no child for each request, which would cost more than the request's routing. */
function faultLog(write: (line: string) => void): FastifyBaseLogger {
  const nothing = () => undefined;
  const error = (what: unknown, message?: string) => {
    const cause = what instanceof Error ? what : (what as { err?: unknown } | null)?.err;
    const shown = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    write(JSON.stringify({ at: new Date().toISOString(), fault: message, error: showText(shown, 4_000) }));
  };
  const log = {
    level: 'error',
    error,
    fatal: error,
    warn: nothing,
    info: nothing,
    debug: nothing,
    trace: nothing,
    silent: nothing,
  };
  const logger: FastifyBaseLogger = { ...log, child: () => logger };
  return logger;
}

/** What Node's parser refuses (smuggled lengths, broken headers, slow senders) never reaches a route, and gets an answer. */
function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (socket.destroyed || !socket.writable) return;
  const [status, phrase] = statuses[error.code ?? ''] ?? [400, 'Bad Request'];
  const body = JSON.stringify({
    error: {
      message: `${phrase}: ${faults.invalid_request.title}.`,
      type: 'invalid_request_error',
      code: 'invalid_request',
      param: null,
    },
  });
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `x-should-retry: false\r\nconnection: close\r\n\r\n${body}`,
  );
}

const statuses: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};
