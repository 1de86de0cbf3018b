import { version as node } from 'node:process';
import type { Handlers } from './services.ts';

export const settingHandlers: Handlers<'settings.get' | 'settings.doctor'> = {
  'settings.get': (_, { settings }) => ({ config: settings.effectiveConfig(), version: settings.version, node }),
  'settings.doctor': async (_, { settings }) => ({ checks: await settings.doctor() }),
};
