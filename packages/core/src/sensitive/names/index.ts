import type { Finder } from '../types.ts';
import { finderOf } from './find.ts';
import type { Model } from './model.ts';
import { unpacked } from './packed.ts';
import { weights } from './weights.ts';

let model: Model | undefined;

/** Names of people and postal addresses, by a linear tagger of our own: see docs/personal-data.md, "Names and addresses". */
export const findNames: Finder = finderOf(() => (model ??= unpacked(weights)));
