import { RuntimeFault, loadPolicySet } from '@sallyport/core';
import { sha256 } from '../../src/identity/secrets.ts';
import type { AdminPolicies } from '../../src/surfaces/admin/services.ts';

const permissionsText = `roles:
  support:
    models: { 'practice/*': allow }
    tools: { look_up: allow, send_email: { decision: allow, when: { to: '*@example.com' }, otherwise: ask } }
`;

/** A real policy set, kept in memory in place of a folder. */
export function testPolicies(loadedAt: number): AdminPolicies {
  let text = permissionsText;
  const load = () => loadPolicySet({ permissions: { name: 'permissions.yaml', text }, cedar: [] }, { sha256 });
  const write = async (next: string, expectedHash: string) => {
    if (expectedHash !== sha256(text)) throw new RuntimeFault('conflict');
    text = next;
    return sha256(text);
  };
  return {
    current: load,
    status: () => ({ hash: load().hash, loadedAt, problems: [] }),
    permissions: () => ({ hash: sha256(text), text, roles: {} }),
    setCell: ({ expectedHash }) => write(`${text}\n`, expectedHash),
    writePermissions: write,
  };
}
