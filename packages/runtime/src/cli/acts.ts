import type { Cast } from './cast.ts';
import type { ChatEnd } from '../../../../examples/support-agent/chat.ts';
import type { Runtime } from '../compose.ts';
import type { StoryEnd } from '../../../../examples/support-agent/story.ts';
import type { Teller } from './teller.ts';
import { sdkBaseUrl } from './serve.ts';

interface Stage {
  readonly runtime: Runtime;
  readonly cast: Cast;
  readonly teller: Teller;
  readonly paceMs: number;
}

/** A ticket whose text gives orders, worked on by the back office. */
export async function actTicket({ runtime, cast, teller, paceMs }: Stage): Promise<StoryEnd> {
  const { assignment, openSession, playStory } = await import('../../../../examples/support-agent/story.ts');
  const agentKey = await runtime.createAgentKey({ agent: 'support-agent', roles: ['support'], namesUsers: true });
  const baseUrl = sdkBaseUrl(runtime.url);
  const apiKey = await openSession({ ...assignment, baseUrl, agentKey });
  teller.opens('A ticket that gives orders');
  const end = await playStory({
    baseUrl,
    apiKey,
    model: cast.model,
    paceMs,
    onStep: (step) => teller.tells(step),
  });
  await teller.catchUp();
  return end;
}

/** A chat with one customer, in which the tools hand out too much and one result hides an order. */
export async function actChat({ runtime, cast, teller, paceMs }: Stage): Promise<ChatEnd> {
  const { chatAssignment, openSession, playChat } = await import('../../../../examples/support-agent/chat.ts');
  const agentKey = await runtime.createAgentKey({ agent: 'chat-agent', roles: ['chat'], namesUsers: true });
  const baseUrl = sdkBaseUrl(runtime.url);
  const apiKey = await openSession({ ...chatAssignment, baseUrl, agentKey });
  teller.opens('A chat with a customer: personal data, somebody else’s data, and an order in base64');
  const { heard } = cast;
  if (heard) teller.hears(heard);
  const before = heard?.().length ?? 0;
  const end = await playChat({
    baseUrl,
    apiKey,
    model: cast.model,
    paceMs,
    ...(heard && { heard: () => heard().slice(before) }),
    onQuestion: (text) => teller.says('customer', text),
    // What the model says in the end is told as the answer.
    onStep: (step) => (step.kind === 'call' ? teller.tells(step) : undefined),
    onAnswer: (text) => teller.says('the answer', text),
  });
  await teller.catchUp();
  return end;
}
