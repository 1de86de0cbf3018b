/** Writes docs/reasons.md from the closed tables; with `--check`, says whether it is current. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import {
  RedactPolicy,
  Redactor,
  armGuards,
  armSecondModelGuards,
  faults,
  loadPolicySet,
  parseConfig,
  reasons,
} from '@sallyport/core';

const file = join(import.meta.dirname, '../docs/reasons.md');
const row = (...cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

// With everything on: what is off by default is documented as well.
const config = parseConfig(
  'guards: {canary: {mode: enforce}}\nsecondModel: {model: a/b, checkAllowed: sinks, scope: propose}',
  { env: {}, readFile: () => '' },
);
const never = () => {
  throw new Error('no guard runs here');
};
const services = {
  flow: true,
  manifestOf: never,
  owners: { learn: never, others: never, isEmpty: never },
  marks: { code: never, canary: never },
  opinion: never,
  redaction: {
    redactor: new Redactor({ policy: new RedactPolicy(config.guards.redact), hash: never }),
    vaults: { of: never },
  },
  scopes: { required: false, begin: never, found: never },
};
const policies = loadPolicySet({ cedar: [] }, { sha256: () => '' });
const armed = [...armGuards(config, () => policies, services), ...armSecondModelGuards(config)];
const guards = [...new Map(armed.map(({ guard }) => [guard.name, guard])).values()].map((guard) =>
  row(`\`${guard.name}\``, guard.stage, guard.on.map((kind) => `\`${kind}\``).join(', '), guard.summary),
);
const reasonRows = Object.entries(reasons).map(([code, { outcome, title, operator, model }]) =>
  row(`<a id="${code}"></a>\`${code}\``, `\`${outcome}\``, `**${title}.** ${operator}`, model),
);
const faultRows = Object.entries(faults).map(([code, { status, title, hint }]) =>
  row(`<a id="${code}"></a>\`${code}\``, String(status), title, hint),
);

const text = await format(
  [
    '# Guards, reasons and faults',
    '',
    'Made from the tables in `packages/core/src` by `npm run docs`.',
    '',
    '## Guards',
    '',
    row('guard', 'stage', 'looks at', 'what it sees to'),
    row('---', '---', '---', '---'),
    ...guards,
    '',
    '## Reasons',
    '',
    'A decision that stops an event carries at least one.',
    '',
    row('code', 'outcome', 'for the operator', 'what the model is told'),
    row('---', '---', '---', '---'),
    ...reasonRows,
    '',
    '## Faults',
    '',
    'A fault means "could not do", never "may not do".',
    '',
    row('code', 'status', 'what', 'what to do'),
    row('---', '---', '---', '---'),
    ...faultRows,
    '',
  ].join('\n'),
  { parser: 'markdown' },
);

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write('docs/reasons.md is not current: run `npm run docs`.\n');
  process.exitCode = 1;
}
