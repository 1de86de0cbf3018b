import type { JsonObject, Program, ProcessRunner, RunningProgram } from '@sallyport/core';
import type { About, Channel, StreamReceiver, Transport } from '../protocol/transport.ts';
import { RuntimeFault, showText } from '@sallyport/core';
import { Lines } from '../protocol/lines.ts';
import { readMessages } from '../protocol/messages.ts';

export interface StdioOptions {
  readonly upstream: string;
  readonly runner: ProcessRunner;
  readonly program: Program;
  readonly maxBytes: number;
  readonly mask: (text: string) => string;
}

/** The end of what it wrote to its standard error: long enough that a credential cut off at its beginning is never shown. */
const maxTail = 65_536;
const maxLastWords = 300;
/** Lines that are taken for a greeting, before the first message. */
const maxGreeting = 100;

/** Messages as lines over the standard input and output of a program. */
export class StdioTransport implements Transport {
  readonly streams = false;
  /** Whether the program ended by itself. */
  ended = false;
  readonly #options: StdioOptions;
  #program: RunningProgram | undefined;
  #tail = '';
  #greeting = 0;
  #stopped: Promise<void> | undefined;

  constructor(options: StdioOptions) {
    this.#options = options;
  }

  async open(channel: Channel): Promise<void> {
    const { runner, program, maxBytes, upstream } = this.#options;
    // Given up before it began: nobody would stop what is started now.
    if (this.#stopped) throw this.#notRunning();
    const running = this.#start(() => runner.start(program));
    this.#program = running;
    const lines = new Lines({ maxBytes, breaksAtCr: false, onLine: (line) => this.#line(line, channel) });
    running.onStdout((bytes) => {
      if (this.#stopped) return;
      try {
        lines.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      } catch (error) {
        const fault = error instanceof RuntimeFault ? error : new RuntimeFault('internal', { cause: error });
        channel.lost(fault);
      }
    });
    running.onStderr((bytes) => {
      this.#tail = (this.#tail + Buffer.from(bytes).toString('utf8')).slice(-maxTail);
    });
    running.onExit(({ code, signal }) => {
      if (this.#stopped) return;
      const how =
        signal === null ? (code === null ? 'could not be started' : `ended with ${code}`) : `ended by ${signal}`;
      const detail = `The program of upstream ${upstream} ${how}. Whether calls under way had their effect is not known.`;
      // It did run, and ended at what it was told: another way of speaking may suit it better.
      this.ended = code !== null || signal !== null;
      channel.lost(new RuntimeFault('upstream_failed', { detail }));
    });
  }

  speak(): void {
    // Nothing of a message depends on it here.
  }

  request(message: JsonObject, about: About, receiver: StreamReceiver): () => void {
    this.send(message).catch((error: unknown) => {
      receiver.fault(error instanceof RuntimeFault ? error : new RuntimeFault('internal', { cause: error }));
    });
    return () => undefined;
  }

  async send(message: JsonObject): Promise<void> {
    if (!this.#program || this.#stopped) throw this.#notRunning();
    // JSON has no line breaks outside of strings, and none unescaped within.
    this.#program.stdin.write(Buffer.from(`${JSON.stringify(message)}\n`, 'utf8'));
  }

  close(): Promise<void> {
    this.#stopped ??= this.#program?.stop() ?? Promise.resolve();
    return this.#stopped;
  }

  #notRunning(): RuntimeFault {
    const detail = `The program of upstream ${this.#options.upstream} is not running.`;
    return new RuntimeFault('upstream_failed', { detail });
  }

  #start(start: () => RunningProgram): RunningProgram {
    try {
      return start();
    } catch (cause) {
      const detail = `The program of upstream ${this.#options.upstream} could not be started.`;
      throw new RuntimeFault('upstream_failed', { detail, cause });
    }
  }

  #line(raw: string, channel: Channel): void {
    const line = raw.trim();
    if (line === '' || this.#stopped) return;
    // `[info] listening` is a greeting as well; `[{` begins a batch.
    const greets = this.#greeting < maxGreeting && !/^(?:\{|\[\s*\{)/.test(line);
    if (greets) {
      // Many print what they are before they speak. Once they speak, everything must be a message.
      this.#greeting++;
      return;
    }
    this.#greeting = maxGreeting;
    for (const message of readMessages(this.#options.mask(line))) channel.message(message);
  }

  /**
   * The end of its standard error, for operators. Never in a fault: those may be shown to the agent, and this is text of the
   * upstream's own that nobody has judged.
   */
  get lastWords(): string {
    return showText(this.#options.mask(this.#tail).trim().slice(-maxLastWords), maxLastWords);
  }
}
