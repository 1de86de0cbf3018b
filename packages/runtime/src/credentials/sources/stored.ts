import { SourceProblem } from '../unavailable.ts';
import type { Source, SourceContext } from './source.ts';

export const valueSlot = 'value';

/** Sealed in this runtime's own store, by `credentials.set`. */
export const storedSource = ({ name, sealed }: Pick<SourceContext, 'name' | 'sealed'>): Source => ({
  async read() {
    const found = await sealed.read(name, valueSlot);
    if (found) return found.text;
    throw new SourceProblem(`was not set yet. Set it by \`sallyport credentials set ${name}\`.`);
  },
});
