import type { Context } from './context.ts';
import type { LoadedConfig } from './config.ts';
import type { Runtime } from '../compose.ts';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { choosePort } from './port.ts';
import { paint, safe } from './output.ts';

const graceMs = 5000;

/** Starts a runtime on the port that was asked for, or on a free one where none was. */
export async function start(
  loaded: LoadedConfig,
  askedPort: number | undefined,
  logFault?: (line: string) => void,
): Promise<Runtime> {
  const { config, configPath, dataDir, portGiven } = loaded;
  const { host, port: wanted } = config.server;
  const port = await choosePort(host, askedPort ?? wanted, askedPort !== undefined || portGiven);
  // Loaded here, so that commands which start nothing need not load a server.
  const { startRuntime } = await import('../compose.ts');
  return startRuntime({
    config,
    dataDir,
    port,
    ...(configPath !== undefined && { configPath }),
    ...(logFault && { logFault }),
  });
}

/** Serves until the first Ctrl-C or SIGTERM. */
export async function untilInterrupted({ interrupted }: Context): Promise<void> {
  if (!interrupted.aborted) await once(interrupted, 'abort');
}

/** Stops; requests under way get five seconds to finish. */
export async function stop({ output, interrupted }: Context, runtime: Runtime): Promise<void> {
  if (interrupted.aborted) {
    output.note(safe`${paint('dim', 'Stopping: requests under way get 5 s. Ctrl-C again stops at once.')}`);
  }
  await Promise.race([runtime.stop(), sleep(graceMs)]);
}

/** Where an SDK is pointed. */
export const sdkBaseUrl = (url: string): string => `${url.replace(/\/+$/, '')}/v1`;
