import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { RuntimeFault } from '@sallyport/core';

/** A file of a package: its path without the tarball's first folder, and its SHA-256 (hex). */
export interface PackedFile {
  readonly path: string;
  readonly sha256: string;
}

const largest = 512 * 1024 * 1024;
const block = 512;

/** The regular files of a `.tgz`: ustar with long names in the ways of pax and GNU (POSIX.1-2001, pax(1)). */
export async function filesOfTarball(bytes: Buffer): Promise<readonly PackedFile[]> {
  const tar = await unzipped(bytes);
  const files = new Map<string, string>();
  let named: string | undefined;
  for (let at = 0; at + block <= tar.length;) {
    const header = tar.subarray(at, at + block);
    if (header.every((byte) => byte === 0)) break;
    const size = octal(header.subarray(124, 136));
    const body = tar.subarray(at + block, at + block + size);
    if (body.length < size) throw malformed('ends early');
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === 'L') named = text(body);
    else if (type === 'x') named = paxPath(body) ?? named;
    else {
      const name = named ?? ustarName(header);
      named = undefined;
      if (type === '0' || type === '\0') files.set(withoutFirstFolder(name), hash('sha256', body, 'hex'));
    }
    at += block + Math.ceil(size / block) * block;
  }
  return [...files].map(([path, sha256]) => ({ path, sha256 }));
}

/** One digest over files: what a copy of the package is compared by. Installed dependencies are not part of it. */
export function digestOfFiles(files: readonly PackedFile[]): string {
  const lines = files
    .filter(({ path }) => path !== 'node_modules' && !path.startsWith('node_modules/'))
    .map(({ path, sha256 }) => `${sha256}  ${path}\n`);
  return hash('sha256', lines.toSorted().join(''), 'hex');
}

/** On another thread: a small archive may unpack to a large one. */
async function unzipped(bytes: Buffer): Promise<Buffer> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: largest });
  } catch (cause) {
    throw malformed('is no gzip, or unpacks to more than 512 MiB', cause);
  }
}

const text = (bytes: Buffer): string => bytes.toString('utf8').replace(/\0.*$/s, '');

function ustarName(header: Buffer): string {
  const prefix = header.subarray(257, 262).toString() === 'ustar' ? text(header.subarray(345, 500)) : '';
  const name = text(header.subarray(0, 100));
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records `<length> <key>=<value>\n`; the length is in bytes. */
function paxPath(body: Buffer): string | undefined {
  let path: string | undefined;
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.subarray(at, space).toString());
    if (space === -1 || !Number.isInteger(length) || length <= 0) throw malformed('has a damaged header');
    const record = body.subarray(space + 1, at + length - 1).toString('utf8');
    if (record.startsWith('path=')) path = record.slice('path='.length);
    at += length;
  }
  return path;
}

function octal(field: Buffer): number {
  const size = Number.parseInt(text(field).trim() || '0', 8);
  if (!Number.isSafeInteger(size) || size < 0) throw malformed('has a damaged header');
  return size;
}

/** `package/index.js` is `index.js`, whatever the folder is called; `..` leads nowhere. */
function withoutFirstFolder(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw malformed('has a path that leads out of it');
  return parts.slice(1).join('/');
}

const malformed = (what: string, cause?: unknown): RuntimeFault =>
  new RuntimeFault('upstream_malformed', { detail: `The package's archive ${what}.`, cause });
