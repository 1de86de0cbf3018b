import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const childFile = fileURLToPath(new URL('runtime-child.ts', import.meta.url));

/** A data folder whose policies let the agent `support` use the scripted model and these tools. */
export function dataFolder(tools = 'read_ticket: allow, list_customers: deny'): {
  readonly path: string;
  readonly remove: () => void;
} {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-runtime-'));
  mkdirSync(join(path, 'policies'));
  const permissions = `
roles:
  support:
    models: { 'scripted/*': allow }
    tools: { ${tools} }
`;
  writeFileSync(join(path, 'policies', 'permissions.yaml'), permissions);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Starts a whole runtime in a process of its own, and resolves once it listens. */
export async function spawnRuntime(dataDir: string, provider: string) {
  const child = spawn(process.execPath, [childFile, dataDir, provider], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const first = await Promise.race([once(child.stdout, 'data'), exited.then(() => undefined)]);
  if (first === undefined) throw new Error('The runtime did not start.');
  const { url, key } = JSON.parse(String(first[0])) as { url: string; key: string };
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { url, key, pid: child.pid as number, stdin: child.stdin, kill };
}
