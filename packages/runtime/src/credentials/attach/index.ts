import { staticAttachment, placeOf, mtlsAttachment } from './static.ts';
import { OauthAttachment } from './oauth.ts';
import { fileSource } from '../sources/file.ts';
import { unavailable } from '../unavailable.ts';
import type { Attachment } from './attachment.ts';
import type { OpenParts } from '../open.ts';
import type { SecretReader } from '../reader.ts';

export type { Attachment } from './attachment.ts';

export function openAttachment(parts: OpenParts, reader: SecretReader): Attachment {
  const { attach } = parts.config;
  const place = placeOf(attach);
  if (place) return staticAttachment(reader, place);
  if (attach.kind === 'mtls') {
    const file = (path: string) => parts.reader(fileSource(path, parts), { secret: false });
    const { certFile, caFile } = attach;
    return mtlsAttachment(reader, { cert: file(certFile), ca: caFile === undefined ? undefined : file(caFile) });
  }
  if ('tokenUrl' in attach) return new OauthAttachment(parts, attach, reader);
  // Programs are given it by `environment`; no request is.
  const refuse = () => Promise.reject(unavailable(parts.name, 'is not attached to requests.'));
  return { attach: refuse, rejected: () => Promise.resolve(false), forget: () => undefined };
}
