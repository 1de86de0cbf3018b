import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface TokenRequest {
  readonly form: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
}

export interface TokenServer {
  readonly url: string;
  readonly requests: TokenRequest[];
  /** What the next requests are answered with; called once for each. */
  answer: (request: TokenRequest, response: ServerResponse) => unknown;
  close(): Promise<void>;
}

/** A token endpoint as each test wants it; what it answers as an object is sent as JSON. */
export async function openTokenServer(answer: TokenServer['answer']): Promise<TokenServer> {
  const requests: TokenRequest[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const form = Object.fromEntries(new URLSearchParams(await text(request)));
      const asked = { form, headers: request.headers };
      requests.push(asked);
      const body = await opened.answer(asked, response);
      if (body === undefined) return;
      if (!response.headersSent) response.setHeader('content-type', 'application/json');
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const opened: TokenServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    requests,
    answer,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return opened;
}

export const sha256 = (value: string): string => createHash('sha256').update(value).digest('base64url');
