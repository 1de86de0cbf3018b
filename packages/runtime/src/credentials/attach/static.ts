import type { AttachConfig, AttachedCredential, CredentialUse } from '@sallyport/core';
import type { Attachment } from './attachment.ts';
import type { SecretReader } from '../reader.ts';

type Place = (secret: string) => AttachedCredential;

const nothing = { headers: {}, query: {} } as const;
const inHeaders = (headers: Readonly<Record<string, string>>): AttachedCredential => ({ ...nothing, headers });

/** Where a secret goes that is sent as it is kept; undefined for the other kinds. */
export function placeOf(attach: AttachConfig): Place | undefined {
  const { kind } = attach;
  if (kind === 'bearer') return (secret) => inHeaders({ authorization: `Bearer ${secret}` });
  if (kind === 'header') return (secret) => inHeaders({ [attach.name.toLowerCase()]: `${attach.prefix}${secret}` });
  if (kind === 'query') return (secret) => ({ ...nothing, query: { [attach.name]: secret } });
  if (kind !== 'basic') return undefined;
  return (secret) => inHeaders({ authorization: `Basic ${basicOf(attach.username, secret)}` });
}

/** RFC 7617, UTF-8. */
export const basicOf = (username: string, password: string): string =>
  Buffer.from(`${username}:${password}`, 'utf8').toString('base64');

/** A secret that is sent as it is kept. The same is attached for as long as the secret is the same. */
export function staticAttachment(reader: SecretReader, place: Place): Attachment {
  let last: { readonly secret: string; readonly attached: AttachedCredential } | undefined;
  const sent = new WeakMap<CredentialUse, string>();
  return {
    async attach(use) {
      const secret = await reader.read();
      sent.set(use, secret);
      if (last?.secret !== secret) last = { secret, attached: place(secret) };
      return last.attached;
    },
    async rejected(use) {
      if (await reader.reread()) return true;
      // It was read anew a moment ago, for another request that was refused.
      const refused = sent.get(use);
      return refused !== undefined && refused !== (await reader.read());
    },
    forget() {
      last = undefined;
      reader.forget();
    },
  };
}

/** A client certificate (RFC 8446); the secret is its private key. */
export const mtlsAttachment = (
  reader: SecretReader,
  files: { readonly cert: SecretReader; readonly ca: SecretReader | undefined },
): Attachment => ({
  async attach() {
    const [key, cert, ca] = await Promise.all([reader.read(), files.cert.read(), files.ca?.read()]);
    return { ...nothing, tls: { cert, key, ...(ca !== undefined && { ca }) } };
  },
  rejected: () => reader.reread(),
  forget: () => reader.forget(),
});
