import { expect, it } from 'vitest';
import { leavesOf } from '../../src/sensitive/structure/index.ts';
import { found, foundOf, marked } from './marked.ts';

/** A number which only its name makes personal. */
const number = '448812907';

it.each([
  ['JSON', `{"a":[{"passport_number":"⟦${number}⟧"}]}`],
  ['JSON with numbers unquoted', `{"passportNumber": ⟦${number}⟧, "n": 1}`],
  ['JSON whose names are escaped', `{"p\\u0061ssport":"⟦${number}⟧"}`],
  ['JSON of who knows no whole numbers', `{"passport": ⟦${number}⟧.0}`],
  ['CSV of who knows no whole numbers', `id,passport\n1,⟦${number}⟧.0\n2,⟦448812908⟧.0`],
  ['JSON cut off', `{"rows":[{"passport":"⟦${number}⟧","x":"y`],
  ['JSON behind a log line', `2024-01-01 INFO payload={"passport":"⟦${number}⟧"} done`],
  ['JSON behind brackets that are none', `[INFO] [main] {"passport":"⟦${number}⟧"}`],
  ['JSON lines', `{"id":1,"passport":"⟦${number}⟧"}\n{"id":2,"passport":"⟦448812908⟧"}`],
  ['a Python dict', `{'passport': '⟦${number}⟧', 'ok': True}`],
  ['a JavaScript object', `{ passport: '⟦${number}⟧', ok: true }`],
  ['YAML', `user:\n  - passport: ⟦${number}⟧\n    age: 4`],
  ['key and value on two lines', `Passport number:\n⟦${number}⟧\n\nAge:\n4`],
  ['an environment file', `PASSPORT_NO=⟦${number}⟧\nAGE=4`],
  ['an ini file', `[user]\npassport = ⟦${number}⟧\n`],
  ['CSV', `id,name,passport\n1,Ada,⟦${number}⟧\n2,Bo,⟦448812908⟧`],
  ['CSV with quotes and commas', `"id","note","passport"\n"1","a, ""b""","⟦${number}⟧"`],
  ['semicolons', `id;passport\n1;⟦${number}⟧`],
  ['TSV', `id\tpassport\n1\t⟦${number}⟧`],
  ['CSV with CRLF', `id,passport\r\n1,⟦${number}⟧\r\n`],
  [
    'a Markdown table',
    `Text\n\n| id | passport |\n|----|:--------:|\n| 1  | ⟦${number}⟧ |\n| 2 | ⟦448812908⟧ |\n\nmore`,
  ],
  ['psql', ` id | passport  \n----+-----------\n  1 | ⟦${number}⟧\n(1 row)`],
  [
    'columns aligned by spaces',
    `NAME        PASSPORT     CITY\nAda Byron   ⟦${number}⟧    London\nBo Li       ⟦448812908⟧    Oslo`,
  ],
  ['SQL', `INSERT INTO people (id, "passport", city) VALUES (1, '⟦${number}⟧', 'x'), (2,'⟦448812908⟧','O''Hara');`],
  ['XML', `<person><passport>⟦${number}⟧</passport></person>`],
  [
    'an HTML table',
    `<table><tr><th>Id</th><th>Passport</th></tr><tr><td>1</td><td><b>⟦${number}⟧</b></td></tr></table>`,
  ],
  ['an HTML row with its head', `<tr><th>Passport</th><td>⟦${number}⟧</td></tr>`],
  ['an HTML form', `<label>Passport</label> <input name="p" value="⟦${number}⟧">`],
  ['an HTML field', `<input type="text" name="passport_no" value="⟦${number}⟧" />`],
  ['HTML terms', `<dl><dt>Passport</dt><dd>⟦${number}⟧</dd></dl>`],
  ['HTML bold', `<p><b>Passport:</b> ⟦${number}⟧</p>`],
  ['Markdown bold', `- **Passport:** ⟦${number}⟧\n- **Age:** 4`],
  ['a query', `/book?passport=⟦${number}⟧&x=1`],
  ['a log', `level=info passport=⟦${number}⟧ ms=12`],
  ['two cells', `<tr><td>Passport</td><td>⟦${number}⟧</td><td>1</td></tr>`],
  ['two parts of a line', `<span class="l">Passport</span><span>⟦${number}⟧</span>`],
  ['XML in camel case', `<x:passportNumber>⟦${number}⟧</x:passportNumber>`],
  ['a variable without spaces', `TEST_PASSPORTNUMBER=⟦${number}⟧`],
  ['a question', `agent: What is your passport number?\nuser: Sure, ⟦${number}⟧`],
  ['a conversation', `[{"role":"assistant","content":"Your passport no.?"},{"role":"user","content":"⟦${number}⟧"}]`],
])('the name of a value is seen in %s', (_, row) => {
  const { text, values } = marked(row);
  expect(foundOf('PASSPORT', text)).toEqual(values);
});

it('a value in JSON is found as it is alone with its key', () => {
  for (const [key, value] of [
    ['phone', '5551234567'],
    ['ssn', '536228145'],
    ['dob', '1995-05-21'],
    ['mrn', '4488129'],
    ['accountNumber', '000123456789'],
    ['note', 'call 415-555-0132 or ada@post.ie'],
    ['note', 'tab\tquote " back\\slash ada@post.ie'],
  ] as const) {
    const alone = found(value, { field: [key] }).filter((one) => !/^(?:PERSON|ADDRESS)/.test(one));
    expect(alone).not.toEqual([]);
    const text = JSON.stringify({ data: [{ [key]: value, n: 1 }] });
    const inside = found(text).filter((one) => !/^(?:PERSON|ADDRESS)/.test(one));
    expect(inside).toEqual(alone);
  }
});

it('escapes do not hide a value, and the span covers them', () => {
  expect(found('{"to":"ada\\u0040post.ie"}')).toEqual(['EMAIL ada\\u0040post.ie']);
  expect(found('{"text":"Hi\\nada@post.ie\\nbye"}')).toEqual(['EMAIL ada@post.ie']);
  expect(found('{"ssn":"536\\u002d22\\u002D8145"}')).toEqual(['US_SSN 536\\u002d22\\u002D8145']);
});

it('character references and percent signs do not hide a value, and the span covers them', () => {
  expect(found('write to ada&#64;post.ie')).toEqual(['EMAIL ada&#64;post.ie']);
  expect(found('<p>ada&commat;post&period;ie &amp; co</p>')).toEqual(['EMAIL ada&commat;post&period;ie']);
  expect(found('/x?to=ada%40post.ie&tel=%2B1%20415%20555%200132&n=1')).toEqual([
    'EMAIL ada%40post.ie',
    'PHONE %2B1%20415%20555%200132',
  ]);
  expect(found('536%2D22%2D8145')).toEqual(['US_SSN 536%2D22%2D8145']);
});

it('JSON in a string of JSON is read, as tool results carry it', () => {
  const inner = JSON.stringify({ user: { passportNo: '448812907' } });
  const text = JSON.stringify({ content: [{ type: 'text', text: inner }] });
  expect(foundOf('PASSPORT', text)).toEqual(['448812907']);
  expect(foundOf('PASSPORT', JSON.stringify({ again: text }))).toEqual(['448812907']);
});

it('a member name can be personal itself', () => {
  expect(found('{"ada@post.ie": true, "b": {"4111111111111111": 1}}')).toEqual([
    'EMAIL ada@post.ie',
    'CREDIT_CARD 4111111111111111',
  ]);
});

it('what stands in a tag is read', () => {
  expect(found('<a href="mailto:ada@post.ie" title="x">mail</a>')).toEqual(['EMAIL ada@post.ie']);
  expect(found('<ada 4111111111111111 >')).toEqual(['CREDIT_CARD 4111111111111111']);
  expect(found('<!-- ada@post.ie --><script>var a = "bo@post.ie"</script>')).toEqual([
    'EMAIL ada@post.ie',
    'EMAIL bo@post.ie',
  ]);
});

it('no digit and no @ of a text is left out, whatever its shape', () => {
  for (const text of [
    'a,b\n10,20\n30,40,50\n\n60',
    'ssn,b\n10,20\n30,40,50\n\n60',
    '{"a":10} 20 {b: 30} [40] {"c": "50" 60 } 70',
    'x: 10\ny20: 30\n40 = 50: 60\n',
    '<a b="10">20</a>30<40 50="60"',
    "INSERT INTO t (a) VALUES ('10'), (20) 30",
    '| a10 | ssn |\n|---|---|\n| 20 | 30 | 40 |\n50',
    'name   phone20\nx  10   30\n40',
    '{"k@10":"v@20","k30":[40,"50"]',
    '- 10\n- phone: 20\n  30\n\n40',
    'id: {"a": 10}\n- [20, 30]\nphone | 40\n50: 60',
  ]) {
    const read = leavesOf(text, [])
      .map(({ text: leaf }) => leaf)
      .join(' ');
    for (const part of text.match(/\d+|@/g) ?? []) expect(read).toContain(part);
  }
});
