import type { Surroundings } from './context.ts';

/** The model that plays in the demo. */
export interface Cast {
  /** The example's configuration file for it. */
  readonly configName: string;
  /** `provider/name`. */
  readonly model: string;
  readonly scripted: boolean;
  /** What its configuration reads from the environment, beside what is there. */
  readonly env: Readonly<Record<string, string>>;
  /** What the model was sent, request by request, as it arrived there; of a real one that cannot be known. */
  readonly heard?: () => readonly string[];
  close(): Promise<void>;
}

const defaultRealModel = 'gpt-4o-mini';

/** The scripted model, or a real one where there is a key for it. */
export async function castModel(env: Surroundings['env']): Promise<Cast> {
  if (env['OPENAI_API_KEY']) {
    const model = `openai/${env['SALLYPORT_DEMO_MODEL'] ?? defaultRealModel}`;
    return { configName: 'sallyport.openai.yaml', model, scripted: false, env: {}, close: async () => {} };
  }
  const [{ startScriptedModel }, { supportModel, supportScript }] = await Promise.all([
    import('../providers/scripted/server.ts'),
    import('../../../../examples/support-agent/model.ts'),
  ]);
  const server = await startScriptedModel({ script: supportScript, models: [supportModel] });
  return {
    configName: 'sallyport.yaml',
    model: `scripted/${supportModel}`,
    scripted: true,
    env: { SUPPORT_MODEL_URL: server.url },
    heard: () => server.requests.map(({ body }) => body),
    close: () => server.close(),
  };
}
