import { describe, expect, it } from 'vitest';
import { findNames } from '../../src/sensitive/names/index.ts';
import { tokensOf } from '../../src/sensitive/names/tokens.ts';

const found = (text: string, field: readonly string[] = []) =>
  findNames(text, field).map(({ type, start, end }) => `${type} ${text.slice(start, end)}`);

describe('people', () => {
  it.each([
    ['Yesterday Hannah Whitfield met the auditors.', 'Hannah Whitfield'],
    ['Please ask Mr. Oduya about the refund.', 'Oduya'],
    ['Sehr geehrter Herr Baumgartner, vielen Dank für Ihre Nachricht.', 'Baumgartner'],
    ['Bonjour, je suis Amélie Rousseau et je vous écris au sujet de ma commande.', 'Amélie Rousseau'],
    ['Hola, me llamo Ignacio Ferrer y busco mi pedido.', 'Ignacio Ferrer'],
    ['Buongiorno, sono Chiara Benedetti.', 'Chiara Benedetti'],
    ['Mijn naam is Pieter van der Meulen.', 'Pieter van der Meulen'],
    ['The ticket was closed by Jean-Luc Moreau.', 'Jean-Luc Moreau'],
    ["Sean O'Rourke signed the lease.", "Sean O'Rourke"],
  ])('a full name in prose is found whole: %s', (text, name) => {
    expect(found(text)).toContain(`PERSON ${name}`);
  });

  it('a name in JSON, CSV, SQL, a log and a mail header is found', () => {
    expect(found('{"id":7,"customer":{"name":"Marta Lindqvist","plan":"Pro"}}')).toEqual(['PERSON Marta Lindqvist']);
    expect(found('id,full_name,total\n1,Owen Hargreaves,20\n2,Nadia Petrov,30')).toEqual([
      'PERSON Owen Hargreaves',
      'PERSON Nadia Petrov',
    ]);
    expect(found("INSERT INTO t (id, name) VALUES (4, 'Greta Lindholm');")).toEqual(['PERSON Greta Lindholm']);
    expect(found('2026-01-04 INFO user="Tomás Arroyo" action=login')).toEqual(['PERSON Tomás Arroyo']);
    expect(found('From: Wendy Carlisle <w@example.com>\nSubject: hello')).toEqual(['PERSON Wendy Carlisle']);
  });

  it('the surname alone is found again once the full name stands in the text', () => {
    const text = 'Dorothea Wexelblatt filed the claim. The insurer wrote to Wexelblatt twice.';
    expect(found(text)).toEqual(['PERSON Dorothea Wexelblatt', 'PERSON Wexelblatt']);
  });

  it('two people on two lines are two people', () => {
    expect(found('Attendees:\nHelen Marsh\nVictor Chandler')).toEqual(['PERSON Helen Marsh', 'PERSON Victor Chandler']);
  });

  it('a value in a field for names is a name whatever it looks like, and sure by its field', () => {
    expect(findNames('xiu ying', ['customer', 'full_name'])).toEqual([]);
    expect(findNames('Xqz Wvrt', ['customer', 'full_name'])).toEqual([
      { type: 'PERSON', start: 0, end: 8, rule: 'name-field', certainty: 'context' },
    ]);
    expect(found('山田太郎', ['fullName'])).toEqual(['PERSON 山田太郎']);
    expect(found('Brunhilde', ['Vorname'])).toEqual(['PERSON Brunhilde']);
  });

  it.each(['none', 'N/A', 'unknown', 'admin', '', '  ', '12345', 'https://example.com/a'])(
    'a placeholder in a field for names is no name: %j',
    (value) => {
      expect(found(value, ['full_name'])).toEqual([]);
    },
  );

  it.each([
    ['Visual Studio', ['product', 'name']],
    ['Premium Plan', ['plan', 'name']],
    ['read_file', ['tool', 'name']],
    ['Dockerfile', ['file', 'name']],
  ])('the name of a thing is no person: %s', (value, field) => {
    expect(found(value, field)).toEqual([]);
  });
});

describe('addresses', () => {
  it.each([
    [
      'Ship it to 4417 Birchwood Avenue, Apt 12, Dayton, OH 45402 by Monday.',
      '4417 Birchwood Avenue, Apt 12, Dayton, OH 45402',
    ],
    ['My address is PO Box 3391, Boise, ID 83701, thanks.', 'PO Box 3391, Boise, ID 83701'],
    ['We live at 27 Rosemary Lane, Bristol BS8 4HG.', '27 Rosemary Lane, Bristol BS8 4HG'],
    ['Ich wohne in der Lindenstraße 14, 50674 Köln.', 'Lindenstraße 14, 50674 Köln'],
    ['Mon adresse est 8 rue des Acacias, 69003 Lyon.', '8 rue des Acacias, 69003 Lyon'],
    ['Vivo en Calle Mayor 22, 28013 Madrid.', 'Calle Mayor 22, 28013 Madrid'],
    ['Abito in Via Garibaldi 31, 20121 Milano.', 'Via Garibaldi 31, 20121 Milano'],
    ['Het adres is Prinsengracht 263, 1016 GV Amsterdam.', 'Prinsengracht 263, 1016 GV Amsterdam'],
  ])('a postal address is found from the house to the postcode: %s', (text, address) => {
    expect(found(text)).toEqual([`ADDRESS ${address}`]);
  });

  it('an address over several lines is one address', () => {
    const text = 'Deliver to:\n91 Orchard Road\nSuite 400\nPortland, OR 97205\n';
    expect(found(text)).toEqual(['ADDRESS 91 Orchard Road\nSuite 400\nPortland, OR 97205']);
  });

  it('a value in a field for addresses is an address as a whole; one for machines is not', () => {
    expect(found('Blok 7, daire 3, Kadıköy', ['shippingAddress'])).toEqual(['ADDRESS Blok 7, daire 3, Kadıköy']);
    expect(found('10.0.0.7 port 80', ['ip_address'])).toEqual([]);
    expect(found('0x52908400098527886E0F7030069857D2E4169EE7', ['address'])).toEqual([]);
    expect(found('ann 1 <ann@example.com>', ['email address'])).not.toContain('ADDRESS ann 1 <ann@example.com>');
  });
});

describe('what names nobody is left alone', () => {
  it.each([
    '## Getting Started\n\nInstall the Command Line Tools, then open Visual Studio Code.',
    'const Router = new ApiRouter({ Path: "/v1/Users", Method: "GET" });',
    'The Quarterly Report shows that Net Revenue grew by 12 percent in Q3 2025.',
    'ERROR PaymentGateway: Connection Refused (attempt 3 of 5)',
    '- **Docker Compose**: Starts All Services\n- **Redis Cluster**: Caches Sessions',
    'Wie viele Einwohner hat die Stadt, und welche Sprache spricht man dort?',
    'Können Sie mir eine Zusammenfassung der letzten Besprechung schicken?',
    'import { Alice, Bob } from "./keys.ts"; Alice.sign(); Bob.verify();',
    'https://github.com/torvalds/linux/blob/master/Documentation/Makefile',
    'Chapter 12 Section 4: Terms of Service, Version 3',
    'upgraded to 10.4.22 on 14 March 2025 at 10:45',
    'Take 2 tablets every 6 hours for 10 days.',
  ])('%s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

describe('whoever wrote the text', () => {
  const hostile = [
    'Ab ',
    'A. ',
    '12 Main St ',
    'PO Box 1 ',
    'name: John ',
    '"name":"A',
    'Jean-',
    "O'",
    '" \'',
    '(a,b) values (',
    'a,b|',
    'A\n',
    'name,address\n',
    '1 ',
    '😀A ',
  ];

  it('matches lie inside the text, in order, apart from each other and on whole characters', () => {
    for (const piece of [...hostile, 'Ann Poe, 12 Main St, Reno, NV 89501; ', 'Éa 𝒜nn Poe ']) {
      const text = piece.repeat(200);
      let end = 0;
      for (const match of findNames(text, ['name'])) {
        expect(match.start).toBeGreaterThanOrEqual(end);
        expect(match.end).toBeGreaterThan(match.start);
        end = match.end;
      }
      expect(end).toBeLessThanOrEqual(text.length);
    }
  });

  it('the number of tokens, which the work grows with, grows no faster than the text', () => {
    for (const piece of hostile) {
      const [once, twice] = [tokensOf(piece.repeat(1000)).count, tokensOf(piece.repeat(2000)).count];
      expect(twice).toBeLessThanOrEqual(once * 2 + 1);
    }
  });

  it('a hundred thousand characters of anything are read to the end', () => {
    for (const piece of hostile) {
      const text = `${piece.repeat(Math.ceil(100_000 / piece.length))}\nYesterday Hannah Whitfield met the auditors.`;
      expect(
        found(text).some((each) => each.includes('Whitfield')),
        piece,
      ).toBe(true);
    }
  });
});
