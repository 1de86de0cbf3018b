import type { OwnerIndex, Session } from '@sallyport/core';
import { RedactPolicy, Redactor, TokenVault, findSensitive, unknownManifest, zeroCounters } from '@sallyport/core';
import { exfiltrationGuard } from '../../packages/core/src/guards/exfiltration.ts';
import { fenceGuards } from '../../packages/core/src/guards/fence.ts';
import { fenceSchema } from '../../packages/core/src/config/content/fence.ts';
import { redactSchema } from '../../packages/core/src/config/content/redact.ts';
import { scanInjection } from '../../packages/core/src/injection/scan.ts';
import { structuredTypes, threadMicros, typesWithSecrets } from './content-measure.ts';
import { sentencesOf, ssn, randomly } from './content-texts.ts';

const pem = (word: string): string => `${'-'.repeat(5)}BEGIN ${word} KEY${'-'.repeat(5)}\n`;

/** What an attacker repeats in the hope that something backtracks, or reads from every place to the end. */
const repeats: Readonly<Record<string, string>> = {
  '1 ': '1 ',
  'a.': 'a.',
  'a@': 'a@',
  'a@a.a.': 'a@a.a.',
  '123-': '123-',
  'eyJa.': 'eyJa.',
  'password=': 'password=',
  'http://a': 'http://a',
  spaces: ' ',
  'line ends': '\n',
  digits: '1234567890',
  zeros: '0',
  dots: '.',
  'capital words': 'Anna Schmidt ',
  '<img ': '<img ',
  '![a](': '![a](',
  '1:': '1:',
  'a:': 'a:',
  '+1 (': '+1 (',
  '12 aa bb': '12 aa bb',
  'double quotes': '"',
  'single quotes': "'",
  backslashes: '\\',
  'PEM headers': pem('PRIVATE'),
  'lists in JSON': '[',
  'objects in JSON': '{"a":',
  tables: 'a,b\n',
  base64: 'QUFB',
  hexadecimal: '41 ',
  percent: '%25',
  entities: '&#38;',
  'zero width': 'a\u200b',
  'full width': '１２３ ',
  'ignore all': 'ignore all ',
  tokens: '<EMAIL_1> ',
  words: 'password is the key of ',
};

export interface Worst {
  readonly micros: number;
  readonly input: string;
}

interface Engine {
  readonly chars: number;
  readonly run: (text: string) => unknown;
}

/** Of each engine the most expensive input, by the thread's own time. */
export function worstHostile(log: (line: string) => void): Readonly<Record<keyof ReturnType<typeof engines>, Worst>> {
  const entries = Object.entries(engines()).map(([name, engine]) => {
    const worst = worstOf(engine);
    log(`  ${name}, ${engine.chars / 1_000} kB: at worst ${(worst.micros / 1_000).toFixed(0)} ms, by ${worst.input}`);
    return [name, worst] as const;
  });
  return Object.fromEntries(entries) as Record<keyof ReturnType<typeof engines>, Worst>;
}

function worstOf({ chars, run }: Engine): Worst {
  run(sentencesOf(400, 5));
  let worst: Worst = { micros: 0, input: '' };
  for (const [input, part] of Object.entries(repeats)) {
    // Another text each time: what was read before is remembered.
    const text = (run_: number) => part.repeat(Math.ceil(chars / part.length)).slice(0, chars - run_);
    let micros = threadMicros(() => run(text(0)));
    // Another program, or the compiler, may have been in the way.
    for (let again = 1; again <= 2 && micros > worst.micros; again++) {
      micros = Math.min(
        micros,
        threadMicros(() => run(text(again))),
      );
    }
    if (micros > worst.micros) worst = { micros, input };
  }
  return worst;
}

const engines = () => ({
  structured: { chars: 100_000, run: (text: string) => findSensitive(text, { types: structuredTypes }) },
  secrets: { chars: 100_000, run: (text: string) => findSensitive(text, { types: typesWithSecrets }) },
  allTypes: { chars: 100_000, run: (text: string) => findSensitive(text) },
  injection: { chars: 200_000, run: (text: string) => scanInjection(text) },
  redaction: { chars: 100_000, run: redacting() },
  exfiltration: { chars: 100_000, run: answering(exfiltrationGuard({ allowedHosts: [] })) },
  fence: { chars: 100_000, run: answering(fencing()) },
});

/** In a session that has given out tokens already. */
function redacting() {
  const redactor = new Redactor({
    policy: new RedactPolicy(redactSchema.parse({ profile: 'strict' })),
    hash: () => '0',
  });
  const vault = new TokenVault();
  const random = randomly(3);
  for (let given = 0; given < 50; given++) vault.tokenOf('US_SSN', ssn(random));
  return (text: string) => redactor.redact(text, { direction: 'result', tool: 'read_mail' }, vault);
}

const answering =
  (guard: ReturnType<typeof exfiltrationGuard>) =>
  (text: string): unknown => {
    const model = { provider: 'bench', name: 'bench-1' };
    return guard.check({ kind: 'model_response', id: '1', at: 0, model, text, calls: 0 }, { session, now: 0 });
  };

const session: Session = {
  id: 'hostile',
  tenant: 'default',
  agent: { id: 'a', name: 'a', roles: [] },
  user: { id: 'ann', roles: [] },
  purpose: 'bench',
  openedAt: 0,
  expiresAt: Number.MAX_SAFE_INTEGER,
  state: 'open',
  counters: zeroCounters,
};

/** An index that has never seen what it is asked about, and so lets all of the answer be looked at. */
function fencing() {
  const index: OwnerIndex = {
    learn: () => undefined,
    others: (_, __, keys) => keys.map(() => undefined),
    isEmpty: () => false,
  };
  const config = fenceSchema.parse({});
  return fenceGuards(config, { index, manifestOf: () => unknownManifest }).withholds;
}
