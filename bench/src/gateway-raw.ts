import { createServer } from 'node:http';
import { Pool } from 'undici';
import { listening } from './gateway-process.ts';

/*
 * The floor: what a pass-through costs that looks at nothing. node:http in front, an undici pool behind, bodies in
 * buffers, streams passed on piece by piece.
 */

const pool = new Pool(process.env['UPSTREAM_ORIGIN'] ?? '', { connections: 256, pipelining: 1 });

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const headers = { 'content-type': 'application/json' };
    pool.request({ path: request.url ?? '/', method: 'POST', headers, body: Buffer.concat(parts) }).then(
      ({ statusCode, headers: answered, body }) => {
        response.writeHead(statusCode, answered);
        body.on('data', (part: Buffer) => response.write(part));
        body.on('end', () => response.end());
        body.on('error', () => response.destroy());
      },
      () => response.destroy(),
    );
  });
});
server.keepAliveTimeout = 60_000;
listening(server);
