import { Pool, type Dispatcher } from 'undici';
import { RuntimeFault } from '@sallyport/core';
import type { HttpDetectorConfig } from '@sallyport/core';
import type { OpenDetector } from './detector.ts';
import { formats } from './formats.ts';

/** Of an answer; those of classifiers with a hundred labels stay below. */
const maxAnswerBytes = 65_536;

/** A detector behind HTTP: its connections, its key, its way of asking. */
export function httpDetector(config: HttpDetectorConfig): OpenDetector {
  const url = new URL(config.url);
  const { timeoutMs, apiKey } = config;
  // Undici follows no redirect: what was written to us must go nowhere else.
  const pool = new Pool(url.origin, {
    connections: 16,
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: { timeout: timeoutMs },
  });
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    'accept-encoding': 'identity',
    ...(apiKey ? { authorization: `Bearer ${apiKey.reveal()}` } : {}),
  };
  const { bodyOf, answerOf } = formats[config.format](config);
  const path = url.pathname + url.search;
  return {
    async detect(text, { signal }) {
      const body = JSON.stringify(bodyOf(text));
      const ask = () => asked(pool.request({ path, method: 'POST', headers, body, signal }));
      try {
        return answerOf(parsed(await ask()));
      } catch (error) {
        // A server may close a connection that it kept open in the moment in which we use it again.
        if (!(error instanceof BrokenOff)) throw error;
        return answerOf(parsed(await ask()));
      }
    },
    close: () => pool.destroy(),
  };
}

const failed = (detail: string): RuntimeFault => new RuntimeFault('detector_failed', { detail });

/** The connection ended before the answer did. */
class BrokenOff extends RuntimeFault {
  constructor(detail: string) {
    super('detector_failed', { detail });
  }
}
const endings: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

async function asked(answer: Promise<Dispatcher.ResponseData>): Promise<string> {
  try {
    const { statusCode, body } = await answer;
    if (statusCode === 200) return await readText(body);
    body.on('error', () => undefined).destroy();
    throw failed(`HTTP ${statusCode}${statusCode === 413 ? ', a window is too long for it: lower maxChars' : ''}`);
  } catch (error) {
    if (error instanceof RuntimeFault) throw error;
    // What went wrong by its code: the message may name the address, or more.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'the connection failed';
    throw endings.has(code) ? new BrokenOff(code) : failed(code);
  }
}

async function readText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    bytes += part.length;
    // To leave the loop ends the connection.
    if (bytes > maxAnswerBytes) throw failed(`its answer is longer than ${maxAnswerBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw failed('its answer is not JSON');
  }
}
