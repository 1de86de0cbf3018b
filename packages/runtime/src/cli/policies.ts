import type { PolicySet, PolicySource } from '@sallyport/core';
import { loadPolicySet } from '@sallyport/core';
import { hash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface PolicyFolder {
  readonly permissions: PolicySource | undefined;
  readonly cedar: readonly PolicySource[];
  /** `*.test.yaml` */
  readonly tests: readonly PolicySource[];
}

/** Rejects when the folder cannot be read. */
export async function readPolicyFolder(folder: string): Promise<PolicyFolder> {
  const names = (await readdir(folder)).toSorted();
  const read = (ending: string) =>
    Promise.all(
      names
        .filter((name) => name.endsWith(ending))
        .map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') })),
    );
  const [permissions, cedar, tests] = await Promise.all([read('permissions.yaml'), read('.cedar'), read('.test.yaml')]);
  return { permissions: permissions.find(({ name }) => name === 'permissions.yaml'), cedar, tests };
}

/** @throws RuntimeFault `invalid_policy` */
export const openPolicies = ({ permissions, cedar }: PolicyFolder): PolicySet =>
  loadPolicySet({ permissions, cedar }, { sha256: (text) => hash('sha256', text, 'hex') });
