import { argumentsGuard } from './arguments.ts';
import { permissionsGuard } from './permissions.ts';
import { pinnedModelsGuard } from './pinned-models.ts';
import { settingsGuard } from './settings.ts';
import type { ArmedGuard } from '../guard.ts';
import type { Config } from '../config/config.ts';
import type { PolicySet } from '../policy/policy.ts';

/** The list of guards, in the order in which rewriting ones run. Adding a guard is a file and a line here. */
export const armGuards = ({ guards, providers }: Config, policies: () => PolicySet): ArmedGuard[] => [
  { guard: permissionsGuard(policies), mode: guards.permissions.mode, timeoutMs: guards.permissions.timeoutMs },
  { guard: argumentsGuard(guards.arguments), ...guards.arguments },
  { guard: settingsGuard(guards.settings), ...guards.settings },
  { guard: pinnedModelsGuard(providers), mode: 'enforce', timeoutMs: 1_000 },
];
