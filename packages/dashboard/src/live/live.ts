import type { QueryClient } from '@tanstack/react-query';
import type { z } from 'zod';
import { approvalSchema, entrySchema } from '@sallyport/core/admin';
import { livePath } from '../api.ts';
import { Patches } from './patches.ts';
import { value } from './value.ts';

/** `off`: not for this role, or not signed in. `down`: lost, and being tried again. */
export type LiveState = 'off' | 'connecting' | 'live' | 'down';
export const liveState = value<LiveState>('off');

/** Messages gather for this long before caches change, so that a burst costs a few renders and not thousands. */
const flushMs = 250;
/** Above this many in one flush nothing is parsed: pages ask for the newest instead. */
const burst = 400;
const retryMs = { first: 1_000, most: 15_000 };

/**
 * The one live stream of the page. Returns how to close it. EventSource reconnects by itself after a lost connection, but
 * gives up for good on any other answer than 200, so that is tried again here.
 */
export function openLive(client: QueryClient): () => void {
  const patches = new Patches(client);
  let waiting: string[] = [];
  let approvals: string[] = [];
  let overflowed = false;
  let flushing: ReturnType<typeof setTimeout> | undefined;
  let retrying: ReturnType<typeof setTimeout> | undefined;
  let wait = retryMs.first;
  let source: EventSource | undefined;

  const flush = () => {
    flushing = undefined;
    const texts = waiting;
    const answered = approvals;
    waiting = [];
    approvals = [];
    if (overflowed) patches.missed();
    else {
      patches.apply(texts.flatMap((text) => read(entrySchema, text)));
      patches.applyApprovals(answered.flatMap((text) => read(approvalSchema, text)));
    }
    overflowed = false;
  };
  const receive = (message: MessageEvent<string>, into: string[]) => {
    if (waiting.length + approvals.length < burst) into.push(message.data);
    else overflowed = true;
    flushing ??= setTimeout(flush, flushMs);
  };
  const connect = () => {
    source = new EventSource(livePath);
    source.addEventListener('open', () => {
      wait = retryMs.first;
      // Whatever happened while it was down was not seen.
      if (liveState.get() === 'down') patches.missed();
      liveState.set('live');
    });
    source.addEventListener('entry', (message) => receive(message, waiting));
    source.addEventListener('approval', (message) => receive(message, approvals));
    source.addEventListener('error', () => {
      liveState.set('down');
      if (source?.readyState !== EventSource.CLOSED) return;
      // Perhaps signed out: any answer of 401 leads to the sign-in page.
      void client.invalidateQueries({ queryKey: ['me'] });
      retrying = setTimeout(connect, wait);
      wait = Math.min(wait * 2, retryMs.most);
    });
  };

  liveState.set('connecting');
  connect();
  return () => {
    clearTimeout(flushing);
    clearTimeout(retrying);
    source?.close();
    patches.stop();
    liveState.set('off');
  };
}

function read<T>(schema: z.ZodType<T>, text: string): T[] {
  try {
    const given = schema.safeParse(JSON.parse(text));
    return given.success ? [given.data] : [];
  } catch {
    return [];
  }
}
