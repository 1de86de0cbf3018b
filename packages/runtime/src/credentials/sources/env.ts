import { SourceProblem } from '../unavailable.ts';
import type { Source, SourceContext } from './source.ts';

export const envSource = (variable: string, { env }: Pick<SourceContext, 'env'>): Source => ({
  async read() {
    const value = Object.hasOwn(env, variable) ? env[variable] : undefined;
    if (value !== undefined && value !== '') return value;
    throw new SourceProblem(`cannot be read: the environment variable ${variable} is not set. Set it and restart.`);
  },
});
