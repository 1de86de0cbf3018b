import type { FastifyInstance } from 'fastify';
import { OAuthError } from './errors.ts';

const maxBodyBytes = 65_536;
const formType = 'application/x-www-form-urlencoded';

/** Lets the scope read forms and nothing else. */
export function readForms(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    formType,
    { parseAs: 'string', bodyLimit: maxBodyBytes },
    async (_: unknown, body: unknown) => String(body),
  );
}

/**
 * The parameters of a token request. One without a value counts as left out, and none may come twice (RFC 6749 section 3.2)
 * but those named in `repeatable`.
 */
export class Form {
  readonly #parameters: URLSearchParams;

  /** @throws OAuthError `invalid_request` */
  constructor(body: unknown, repeatable: readonly string[] = []) {
    if (typeof body !== 'string') throw new OAuthError('invalid_request', `Send ${formType}.`);
    this.#parameters = new URLSearchParams(body);
    for (const name of new Set(this.#parameters.keys())) {
      if (this.all(name).length > 1 && !repeatable.includes(name)) {
        throw new OAuthError('invalid_request', 'A parameter is there twice.');
      }
    }
  }

  all(name: string): readonly string[] {
    return this.#parameters.getAll(name).filter((value) => value !== '');
  }

  get(name: string): string | undefined {
    return this.all(name)[0];
  }
}
