import { createHash } from 'node:crypto';
import type { CredentialUse, SubjectToken, SubjectTokens } from '@sallyport/core';
import { RefreshChain } from './refresh.ts';
import { SourceProblem } from '../unavailable.ts';
import { ClientRefused, type Grant, type Granted, type OauthConfig } from './endpoint.ts';
import type { Mask } from '../mask.ts';
import type { SealedSecrets } from '../sealed.ts';
import type { SecretReader } from '../reader.ts';

type Ask = (grant: Pick<Grant, 'type' | 'parameters' | 'clientSecret'>) => Promise<Granted>;

/** For whom a token is asked, and with what. */
export interface Subject {
  /** Tokens of different keys are never taken for each other. */
  readonly key: string;
  readonly handedOver?: SubjectToken;
}

/** One way to get an access token (RFC 6749 section 1.3). */
export interface TokenGrant {
  subjectOf(use: CredentialUse): Promise<Subject>;
  run(subject: Subject, ask: Ask): Promise<Granted>;
  forget(): void;
}

export interface GrantParts {
  readonly name: string;
  readonly attach: OauthConfig;
  readonly reader: SecretReader;
  /** Of a confidential client with a refresh token. */
  readonly clientSecret: SecretReader | undefined;
  readonly sealed: SealedSecrets;
  readonly subjectTokens: SubjectTokens | undefined;
  readonly mask: Mask;
  readonly now: () => number;
}

/** How long what was spent is still taken out of texts. */
const spentMs = 86_400_000;

export function grantOf(parts: GrantParts): TokenGrant {
  const { attach } = parts;
  if (attach.kind === 'client_credentials') return clientCredentials(parts);
  if (attach.kind === 'refresh_token') return refreshToken(parts);
  return tokenExchange(parts);
}

const nobody: Subject = { key: '' };

/** By the client's own secret; read anew, and tried once more, where it was refused and is another by now. */
async function asClient(
  secret: SecretReader | undefined,
  ask: (clientSecret: string | undefined) => Promise<Granted>,
): Promise<Granted> {
  try {
    return await ask(await secret?.read());
  } catch (error) {
    if (!(error instanceof ClientRefused) || !(await secret?.reread())) throw error;
    return await ask(await secret?.read());
  }
}

const clientCredentials = ({ reader }: GrantParts): TokenGrant => ({
  subjectOf: async () => nobody,
  run: async (_, ask) =>
    await asClient(reader, (clientSecret) => ask({ type: 'client_credentials', parameters: {}, clientSecret })),
  forget: () => undefined,
});

function refreshToken({ name, reader, clientSecret, sealed, mask, now }: GrantParts): TokenGrant {
  const chain = new RefreshChain(name, sealed);
  const refresh = async (ask: Ask): Promise<Granted> => {
    const first = await reader.read();
    const token = await chain.current(first);
    mask.add(token, now() + spentMs);
    const parameters = { refresh_token: token };
    const granted = await asClient(clientSecret, (secret) =>
      ask({ type: 'refresh_token', parameters, clientSecret: secret }),
    );
    const { refreshToken: next } = granted;
    if (next !== undefined && next !== token) {
      mask.add(next, now() + spentMs);
      await chain.follow(first, next);
    }
    return granted;
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    subjectOf: async () => nobody,
    // One after the other, whatever is revoked or set meanwhile: two at once would use one token twice.
    async run(_, ask) {
      const mine = last.then(() => refresh(ask));
      last = mine.catch(() => undefined);
      return await mine;
    },
    forget: () => clientSecret?.forget(),
  };
}

const tokenType = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;
const accessTokenType = tokenType('access_token');
const fitTypes: ReadonlySet<unknown> = new Set([accessTokenType, tokenType('jwt')]);

/** RFC 8693. Whoever acts is for the endpoint to say: the client is this runtime, the subject is the user. */
const tokenExchange = ({ attach, reader, subjectTokens, mask, now }: GrantParts): TokenGrant => ({
  async subjectOf({ session }) {
    if (!session) throw new SourceProblem("exchanges the user's token, and this request is for no user.");
    const handedOver = await subjectTokens?.of(session);
    if (!handedOver) {
      throw new SourceProblem("exchanges the user's token, and the session has none: its back end must hand it over.");
    }
    const { token } = handedOver;
    mask.add(token, now() + spentMs);
    const { tenant, user } = session;
    // By the token as well: a session with a weaker token must not have what a stronger one was given.
    return {
      key: JSON.stringify([tenant, user.id, createHash('sha256').update(token).digest('base64url')]),
      handedOver,
    };
  },
  async run({ handedOver }, ask) {
    const { token: subject = '', kind }: Partial<SubjectToken> = handedOver ?? {};
    const parameters = {
      subject_token: subject,
      subject_token_type: kind === 'id' ? tokenType('id_token') : accessTokenType,
      requested_token_type: accessTokenType,
    };
    const granted = await asClient(attach.clientAuth === 'none' ? undefined : reader, (clientSecret) =>
      ask({ type: 'urn:ietf:params:oauth:grant-type:token-exchange', parameters, clientSecret }),
    );
    if (!fitTypes.has(granted.issuedTokenType)) {
      throw new SourceProblem('has no token: its token endpoint exchanged the token for one of another type.');
    }
    // The user's own token is for us, and passed on to nobody.
    if (granted.accessToken === subject) {
      throw new SourceProblem('has no token: its token endpoint gave the very token that it was to exchange.');
    }
    return granted;
  },
  forget: () => undefined,
});
