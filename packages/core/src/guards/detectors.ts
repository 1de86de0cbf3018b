import type { Clock } from '../ports.ts';
import type { DetectorConfig, TextSource } from '../config/content/detectors.ts';
import type { InjectionFinding, InjectionReport } from '../injection/report.ts';
import { RuntimeFault } from '../errors.ts';
import { Remembered } from '../remembered.ts';
import { injectionFamilies } from '../injection/report.ts';
import { maxCharsOf } from '../config/content/detectors.ts';

export interface DetectorAnswer {
  /** 0 to 1: how sure it is that the text is an attack. */
  readonly score: number;
  /** Instead of what the operator's threshold makes of the score. */
  readonly verdict?: InjectionReport['verdict'];
}

/** A detector of the operator's: a server, or a module. */
export interface InjectionDetector {
  /**
   * Is asked about one text, or a window of it. Rejects where it cannot say: with RuntimeFault `detector_failed`, whose detail
   * says why without the text, or with anything else, of which nothing is repeated. When the signal aborts, nobody waits for
   * the answer any more.
   */
  detect(
    text: string,
    about: { readonly source: TextSource; readonly signal: AbortSignal },
  ): DetectorAnswer | Promise<DetectorAnswer>;
}

export interface AskedText {
  readonly source: TextSource;
  readonly text: string;
}

/** What all detectors say of one text. */
export interface Opinion {
  readonly score: number;
  readonly verdict: InjectionReport['verdict'];
  readonly findings: readonly InjectionFinding[];
  /** Detectors that could not answer and may be passed over, and why. */
  readonly unavailable: readonly { readonly detector: string; readonly detail: string }[];
}

const verdicts = ['none', 'suspicious', 'block'] as const satisfies readonly InjectionReport['verdict'][];
export const worseVerdict = (a: InjectionReport['verdict'], b: InjectionReport['verdict']) =>
  verdicts.indexOf(a) >= verdicts.indexOf(b) ? a : b;

/** Findings of detectors are of stretches as a whole. */
export const isOfDetector = ({ rule }: InjectionFinding): boolean => rule.startsWith('detector:');

/** Asks all detectors together, each once about a text: a conversation repeats its texts with every turn. */
export class Detectors {
  readonly #asked: readonly Asked[];
  /** The longest that the operator lets one of them think. */
  readonly longestMs: number;

  constructor(
    configured: readonly { readonly config: DetectorConfig; readonly detector: InjectionDetector }[],
    clock: Pick<Clock, 'after'>,
  ) {
    this.#asked = configured.map(({ config, detector }) => new Asked(config, detector, clock));
    this.longestMs = Math.max(0, ...configured.map(({ config }) => config.timeoutMs));
  }

  /**
   * Opinions on the texts, in their order: at once where every answer is known already.
   *
   * @throws RuntimeFault `detector_failed`, naming the detector, where one that may not be passed over cannot answer
   */
  opinions(texts: readonly AskedText[]): readonly Opinion[] | Promise<readonly Opinion[]> {
    const all = texts.map((text) =>
      this.#asked.filter(({ config }) => config.sources.includes(text.source)).map((asked) => asked.about(text)),
    );
    if (all.every((answers) => answers.every((answer) => !(answer instanceof Promise)))) {
      return all.map((answers) => merged(answers as Opinion[]));
    }
    return Promise.all(all.map(async (answers) => merged(await Promise.all(answers.map(async (answer) => answer)))));
  }
}

function merged(answers: readonly Opinion[]): Opinion {
  return {
    score: answers.reduce((worst, { score }) => Math.max(worst, score), 0),
    verdict: answers.reduce<Opinion['verdict']>((worst, { verdict }) => worseVerdict(worst, verdict), 'none'),
    findings: answers.flatMap(({ findings }) => findings),
    unavailable: answers.flatMap(({ unavailable }) => unavailable),
  };
}

/** What is known of a text, or being asked. A failure is not kept: what is repeated is asked again. */
interface Known {
  answer?: Opinion;
  asking?: Promise<Opinion> | undefined;
}

/** So many windows of all texts at once: what runs in this process shares its threads, what runs elsewhere has its limits. */
const atOnce = 16;
/** Of one text: it takes its turn among others, so that a huge one of one session does not starve those of all. */
const ofOneText = 8;

class Asked {
  readonly config: DetectorConfig;
  readonly #detector: InjectionDetector;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #known: Readonly<Record<TextSource, Remembered<Known>>> = {
    user: new Remembered<Known>(),
    results: new Remembered<Known>(),
  };
  readonly #lanes = new Lanes(atOnce);

  constructor(config: DetectorConfig, detector: InjectionDetector, clock: Pick<Clock, 'after'>) {
    this.config = config;
    this.#detector = detector;
    this.#clock = clock;
  }

  about({ source, text }: AskedText): Opinion | Promise<Opinion> {
    const known = this.#known[source].of(text, () => ({}));
    if (known.answer) return known.answer;
    known.asking ??= this.#ask(source, text).then(
      (answer) => (known.answer = answer),
      (error: unknown) => {
        known.asking = undefined;
        throw error;
      },
    );
    return this.config.onFailure === 'deny' ? known.asking : known.asking.catch(passedOver(this.config.name));
  }

  async #ask(source: TextSource, text: string): Promise<Opinion> {
    const { name, timeoutMs } = this.config;
    const windows = windowsOf(text, maxCharsOf(this.config));
    const stop = new AbortController();
    const over = Promise.withResolvers<never>();
    const cancel = this.#clock.after(timeoutMs, () => {
      const about = windows.length > 1 ? ` about a text in ${windows.length} windows` : '';
      over.reject(new RuntimeFault('detector_failed', { detail: `no answer within ${timeoutMs} ms${about}` }));
    });
    try {
      const run = async ({ start, end }: Window) => {
        const about = { source, signal: stop.signal };
        const ask = async () => checked(await this.#detector.detect(text.slice(start, end), about));
        return this.#answer(await this.#lanes.run(ask, stop.signal, over.promise), { start, end });
      };
      // What waits for a lane is not waited for longer either.
      return merged(await Promise.race([inTurn(windows, ofOneText, run), over.promise]));
    } catch (error) {
      throw named(name, error);
    } finally {
      cancel();
      // Windows that are still asked about: nobody waits for them, and they must hold up no other text.
      const ended = new RuntimeFault('detector_failed', { detail: 'given up' });
      over.reject(ended);
      stop.abort(ended);
    }
  }

  #answer({ score, verdict: own }: DetectorAnswer, { start, end }: Window): Opinion {
    const { name, threshold } = this.config;
    const verdict = own ?? (score >= threshold ? this.config.verdict : 'none');
    const { atlas, owasp } = injectionFamilies.classifier;
    const finding = { rule: `detector:${name}`, family: 'classifier', start, end, via: [], atlas, owasp } as const;
    return {
      score,
      verdict,
      findings: verdict === 'none' ? [] : [{ ...finding, severity: verdict }],
      unavailable: [],
    };
  }
}

const passedOver =
  (detector: string) =>
  (error: unknown): Opinion => {
    const detail = error instanceof Error ? error.message : 'failed';
    return { score: 0, verdict: 'none', findings: [], unavailable: [{ detector, detail }] };
  };

/** Of an error that a driver did not make, only the kind: its words may be the text's. */
function named(name: string, error: unknown): RuntimeFault {
  const known = error instanceof RuntimeFault && error.code === 'detector_failed' && error.detail;
  const why = known || (error instanceof Error ? `failed with ${kindOf(error)}` : 'failed');
  return new RuntimeFault('detector_failed', { detail: `detector ${name}: ${why}` });
}

const kindOf = ({ name }: Error): string => (/^[A-Za-z]{1,60}$/.test(name) ? name : 'an error');

/** A module is the operator's own code, a server anybody's: nothing about an answer is taken on trust. */
function checked(answer: DetectorAnswer): DetectorAnswer {
  const given: unknown = answer;
  if (typeof given === 'object' && given !== null) {
    const { score, verdict } = given as { readonly score?: unknown; readonly verdict?: unknown };
    const inRange = typeof score === 'number' && score >= 0 && score <= 1;
    const isVerdict = verdict === undefined || verdicts.some((each) => each === verdict);
    if (inRange && isVerdict) return answer;
  }
  throw new RuntimeFault('detector_failed', {
    detail: 'its answer is not { score: 0 to 1, verdict?: none, suspicious or block }',
  });
}

interface Window {
  readonly start: number;
  readonly end: number;
}

/** Windows overlap by a quarter, so that no attack shorter than that is cut in all of them. */
export function windowsOf(text: string, maxChars: number): readonly Window[] {
  const windows: Window[] = [];
  const step = Math.ceil(maxChars * 0.75);
  for (let from = 0; ; from += step) {
    const start = isLowSurrogate(text, from) ? from - 1 : from;
    const last = from + maxChars >= text.length;
    const to = last ? text.length : from + maxChars;
    windows.push({ start, end: !last && isLowSurrogate(text, to) ? to - 1 : to });
    if (last) return windows;
  }
}

const isLowSurrogate = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xdc00;

async function inTurn<Item, Made>(items: readonly Item[], most: number, run: (item: Item) => Promise<Made>) {
  const made: Made[] = [];
  let next = 0;
  const runner = async () => {
    while (next < items.length) made.push(await run(items[next++] as Item));
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, runner));
  return made;
}

/** Lets so many run at once, in the order in which they came. */
class Lanes {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(free: number) {
    this.#free = free;
  }

  /** Gives the lane back when `over` rejects, whether or not the work ends. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal, over: Promise<never>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      signal.throwIfAborted();
      return await Promise.race([work(), over]);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
