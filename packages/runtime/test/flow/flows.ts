import type { FlowPiece, FlowStore, Message, ModelRequest, Session, ToolCall } from '@sallyport/core';
import { SessionFlow, manifestSchema, rulesOf, unknownManifest } from '@sallyport/core';
import { SealedBox, SessionFlows, openMasterKey, type SessionFlowsOptions } from '../../src/flow/index.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { aSession, clock, newId, type temporaryFolder } from '../store/fixtures.ts';

type Folder = ReturnType<typeof temporaryFolder>;
export type View = ReturnType<SessionFlow['describe']>;
export type RealFlows = SessionFlows<FlowPiece, View>;

const manifests = {
  read_mail: manifestSchema.parse({ effect: 'read' }),
  send_email: manifestSchema.parse({ effect: 'send', target: ['to'], content: ['body'] }),
};
export const createFlow = (): SessionFlow =>
  new SessionFlow({
    manifestOf: (tool) => manifests[tool as keyof typeof manifests] ?? unknownManifest,
    rules: rulesOf('balanced'),
    maxBytes: 8_388_608,
  });

/** Flows as the runtime has them: real engine, real store, real key, in this folder. */
export async function openFlows(
  folder: Folder,
  change: Partial<SessionFlowsOptions<FlowPiece, View>> = {},
  wrap: (store: FlowStore) => FlowStore = (store) => store,
) {
  const { store, audit, db } = await openSqliteStore({ file: folder.file, clock });
  const flowStore = wrap(store.flow);
  const box = new SealedBox(openMasterKey(folder.path), flowStore);
  const flows: RealFlows = new SessionFlows({ create: createFlow, store: flowStore, box, clock, ...change });
  const close = async () => {
    await flows.close();
    await store.close();
  };
  const open = async (): Promise<Session> => {
    const session = openSession();
    await store.sessions.insert(session);
    return session;
  };
  return { store, audit, db, flows, box, open, close };
}

export const openSession = (): Session => aSession({ openedAt: Date.now(), expiresAt: Date.now() + 3_600_000 });

const base = () => ({ id: newId(), at: Date.now() });

export const request = (messages: readonly Message[]): ModelRequest => ({
  ...base(),
  kind: 'model_request',
  model: { provider: 'p', name: 'm' },
  messages,
  tools: [],
  settings: {},
  stream: false,
  wire: { format: 'openai.chat', bytes: new Uint8Array() },
});

/** What a session's model sees after `read_mail` returned these texts. */
export const conversation = (...mails: readonly string[]): Message[] => [
  { role: 'user', text: 'Read my mail and answer what needs an answer.' },
  ...mails.flatMap((text, index): Message[] => [
    { role: 'assistant', text: '', calls: [{ id: `call-${index}`, tool: 'read_mail', arguments: `{"n":${index}}` }] },
    { role: 'tool', callId: `call-${index}`, text },
  ]),
];

export const send = (to: string): ToolCall => ({
  ...base(),
  kind: 'tool_call',
  callId: newId(),
  tool: 'send_email',
  arguments: { to, body: 'Hello' },
  messages: [],
  runs: 'agent',
});

export const allowed = { outcome: 'allow', reasons: [], verdicts: [], policy: '' } as const;
export const denied = { ...allowed, outcome: 'deny' } as const;
