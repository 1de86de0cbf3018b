import { RuntimeFault } from '@sallyport/core';
import { openAiProvider, type OpenAiProvider } from './openai.ts';
import type { ModelRef, ProviderConfig, Providers } from '@sallyport/core';

/** One line for each kind of provider. */
const kinds = { openai: openAiProvider } as const satisfies Record<ProviderConfig['kind'], unknown>;

interface Entry {
  readonly config: ProviderConfig;
  readonly driver: OpenAiProvider;
}

/** The providers of a configuration. `provider/name` names any model; a bare name, one that a single provider configures. */
export function createProviders(configs: Readonly<Record<string, ProviderConfig>>): Providers {
  const providers = new Map<string, Entry>(
    Object.entries(configs).map(([name, config]) => [name, { config, driver: kinds[config.kind](name, config) }]),
  );
  const configured: readonly ModelRef[] = [...providers].flatMap(([provider, { config }]) =>
    Object.keys(config.models).map((name) => ({ provider, name })),
  );
  return {
    resolve(model) {
      const [provider = '', ...rest] = model.split('/');
      const name = rest.join('/');
      if (name && providers.has(provider)) return { provider, name };
      const named = configured.filter((ref) => ref.name === model);
      return named.length === 1 ? named[0] : undefined;
    },
    async models() {
      const listed = await Promise.all([...providers].map(([provider, entry]) => modelsOf(provider, entry)));
      return listed.flat();
    },
    cost({ provider, name }, { tokensIn, tokensOut }) {
      const price = providers.get(provider)?.config.models[name]?.price;
      // Dollars per million tokens are millionths of a dollar per token.
      return price ? Math.round(tokensIn * price.input + tokensOut * price.output) : undefined;
    },
    send(cleared, receiver) {
      const { model } = cleared.event;
      const entry = providers.get(model.provider);
      if (!entry) throw new RuntimeFault('unknown_model', { detail: `No provider is called ${model.provider}.` });
      return entry.driver.send(cleared, receiver);
    },
    async close() {
      await Promise.all([...providers.values()].map(({ driver }) => driver.close()));
    },
  };
}

/** A provider that cannot be reached still offers what is configured. */
async function modelsOf(provider: string, { config, driver }: Entry): Promise<ModelRef[]> {
  const names = new Set(Object.keys(config.models));
  try {
    for (const name of await driver.listModels()) names.add(name);
  } catch {
    // Listing is a convenience; whether a model may be used is decided when it is.
  }
  return [...names].map((name) => ({ provider, name }));
}
