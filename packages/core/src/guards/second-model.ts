import type { Guard } from '../guard.ts';
import { allow, deny } from '../decision.ts';
import { defineGuard } from '../guard.ts';

/** What the runtime itself asks a second model: by this guard's verdict such an event is known in the log. */
export const secondModelGuard = (model: string): Guard =>
  defineGuard({
    name: 'second-model',
    summary: 'A second model is the configured one, and has neither tools nor a history',
    stage: 'judge',
    on: ['model_request', 'model_response'],
    check(event) {
      const { provider, name } = event.model;
      const isOurs = `${provider}/${name}` === model;
      const hasNoTools = event.kind === 'model_response' || event.tools.length === 0;
      const hasNoHistory =
        event.kind === 'model_response' || event.messages.map(({ role }) => role).join() === 'system,user';
      if (isOurs && hasNoTools && hasNoHistory) return allow;
      return deny({ code: 'forbidden', rule: 'secondModel', detail: 'a second model has neither tools nor a history' });
    },
  });
