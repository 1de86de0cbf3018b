import { allow, deny } from '../decision.ts';
import { defineGuard, type Guard } from '../guard.ts';
import { showText } from '../normalize/show.ts';
import type { Config } from '../config/config.ts';

/** A name that says which weights it means: a date, a version with a date, or a digest. */
const version = /(?:\d{4}-\d{2}-\d{2}|\d{8}|@sha256:[0-9a-f]{64})$/;

/** Where a provider is `pinned`, an alias such as `gpt-5` is refused: the vendor may point it at another model any day. */
export const pinnedModelsGuard = (providers: Config['providers']): Guard =>
  defineGuard({
    name: 'pinned-models',
    summary: 'Model names carry a version where the provider is pinned',
    stage: 'judge',
    on: ['model_request'],
    check({ model }) {
      if (!providers[model.provider]?.pinned || version.test(model.name)) return allow;
      return deny({
        code: 'model_not_pinned',
        rule: `providers.${model.provider}.pinned`,
        path: 'model',
        value: showText(model.name),
        fix: `Name a dated version, such as ${showText(model.name, 60)}-2026-01-31, or turn the option off.`,
      });
    },
  });
