import type { AuditLog, Clock, Config, Entry, Store } from '@sallyport/core';
import { LogMask, RedactPolicy, Redactor } from '@sallyport/core';
import { SealedBox, openMasterKey, pinMasterKey, type GivenMasterKey } from '../flow/index.ts';
import { SessionVaults } from '../vault/index.ts';
import { createMarks } from '../marks/marks.ts';

export interface RedactionOptions {
  readonly config: Config;
  /** Absolute. */
  readonly dataDir: string;
  readonly store: Store;
  readonly clock: Clock;
  /** What `encryption.masterKey` says, where it says anything. */
  readonly masterKey: GivenMasterKey | undefined;
}

/** What is sealed, what is replaced and what is masked: made first, since nothing is to be written down before. */
export async function openRedaction({ config, dataDir, store, clock, masterKey: given }: RedactionOptions) {
  const masterKey = openMasterKey(dataDir, given);
  await pinMasterKey(store.settings, masterKey);
  const box = new SealedBox(masterKey, store.flow);
  const marks = createMarks(masterKey);
  const vaults = new SessionVaults({ store: store.vault, box, clock });
  const { redact } = config.guards;
  const hash = (type: string, value: string) => marks.value(type, value);
  const redactor = new Redactor({ policy: new RedactPolicy(redact), hash });
  const log = new LogMask(redactor, (id) => vaults.atHand(id));
  // Names of people are names of agents as well: of names only what no program is called is hidden.
  const plain = new RedactPolicy({ ...redact, profile: 'balanced', types: {}, rules: [] });
  const names = new LogMask(new Redactor({ policy: plain, hash }));
  return {
    masterKey,
    box,
    marks,
    vaults,
    redactor,
    log,
    maskText: (text: string, sessionId?: string) => log.text(text, sessionId === undefined ? {} : { sessionId }),
    maskName: (name: string) => names.text(name),
  };
}
export type Redaction = Awaited<ReturnType<typeof openRedaction>>;

/** Masks every entry before it is written, whoever writes it. */
export function maskingAudit(audit: AuditLog, log: LogMask): AuditLog {
  const masked = (entry: Entry): Entry => log.entry(entry);
  return {
    // In the promise: what cannot be masked cannot be recorded.
    append: async (entry) => audit.append(masked(entry)),
    enqueue: (entry) => audit.enqueue(masked(entry)),
    subscribe: (listener) => audit.subscribe(listener),
  };
}
