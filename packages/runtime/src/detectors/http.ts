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
      const { statusCode, body: answer } = await reached(pool.request({ path, method: 'POST', headers, body, signal }));
      if (statusCode !== 200) {
        answer.on('error', () => undefined).destroy();
        throw failed(`HTTP ${statusCode}${statusCode === 413 ? ', a window is too long for it: lower maxChars' : ''}`);
      }
      return answerOf(parsed(await reached(readText(answer))));
    },
    close: () => pool.destroy(),
  };
}

const failed = (detail: string): RuntimeFault => new RuntimeFault('detector_failed', { detail });

/** What went wrong by its code: the message may name the address, or more. */
async function reached<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RuntimeFault) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'the connection failed';
    throw failed(code);
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
