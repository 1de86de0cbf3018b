import type { AdminClient } from './client.ts';
import type { AgentStep } from '../../../../examples/support-agent/agent.ts';
import type { Context } from './context.ts';
import type { EntryView } from '@sallyport/core/admin';
import { CommandFailure, exitCodes } from './exit.ts';
import { paint, safe } from './output.ts';
import { printEntry } from './entries.ts';

/** Tells a story as it happens: what the agent does, and between its steps what the checkpoint recorded of them. */
export class Teller {
  readonly #context: Context;
  readonly #admin: AdminClient;
  readonly #told = new Set<string>();
  #heard: (() => readonly string[]) | undefined;
  readonly seen: EntryView[] = [];

  constructor(context: Context, admin: AdminClient) {
    this.#context = context;
    this.#admin = admin;
  }

  opens(title: string): void {
    const { output } = this.#context;
    output.line(safe``);
    output.line(safe`${paint('bold', title)}`);
  }

  /** From now on, what the model was sent is told where a guard rewrote it. */
  hears(heard: () => readonly string[]): void {
    this.#heard = heard;
  }

  tells(step: AgentStep): Promise<void> {
    if (step.kind === 'text') return this.says('the model says', step.text);
    return this.says('the agent ran', `${step.tool} ${step.result}`);
  }

  /** @throws CommandFailure once the person has had enough */
  async says(who: string, text: string): Promise<void> {
    if (this.#context.interrupted.aborted) {
      throw new CommandFailure(exitCodes.interrupted, 'The demo was interrupted.');
    }
    await this.catchUp();
    this.#print(who, text);
  }

  /** Prints what was recorded since. */
  async catchUp(): Promise<void> {
    const after = this.seen.at(-1)?.seq ?? 0;
    const { entries } = await this.#admin.call('entries.list', { query: { after, limit: 500 } });
    this.seen.push(...entries);
    for (const entry of entries) {
      if (!this.#isTelling(entry)) continue;
      printEntry(this.#context.output, shortened(entry));
      if (entry.phase === 'intent' && entry.kind === 'model_request') this.#printHeard();
    }
  }

  #print(who: string, text: string): void {
    this.#context.output.line(safe`${paint('dim', `  ${who.padEnd(14)}`)}  ${text.slice(0, 400)}`);
  }

  #printHeard(): void {
    const body = this.#heard?.().at(-1);
    if (body === undefined) return;
    const { messages } = JSON.parse(body) as { messages: { content: unknown }[] };
    const content = messages.at(-1)?.content;
    if (typeof content === 'string') this.#print('the model read', content);
  }

  /** Calls that were decided, anything denied or held, and what a guard rewrote: of conversations, which repeat, once. */
  #isTelling(entry: EntryView): boolean {
    if (entry.phase !== 'intent') return false;
    const { outcome, reasons } = entry.decision;
    if (entry.kind === 'tool_call' || outcome === 'deny' || outcome === 'require_approval') return true;
    if (entry.kind !== 'model_request') return reasons.length > 0;
    const news = reasons.map(({ code }) => `${entry.sessionId} ${code}`).filter((each) => !this.#told.has(each));
    for (const each of news) this.#told.add(each);
    return news.length > 0;
  }
}

/** Without what the agent's own step says already, or what are figures only. */
function shortened(entry: EntryView): EntryView {
  if (entry.phase !== 'intent' || (entry.kind !== 'tool_result' && entry.kind !== 'model_request')) return entry;
  const { content: _, ...rest } = entry;
  return rest;
}
