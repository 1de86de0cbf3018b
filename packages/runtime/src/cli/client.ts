import type { AdminAnswer, AdminInput, AdminRouteName, EntryView, Me } from '@sallyport/core/admin';
import { adminRoutes, entrySchema, meSchema, problemSchema } from '@sallyport/core/admin';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CommandFailure, exitCodes } from './exit.ts';

/** What a running runtime writes into its data folder, readable by its owner only. */
const runtimeFileSchema = z.object({ url: z.url({ protocol: /^https?$/ }), pid: z.int(), token: z.string() });
type RuntimeFile = z.infer<typeof runtimeFileSchema>;
const runtimeFileName = 'runtime.json';

const longestAnswerMs = 15_000;

/** The admin API of a running runtime, as its contract types it. */
export class AdminClient {
  readonly url: string;
  readonly #token: string;

  constructor({ url, token }: Pick<RuntimeFile, 'url' | 'token'>) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  async call<N extends AdminRouteName>(name: N, input: AdminInput<N>): Promise<AdminAnswer<N>> {
    const route = adminRoutes[name];
    const { params = {}, query = {}, body } = input as LooseInput;
    const path = route.path.replaceAll(/:(\w+)/g, (_, param: string) => encodeURIComponent(params[param] ?? ''));
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
    const answer = await this.#fetch(`${path}?${search.toString()}`, {
      method: route.method,
      signal: AbortSignal.timeout(longestAnswerMs),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return route.answer.parse(await answer.json()) as AdminAnswer<N>;
  }

  /** Who the token speaks for. */
  async me(): Promise<Me> {
    const answer = await this.#fetch('/me', { signal: AbortSignal.timeout(longestAnswerMs) });
    return meSchema.parse(await answer.json());
  }

  /**
   * Calls back with entries as they are recorded, until the signal fires or the runtime ends the stream.
   *
   * @param onOpen is called once entries can no longer be missed
   */
  async live(onEntry: (entry: EntryView) => void, signal: AbortSignal, onOpen?: () => void): Promise<void> {
    const answer = await this.#fetch('/live', { signal, headers: { accept: 'text/event-stream' } });
    onOpen?.();
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const part of answer.body ?? []) {
        const events = (rest + decoder.decode(part, { stream: true })).split(/\r?\n\r?\n/);
        rest = events.pop() ?? '';
        for (const event of events) {
          const entry = entryOf(event);
          if (entry) onEntry(entry);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw unreachable(this.url, error);
    }
  }

  async #fetch(
    path: string,
    init: Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> },
  ): Promise<Response> {
    let answer: Response;
    try {
      // Never follow a redirect: the token is for this runtime alone.
      answer = await fetch(`${this.url}/admin/api${path}`, {
        ...init,
        redirect: 'error',
        headers: {
          authorization: `Bearer ${this.#token}`,
          'x-sallyport-csrf': '1',
          ...(init.body !== undefined && { 'content-type': 'application/json' }),
          ...init.headers,
        },
      });
    } catch (error) {
      throw unreachable(this.url, error);
    }
    if (!answer.ok) throw await refusalOf(answer);
    return answer;
  }
}

interface LooseInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

/** @throws CommandFailure with exit code 5 when no runtime runs on this data folder */
export async function connect(dataDir: string): Promise<AdminClient> {
  const file = join(dataDir, runtimeFileName);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const hint = 'Start one with `sallyport dev`, or name the data folder of a running one with --data.';
    throw new CommandFailure(exitCodes.unreachable, `No runtime runs on the data folder ${dataDir}.`, hint, cause);
  }
  const parsed = runtimeFileSchema.safeParse(parseOrUndefined(text));
  if (!parsed.success) {
    throw new CommandFailure(exitCodes.fault, `${file} is damaged.`, 'Restart the runtime: it writes the file anew.');
  }
  return new AdminClient(parsed.data);
}

function entryOf(event: string): EntryView | undefined {
  const lines = event.split(/\r?\n/);
  if (!lines.includes('event: entry')) return undefined;
  const data = lines.flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trimStart()] : [])).join('\n');
  return data === '' ? undefined : entrySchema.parse(JSON.parse(data));
}

const unreachable = (url: string, cause: unknown): CommandFailure =>
  new CommandFailure(
    exitCodes.unreachable,
    `The runtime does not answer at ${url}.`,
    'It may have been stopped: start it with `sallyport dev`.',
    cause,
  );

async function refusalOf(answer: Response): Promise<CommandFailure> {
  const text = await answer.text();
  const problem = problemSchema.safeParse(parseOrUndefined(text));
  if (!problem.success) return new CommandFailure(exitCodes.fault, `The runtime answered ${answer.status}.`);
  const { title, detail, status, code } = problem.data;
  const exitCode = status === 401 || status === 403 ? exitCodes.denied : exitCodes.fault;
  return new CommandFailure(code === 'invalid_request' ? exitCodes.usage : exitCode, detail ?? title);
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
