import { createServer } from 'node:net';
import { once } from 'node:events';
import { CommandFailure, exitCodes } from './exit.ts';

const tries = 20;

/**
 * The port to listen on: the wanted one, or, where nobody asked for it, the next free one.
 *
 * @throws CommandFailure when a port that was asked for is taken
 */
export async function choosePort(host: string, wanted: number, given: boolean): Promise<number> {
  if (wanted === 0 || (await isFree(host, wanted))) return wanted;
  if (given) {
    const hint = 'Stop what listens there, or give another --port.';
    throw new CommandFailure(exitCodes.usage, `Port ${wanted} on ${host} is taken.`, hint);
  }
  const others = Array.from({ length: tries }, (_, i) => wanted + 1 + i);
  for (const port of others) if (await isFree(host, port)) return port;
  throw new CommandFailure(
    exitCodes.usage,
    `Ports ${wanted} to ${wanted + tries} on ${host} are taken.`,
    'Give a --port.',
  );
}

export async function isFree(host: string, port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, host);
    await once(probe, 'listening');
  } catch {
    return false;
  }
  probe.close();
  await once(probe, 'close');
  return true;
}
