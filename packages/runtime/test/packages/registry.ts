import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

export interface LocalRegistry {
  readonly url: string;
  readonly host: string;
  /** Answers by path; a function is asked with the request. */
  readonly routes: Map<string, Answer>;
  readonly asked: string[];
  close(): Promise<void>;
}
export interface Given {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}
export type Answer = Given | ((request: IncomingMessage) => Given);

/** A registry as its clients meet it: HTTP, on this machine. */
export async function startRegistry(): Promise<LocalRegistry> {
  const routes = new Map<string, Answer>();
  const asked: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '';
    asked.push(path);
    const route = routes.get(path);
    const given = typeof route === 'function' ? route(request) : route;
    response.writeHead(given?.status ?? (given ? 200 : 404), given?.headers);
    response.end(given?.body ?? '');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, routes, asked, close };
}

/** A `.tgz` as npm packs it. */
export function tarballOf(files: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(files).flatMap(([path, text]) => {
    const body = Buffer.from(text);
    return [headerOf(`package/${path}`, body.length, '0'), padded(body)];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]));
}

const padded = (body: Buffer): Buffer => Buffer.concat([body, Buffer.alloc((512 - (body.length % 512)) % 512)]);

function headerOf(path: string, size: number, type: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0, 100);
  header.write('0000644\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

export const sha512 = (bytes: Buffer): string => `sha512-${hash('sha512', bytes, 'base64')}`;

/** Publishes a version, as the registry would answer about it. */
export function publish(
  { url, routes }: LocalRegistry,
  name: string,
  version: string,
  files: Readonly<Record<string, string>>,
): string {
  const bytes = tarballOf(files);
  const path = `/${name}/-/${version}.tgz`;
  const integrity = sha512(bytes);
  const document = { name, version, dist: { integrity, tarball: `${url}${path}` } };
  routes.set(path, { body: bytes });
  routes.set(`/${name.replace('/', '%2f')}/${version}`, { body: JSON.stringify(document) });
  return integrity;
}
