import { parse } from 'yaml';
import { permissionsSchema } from '@sallyport/core';
import type { CellEdit } from '@sallyport/core';
import type { PolicyFolder } from './folder.ts';

/** The folder as the admin surface edits it. */
export const adminView = (folder: PolicyFolder) => ({
  current: () => folder.current(),
  status: () => folder.status(),
  permissions: async () => {
    const { text, hash } = await folder.permissions();
    // A file that is not valid shows the matrix that is in force beside its own text.
    return { text, hash, roles: rolesOf(text) ?? rolesOf(folder.files().permissions?.text ?? '') ?? {} };
  },
  setCell: ({ expectedHash, ...edit }: CellEdit & { readonly expectedHash: string }) =>
    folder.setCell(edit, expectedHash),
  writePermissions: (text: string, expectedHash: string) => folder.writePermissions(text, expectedHash),
});

function rolesOf(text: string) {
  let read: ReturnType<typeof permissionsSchema.safeParse>;
  try {
    read = permissionsSchema.safeParse(parse(text, { maxAliasCount: 0 }));
  } catch {
    return undefined;
  }
  if (!read.success) return undefined;
  const { roles } = read.data;
  return Object.fromEntries(
    Object.entries(roles).map(([role, kinds]) => [
      role,
      {
        models: kinds?.models ?? {},
        tools: kinds?.tools ?? {},
        hosts: kinds?.hosts ?? {},
        languages: kinds?.languages ?? {},
      },
    ]),
  );
}
