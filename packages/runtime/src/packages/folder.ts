import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { digestOfFiles, type PackedFile } from './tarball.ts';

const mostFiles = 50_000;

/**
 * The digest of an installed copy, as `digestOfFiles` of its tarball. Links are read as what they are, so a copy with one is
 * another package: a tarball of npm has none.
 */
export async function digestOfFolder(folder: string): Promise<string> {
  const files: PackedFile[] = [];
  const visit = async (at: string): Promise<void> => {
    for (const entry of await readdir(join(folder, at), { withFileTypes: true })) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      if (path === 'node_modules') continue;
      if (files.length >= mostFiles) throw new Error('too many files');
      if (entry.isDirectory()) await visit(path);
      else if (entry.isFile()) files.push({ path, sha256: await digestOfFile(join(folder, path)) });
      else files.push({ path, sha256: 'link' });
    }
  };
  await visit('');
  return digestOfFiles(files);
}

/** SHA-256, hex. */
export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
