import type { Config, ConfirmedManifest, ManifestInput, ManifestStore } from '@sallyport/core';
import { manifestSchema } from '@sallyport/core';
import { ToolRegistry } from '../../src/tools/index.ts';
import { systemClock } from '../../src/clock.ts';

export type OpenTools = ToolRegistry;

/** For tests which are about something else than the store. */
export function memoryOf(): ManifestStore {
  const kept = new Map<string, ConfirmedManifest>();
  return {
    list: () => Promise.resolve([...kept.values()]),
    set: (confirmed) => Promise.resolve(void kept.set(confirmed.name, confirmed)),
    delete: (name) => Promise.resolve(kept.delete(name)),
  };
}

export function openTools(store: ManifestStore, tools: Record<string, ManifestInput> = {}): Promise<ToolRegistry> {
  const configured = Object.entries(tools).map(([name, input]) => [name, manifestSchema.parse(input)]);
  return ToolRegistry.open({
    store,
    configured: Object.fromEntries(configured) as Config['tools'],
    clock: systemClock,
  });
}
