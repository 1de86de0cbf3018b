import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RuntimeFault, parseConfig } from '@sallyport/core';
import { openDetectors } from '../../src/detectors/index.ts';
import { systemClock } from '../../src/clock.ts';
import { guard, predict, sign, startDetector, type Answer } from './servers.ts';

const key = ['sk', 'heron', 'a1b2c3'].join('-');
const quiet = 'The parcel arrives on Monday.';

async function open(url: string, rest: string) {
  const yaml = `guards: { injection: { detectors: [{ name: heron, kind: http, url: "${url}", ${rest} }] } }`;
  const { guards } = parseConfig(yaml, { env: { KEY: key }, readFile: () => '' });
  const { detectors, close } = await openDetectors(guards.injection, { folder: '.', clock: systemClock });
  onTestFinished(close);
  if (!detectors) throw new Error('no detectors');
  return async (text: string) => {
    const [opinion] = await detectors.opinions([{ source: 'results', text }]);
    return opinion;
  };
}
const failure = async (asking: Promise<unknown>): Promise<RuntimeFault> => {
  const error: unknown = await asking.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RuntimeFault);
  const fault = error as RuntimeFault;
  expect(fault.code).toBe('detector_failed');
  expect(fault.message).toMatch(/^detector heron: /);
  // What it was asked with, and about, is in no fault.
  expect(`${fault.message} ${fault.detail} ${fault.stack} ${String(fault.cause)}`).not.toContain(key);
  expect(`${fault.message} ${fault.detail} ${String(fault.cause)}`).not.toContain('noon');
  return fault;
};

describe('a text classifier over HTTP', () => {
  it.each([
    ['Prompt Guard 2, named', 'format: prompt-guard', predict()],
    ['Prompt Guard 2, numbered', 'format: prompt-guard', predict({ attack: 'LABEL_1', harmless: 'LABEL_0' })],
    ['Prompt Guard 1', 'format: prompt-guard', predict({ attack: 'JAILBREAK' })],
    ['one that answers in batches', 'format: prompt-guard', predict({ nested: true })],
    [
      'any other, by its labels',
      'format: classification, labels: { attack: [unsafe], harmless: [safe] }',
      predict({ attack: 'unsafe', harmless: 'safe' }),
    ],
  ] as const)('is understood: %s', async (_, rest, answer) => {
    const ask = await open((await startDetector(answer)).url, rest);
    expect(await ask(sign)).toMatchObject({
      verdict: 'suspicious',
      score: 0.98,
      findings: [{ rule: 'detector:heron', severity: 'suspicious', start: 0, end: sign.length }],
    });
    expect(await ask(quiet)).toMatchObject({ verdict: 'none', findings: [] });
  });

  it('counts from the configured threshold on, as what is configured', async () => {
    const { url } = await startDetector(predict());
    expect(await (await open(url, 'format: prompt-guard, threshold: 0.99'))(sign)).toMatchObject({ verdict: 'none' });
    expect(await (await open(url, 'format: prompt-guard, verdict: block'))(sign)).toMatchObject({ verdict: 'block' });
  });

  it('is sent the whole of a long text, in windows, and never asked to cut one', async () => {
    const server = await startDetector(predict({ maxChars: 800 }));
    const ask = await open(server.url, 'format: prompt-guard');
    const text = `${quiet.repeat(100)} ${sign} ${quiet.repeat(20)}`;
    expect(await ask(text)).toMatchObject({ verdict: 'suspicious' });
    expect(server.asked.length).toBeGreaterThan(4);
    expect(server.asked.every(({ text: window }) => text.includes(window))).toBe(true);
    expect(server.asked.some(({ body }) => JSON.stringify(body).includes('truncate'))).toBe(false);
    const wide = await open(server.url, 'format: prompt-guard, maxChars: 2000');
    expect((await failure(wide(text))).message).toMatch(/HTTP 413, a window is too long/);
  });
});

describe('Lakera Guard', () => {
  it('is understood, with the key in its header and the project in its body', async () => {
    const server = await startDetector(guard());
    const ask = await open(`${server.origin}/v2/guard`, 'format: lakera, apiKey: "${env:KEY}", project: project-7');
    expect(await ask(sign)).toMatchObject({ verdict: 'suspicious', score: 1 });
    expect(await ask(quiet)).toMatchObject({ verdict: 'none', score: 0 });
    expect(server.asked[0]).toMatchObject({
      path: '/v2/guard',
      headers: { authorization: `Bearer ${key}` },
      body: { messages: [{ role: 'user', content: sign }], breakdown: true, project_id: 'project-7' },
    });
  });

  it('that flags something else has found no injection; that does not say why may have', async () => {
    const { url, answerWith } = await startDetector(guard());
    const ask = await open(url, 'format: lakera, apiKey: "${env:KEY}"');
    expect(await ask('Write to ann@mail.example.')).toMatchObject({ verdict: 'none' });
    answerWith((_, response) => void response.end('{"flagged":true}'));
    expect(await ask('another text')).toMatchObject({ verdict: 'suspicious' });
  });

  it('without its key has failed', async () => {
    const ask = await open((await startDetector(guard())).url, 'format: lakera');
    expect((await failure(ask(sign))).message).toBe('detector heron: HTTP 401');
  });
});

describe('a detector that does not answer as it should has failed', () => {
  const echoing =
    (status: number): Answer =>
    ({ text, headers }, response) =>
      void response.writeHead(status).end(`${text} ${headers.authorization}`);
  const body =
    (text: string): Answer =>
    (_, response) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  const hanging: Answer = () => undefined;
  const trickling: Answer = (_, response) => {
    response.writeHead(200).write('[');
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  };
  const endless: Answer = (_, response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(' '.repeat(65_536)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };

  it.each([
    ['with 500', echoing(500), /HTTP 500/],
    ['with 429', echoing(429), /HTTP 429/],
    ['with 204', echoing(204), /HTTP 204/],
    ['with what is no JSON, and holds the text', echoing(200), /is not JSON/],
    ['with nothing', body(''), /is not JSON/],
    ['with half of it', body('[{"label":"BENIGN","sco'), /is not JSON/],
    ['with no list', body('{"label":"BENIGN","score":1}'), /no list of labels and scores/],
    ['with an empty list', body('[]'), /no list of labels and scores/],
    ['with an empty batch', body('[[]]'), /no list of labels and scores/],
    ['with two answers', body('[[{"label":"BENIGN","score":1}],[{"label":"BENIGN","score":1}]]'), /no list/],
    ['with a score that is none', body('[{"label":"BENIGN","score":"1"}]'), /between 0 and 1/],
    ['with a raw score', body('[{"label":"MALICIOUS","score":-3.2},{"label":"BENIGN","score":4}]'), /between 0 and 1/],
    ['with labels that nobody named', body('[{"label":"SAFE_2","score":1}]'), /a label that `labels` does not name/],
    ['never', hanging, /no answer within 400 ms/, 400],
    ['bit by bit', trickling, /no answer within 400 ms/, 400],
    ['without end', endless, /longer than 65536 bytes/],
  ] as const)('%s', async (_, answer, why, timeoutMs?: number) => {
    const server = await startDetector(answer);
    const ask = await open(
      server.url,
      `format: prompt-guard, timeoutMs: ${timeoutMs ?? 30_000}, apiKey: "\${env:KEY}"`,
    );
    expect((await failure(ask(sign))).message).toMatch(why);
    expect(server.asked[0]?.headers.authorization).toBe(`Bearer ${key}`);
    // It is asked again, and believed, once it is well.
    server.answerWith(predict());
    expect(await ask(sign)).toMatchObject({ verdict: 'suspicious' });
  });

  it('when it sends us elsewhere, where neither the text nor the key goes', async () => {
    const elsewhere = await startDetector(predict());
    const server = await startDetector(
      (_, response) => void response.writeHead(307, { location: elsewhere.url }).end(),
    );
    const ask = await open(server.url, 'format: prompt-guard, apiKey: "${env:KEY}"');
    expect((await failure(ask(sign))).message).toMatch(/HTTP 307/);
    expect(elsewhere.asked).toEqual([]);
  });

  it('but not when it closes a connection in the moment in which it is used again', async () => {
    let uses = 0;
    const server = createServer((socket) => {
      let used = 0;
      socket
        .on('error', () => undefined)
        .on('data', () => {
          uses++;
          if (++used > 1) return void socket.destroy();
          const harmless = '[{"label":"BENIGN","score":0.9}]';
          socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${harmless.length}\r\n\r\n${harmless}`);
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const ask = await open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, 'format: prompt-guard');
    for (const text of ['one', 'two', 'three']) expect(await ask(text)).toMatchObject({ verdict: 'none' });
    // At least one of them was asked twice.
    expect(uses).toBeGreaterThan(3);
  });

  it('when it breaks off, speaks no HTTP, or is not there', async () => {
    const answers: ((socket: Socket) => void)[] = [
      (socket) => socket.destroy(),
      (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'),
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n['),
    ];
    for (const answer of answers) {
      const server = createServer((socket) => {
        socket.on('error', () => undefined).resume();
        answer(socket);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const ask = await open(`http://127.0.0.1:${port}/`, 'format: prompt-guard');
      expect((await failure(ask(sign))).message).not.toMatch(/127\.0\.0\.1/);
      await new Promise((resolve) => server.close(resolve));
      expect((await failure(ask(sign))).message).toMatch(/ECONNREFUSED/);
    }
  });
});
