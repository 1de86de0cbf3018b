import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { permissionsFile } from './read.ts';

/** What a first start may do: talk to models, and every tool only with a person's approval. */
const starter = `# Who may do what: role × tool, model and host. What is not here is denied.
# allow | ask (a person must approve) | deny (wins over every other role), or with patterns on arguments:
#   send_email: { decision: allow, when: { to: '*@customer.example' }, otherwise: ask }
# Sallyport reads this file again whenever it changes; one that is not valid leaves the old one in force.
roles:
  agent:
    models:
      '*': allow
    tools:
      '*': ask
`;

/** Makes the policies folder of a data folder that has none yet. */
export function ensurePolicyFolder(folder: string): void {
  if (existsSync(folder)) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, permissionsFile), starter, { mode: 0o600, flag: 'wx' });
}
