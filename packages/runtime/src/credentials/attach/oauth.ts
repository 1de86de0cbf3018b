import { authorityOf } from '@sallyport/core';
import type { AttachedCredential, CredentialRefusal, CredentialUse } from '@sallyport/core';
import { DpopKey, Nonces } from '../oauth/dpop.ts';
import { TokenEndpoint, type Granted, type OauthConfig } from '../oauth/endpoint.ts';
import { Tokens, type Token } from '../oauth/tokens.ts';
import { grantOf, type Subject, type TokenGrant } from '../oauth/grants.ts';
import { faultOf, type SecretReader } from '../reader.ts';
import { openSource } from '../sources/index.ts';
import type { Attachment } from './attachment.ts';
import type { OpenParts } from '../open.ts';

/** Not used in its last moments: it would end on the way. */
const marginMs = 30_000;
/** For so long after its end a token is still taken out of texts: clocks differ. */
const echoMs = 300_000;

/** Access tokens, had at a token endpoint when they are needed. */
export class OauthAttachment implements Attachment {
  readonly #parts: OpenParts;
  readonly #isBound: boolean;
  readonly #grant: TokenGrant;
  readonly #endpoint: TokenEndpoint;
  readonly #tokens: Tokens;
  readonly #nonces = new Nonces();
  /** What each request was given: by the time it is refused, another may have had that replaced. */
  readonly #sent = new WeakMap<CredentialUse, { readonly value: string; readonly nonce?: string | undefined }>();
  #key: Promise<DpopKey> | undefined;

  constructor(parts: OpenParts, attach: OauthConfig, reader: SecretReader) {
    const { clock, timeoutMs } = parts;
    this.#parts = parts;
    this.#isBound = attach.dpop;
    const confidential = attach.kind === 'refresh_token' && attach.clientAuth !== 'none' && attach.clientSecret;
    const clientSecret = confidential ? parts.reader(openSource(confidential, parts), { secret: true }) : undefined;
    this.#grant = grantOf({ ...parts, attach, reader, clientSecret, now: () => clock.now() });
    this.#endpoint = new TokenEndpoint(attach, clock, timeoutMs, (sent) => parts.remember(sent));
    this.#tokens = new Tokens(clock);
  }

  async attach(use: CredentialUse, url: URL): Promise<AttachedCredential> {
    const subject = await this.#subjectOf(use);
    const { value } = await this.#tokens.get(subject.key, () => this.#safely(() => this.#fetch(subject)));
    if (!this.#isBound) {
      this.#sent.set(use, { value });
      return { headers: { authorization: `Bearer ${value}` }, query: {} };
    }
    const dpop = await this.#safely(() => this.#openKey());
    const nonce = this.#nonces.of(authorityOf(url));
    this.#sent.set(use, { value, nonce });
    const proof = await dpop.prove({ method: use.httpMethod, url, token: value, nonce, now: this.#parts.clock.now() });
    return { headers: { authorization: `DPoP ${value}`, dpop: proof }, query: {} };
  }

  async rejected(use: CredentialUse, url: URL, { authenticate = '', dpopNonce }: CredentialRefusal): Promise<boolean> {
    const sent = this.#sent.get(use);
    const learned = this.#nonces.learn(authorityOf(url), dpopNonce);
    const isNew = sent ? this.#nonces.of(authorityOf(url)) !== sent.nonce : learned;
    // The token is as good as before: only its proof lacked what the upstream wants to see in it.
    if (this.#isBound && isNew && /\buse_dpop_nonce\b/.test(authenticate)) return true;
    const { key } = await this.#subjectOf(use);
    return this.#tokens.drop(key, sent?.value);
  }

  forget(): void {
    this.#tokens.clear();
    this.#grant.forget();
  }

  async #fetch(subject: Subject): Promise<Token> {
    const { clock, config, mask, progress } = this.#parts;
    const asked = clock.now();
    const dpop = this.#isBound ? await this.#openKey() : undefined;
    const lifeOf = ({ lifeMs }: Granted) => lifeMs ?? config.refreshSeconds * 1_000;
    const granted = await this.#grant.run(subject, async (what) => {
      const answer = await this.#endpoint.ask({ ...what, dpop });
      mask.add(answer.accessToken, asked + lifeOf(answer) + echoMs);
      return answer;
    });
    progress.had();
    const lifeMs = lifeOf(granted);
    return { value: granted.accessToken, usableUntil: asked + lifeMs - Math.min(marginMs, lifeMs / 2) };
  }

  async #openKey(): Promise<DpopKey> {
    const { name, sealed } = this.#parts;
    this.#key ??= DpopKey.open(name, sealed);
    try {
      return await this.#key;
    } catch (error) {
      this.#key = undefined;
      throw error;
    }
  }

  /** That one session's user has no token is no failure of the credential. */
  async #subjectOf(use: CredentialUse): Promise<Subject> {
    try {
      return await this.#grant.subjectOf(use);
    } catch (error) {
      throw faultOf(this.#parts.name, error);
    }
  }

  /** Every failure is one of the credential, in words that may be shown. */
  async #safely<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const fault = faultOf(this.#parts.name, error);
      this.#parts.progress.failed(fault);
      throw fault;
    }
  }
}
