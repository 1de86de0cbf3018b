import { authorityOf } from '@sallyport/core';
import { DpopKey, Nonces } from '../oauth/dpop.ts';
import { TokenEndpoint, type OauthConfig } from '../oauth/endpoint.ts';
import { Tokens, type Token } from '../oauth/tokens.ts';
import { grantOf, type Subject } from '../oauth/grants.ts';
import { faultOf, type SecretReader } from '../reader.ts';
import { openSource } from '../sources/index.ts';
import type { Attachment } from './attachment.ts';
import type { OpenParts } from '../open.ts';

/** Not used in its last moments: it would end on the way. */
const marginMs = 30_000;
/** For so long after its end a token is still taken out of texts: clocks differ. */
const echoMs = 300_000;

/** Access tokens, had at a token endpoint when they are needed. */
export function oauthAttachment(parts: OpenParts, attach: OauthConfig, reader: SecretReader): Attachment {
  const { name, clock, timeoutMs, sealed, subjectTokens, mask, config, progress } = parts;
  const confidential =
    attach.kind === 'refresh_token' && attach.clientAuth !== 'none' ? attach.clientSecret : undefined;
  const clientSecret = confidential && parts.reader(openSource(confidential, parts), { secret: true });
  const now = () => clock.now();
  const grant = grantOf({ name, attach, reader, clientSecret, sealed, subjectTokens, mask, now });
  const endpoint = new TokenEndpoint(attach, clock, timeoutMs, parts.remember);
  const tokens = new Tokens(clock);
  const nonces = new Nonces();
  let key: Promise<DpopKey> | undefined;
  const openKey = async (): Promise<DpopKey | undefined> => {
    if (!attach.dpop) return undefined;
    key ??= DpopKey.open(name, sealed);
    return await key.catch((error: unknown) => {
      key = undefined;
      throw error;
    });
  };

  const fetchToken = async (subject: Subject): Promise<Token> => {
    const asked = now();
    const dpop = await openKey();
    const { accessToken, lifeMs = config.refreshSeconds * 1_000 } = await grant.run(subject, async (what) => {
      const granted = await endpoint.ask({ ...what, dpop });
      mask.add(granted.accessToken, asked + (granted.lifeMs ?? config.refreshSeconds * 1_000) + echoMs);
      return granted;
    });
    progress.had();
    return { value: accessToken, usableUntil: asked + lifeMs - Math.min(marginMs, lifeMs / 2) };
  };
  /** Every failure is one of the credential, in words that may be shown. */
  const safely = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const fault = faultOf(name, error);
      progress.failed(fault);
      throw fault;
    }
  };

  return {
    async attach(use, url) {
      const subject = await safely(() => grant.subjectOf(use));
      const { value } = await tokens.get(subject.key, () => safely(() => fetchToken(subject)));
      const dpop = await safely(openKey);
      if (!dpop) return { headers: { authorization: `Bearer ${value}` }, query: {} };
      const nonce = nonces.of(authorityOf(url));
      const proof = await dpop.prove({ method: use.httpMethod, url, token: value, nonce, now: now() });
      return { headers: { authorization: `DPoP ${value}`, dpop: proof }, query: {} };
    },
    async rejected(use, url, { authenticate = '', dpopNonce }) {
      const isNew = nonces.learn(authorityOf(url), dpopNonce);
      // The token is as good as before: only its proof lacked what the upstream wants to see in it.
      if (attach.dpop && isNew && /\buse_dpop_nonce\b/.test(authenticate)) return true;
      const { key: whose } = await safely(() => grant.subjectOf(use));
      return tokens.drop(whose);
    },
    forget() {
      tokens.clear();
      grant.forget();
    },
  };
}
