import type { Clock, Opinion, Session, ToolCall, Trace } from '@sallyport/core';

/** What a second model says of a held call. */
export type SecondOpinion = (call: ToolCall, session: Session, trace: Trace | undefined) => Promise<Opinion>;

/** Never rejects: that there is no opinion is one as well. */
export async function askSecondModel(ask: () => Promise<Opinion>, ms: number, clock: Clock): Promise<Opinion> {
  const started = clock.micros();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const cancel = clock.after(ms, () => reject(new Error(`no opinion within ${ms} ms`)));
  try {
    return await Promise.race([ask(), late]);
  } catch (error) {
    const explanation = error instanceof Error ? error.message : 'it failed';
    const latencyMs = Math.round((clock.micros() - started) / 1000);
    return { model: '', serves: 'failed', explanation, latencyMs };
  } finally {
    cancel();
  }
}
