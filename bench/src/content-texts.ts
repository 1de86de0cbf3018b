/**
 * Texts as agents read them: tickets in prose, records in JSON, tables and logs, with about one personal value in 150
 * bytes and now and then a secret. Made anew in each run, the same each time.
 */

/** Numbers below `n`, the same each time (mulberry32). */
export function randomly(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}
type Random = ReturnType<typeof randomly>;

const words =
  'the a of to in and order parcel invoice customer account delivery shop return refund week price stock size colour team report meeting project budget plan window garden river market train station music letter paper morning evening winter city street number value question answer service contract payment balance address phone mail system server request update version page list table field record entry change light water house school library museum bridge harbour engine wheel'.split(
    ' ',
  );
const first = ['Anna', 'Jonas', 'Maria', 'David', 'Priya', 'Tom', 'Elena', 'Carlos', 'Sofia', 'Peter'];
const last = ['Miller', 'Garcia', 'Schmidt', 'Novak', 'Patel', 'Jensen', 'Rossi', 'Brown', 'Keller', 'Moreau'];

const pick = <Value>(random: Random, values: readonly Value[]): Value => values[random(values.length)] as Value;
const digits = (random: Random, count: number): string => Array.from({ length: count }, () => random(10)).join('');
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const mixed = (random: Random, count: number): string =>
  Array.from({ length: count }, () => letters[random(letters.length)]).join('');

function sentence(random: Random): string {
  const said = Array.from({ length: 8 + random(12) }, () => pick(random, words)).join(' ');
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${pick(random, ['.', '.', '.', ', please.', '?'])}`;
}

/** With the check digit of ISO/IEC 7812. */
function card(random: Random): string {
  const body = `4${digits(random, 14)}`;
  let sum = 0;
  for (const [index, digit] of Array.from(body, Number).entries()) {
    const doubled = digit * (index % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return `${body}${(10 - (sum % 10)) % 10}`;
}

/** With the check digits of ISO 13616. */
function iban(random: Random): string {
  const account = digits(random, 18);
  const check = 98n - (BigInt(`${account}131400`) % 97n);
  return `DE${String(check).padStart(2, '0')}${account}`;
}

export const ssn = (random: Random): string =>
  `${200 + random(400)}-${10 + random(89)}-${String(1_000 + random(8_999))}`;

const personal: readonly ((random: Random) => string)[] = [
  (random) => `${pick(random, first)} ${pick(random, last)}`,
  (random) => `${pick(random, first).toLowerCase()}.${pick(random, last).toLowerCase()}@mail.example`,
  (random) => `+1 415 555 ${digits(random, 4)}`,
  (random) => `10.${random(250)}.${random(250)}.${random(250)}`,
  (random) => `card ${card(random)}`,
  (random) => `IBAN ${iban(random)}`,
  (random) => `SSN ${ssn(random)}`,
];
// In parts, so that nobody takes this file for one that holds keys.
const secrets: readonly ((random: Random) => string)[] = [
  (random) => ['gh', 'p_', mixed(random, 36)].join(''),
  (random) => ['AK', 'IA', mixed(random, 16).toUpperCase()].join(''),
  (random) => `DB_PASSWORD=${mixed(random, 14)}`,
];
const value = (random: Random): string => pick(random, random(8) === 0 ? secrets : personal)(random);

const shapes: readonly ((random: Random) => string)[] = [
  (random) =>
    Array.from({ length: 6 }, () =>
      random(3) === 0 ? `${sentence(random)} (${value(random)})` : sentence(random),
    ).join(' '),
  (random) =>
    JSON.stringify(
      Array.from({ length: 3 }, (_, id) => ({
        id: 1_000 + id,
        status: pick(random, words),
        contact: pick(random, personal)(random),
        total: random(100_000) / 100,
        placed: `2026-0${1 + random(9)}-1${random(10)}`,
        note: sentence(random),
      })),
    ),
  (random) =>
    [
      'id,name,email,city,amount',
      ...Array.from({ length: 5 }, (_, id) => {
        const name = pick(random, first);
        const mail = random(3) === 0 ? `${name.toLowerCase()}${id}@mail.example` : '';
        return `${id},${name} ${pick(random, last)},${mail},${pick(random, words)},${random(10_000) / 100}`;
      }),
    ].join('\n'),
  (random) =>
    Array.from(
      { length: 6 },
      () =>
        `2026-03-1${random(10)}T0${random(10)}:1${random(10)}:0${random(10)}Z INFO ${pick(random, words)}/${pick(random, words)} took ${random(900)} ms, ${random(5) === 0 ? value(random) : pick(random, words)}`,
    ).join('\n'),
];

/** A document of about so many characters. */
export function documentOf(chars: number, seed: number): string {
  const random = randomly(seed);
  const parts: string[] = [];
  for (let length = 0; length < chars;) {
    const part = pick(random, shapes)(random);
    parts.push(part);
    length += part.length + 2;
  }
  return parts.join('\n\n');
}

export const sentencesOf = (count: number, seed: number): string => {
  const random = randomly(seed);
  return Array.from({ length: count }, () => sentence(random)).join(' ');
};
