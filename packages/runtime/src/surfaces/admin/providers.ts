import type { Handlers } from './services.ts';

export const providerHandlers: Handlers<'providers.list'> = {
  'providers.list': (_, { settings }) => settings.agreements(),
};
