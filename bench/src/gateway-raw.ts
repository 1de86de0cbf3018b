import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { listening } from './gateway-process.ts';

/*
 * The floor: what a pass-through costs that looks at nothing. node:http in front, an undici pool behind, bodies in
 * buffers, streams passed on piece by piece.
 */

const pool = new Pool(process.env['UPSTREAM_ORIGIN'] ?? '', { connections: 256, pipelining: 1 });

async function passOn(path: string, sent: Buffer, response: ServerResponse): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { statusCode, headers: answered, body } = await pool.request({ path, method: 'POST', headers, body: sent });
  response.writeHead(statusCode, answered);
  body.on('data', (part: Buffer) => response.write(part));
  body.on('end', () => response.end());
  body.on('error', () => response.destroy());
}

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    void passOn(request.url ?? '/', Buffer.concat(parts), response).catch(() => response.destroy());
  });
});
server.keepAliveTimeout = 60_000;
listening(server);
