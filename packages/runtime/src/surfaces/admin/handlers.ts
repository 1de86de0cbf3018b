import { agentHandlers } from './agents.ts';
import { approvalHandlers } from './approvals.ts';
import { credentialHandlers } from './credentials.ts';
import { entryHandlers } from './entries.ts';
import { operatorHandlers } from './operators.ts';
import { overviewHandlers } from './overview.ts';
import { pinHandlers } from './pins.ts';
import { policyHandlers } from './policies.ts';
import { providerHandlers } from './providers.ts';
import { sessionHandlers } from './sessions.ts';
import { settingHandlers } from './settings.ts';
import { toolHandlers } from './tools.ts';
import type { Handlers } from './services.ts';

/** One handler for each row of the contract: a missing one does not compile. */
export const handlers: Handlers = {
  ...overviewHandlers,
  ...sessionHandlers,
  ...approvalHandlers,
  ...toolHandlers,
  ...pinHandlers,
  ...credentialHandlers,
  ...entryHandlers,
  ...policyHandlers,
  ...agentHandlers,
  ...operatorHandlers,
  ...providerHandlers,
  ...settingHandlers,
};
