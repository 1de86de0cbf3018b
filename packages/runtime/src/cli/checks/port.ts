import type { Check } from './check.ts';
import { isFree } from '../port.ts';
import { needsConfig, ok, validConfig, warn } from './check.ts';

export const port: Check = {
  name: 'Port',
  async run(context) {
    const config = validConfig(context);
    if (!config) return needsConfig;
    const { host, port: wanted } = config.server;
    if (context.ownPort !== undefined) return ok(`The runtime listens on ${host}:${context.ownPort}.`);
    if (wanted === 0 || (await isFree(host, wanted))) return ok(`${host}:${wanted} is free.`);
    return warn(`${host}:${wanted} is taken.`, 'Stop what listens there, or set server.port.');
  },
};
