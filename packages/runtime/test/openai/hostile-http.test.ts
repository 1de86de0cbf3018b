import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { startCheckpoint } from './checkpoint.ts';

const ok = () => ({ text: 'hi' });
const valid = { model: 'm-1', messages: [{ role: 'user', content: 'hi' }] };
const config = 'server: {maxBodyBytes: 1048576, requestTimeoutMs: 500}';

type Checkpoint = Awaited<ReturnType<typeof startCheckpoint>>;

async function post({ url }: Checkpoint, body: string | Buffer, headers: Record<string, string> = {}) {
  const answer = await request(`${url}/v1/chat/completions`, {
    method: 'POST',
    body,
    headers: { authorization: 'Bearer good', 'content-type': 'application/json', ...headers },
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

/** Writes raw bytes and resolves to all that comes back until the server closes, or `waitMs` is over. */
function raw({ port }: Checkpoint, parts: readonly (string | number)[], waitMs = 3000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let got = '';
    const timer = setTimeout(() => socket.destroy(), waitMs);
    socket.on('data', (bytes) => (got += bytes.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(got);
    });
    void (async () => {
      for (const part of parts) {
        if (typeof part === 'number') await sleep(part);
        else socket.write(part, 'latin1');
      }
    })();
  });
}

function expectVendorError({ status, text }: { status: number; text: string }, among = [400, 403, 404, 413, 415]) {
  expect(among).toContain(status);
  const { error } = JSON.parse(text);
  expect(error).toMatchObject({ message: expect.any(String), type: expect.any(String), code: expect.any(String) });
  expect(text).not.toMatch(/\bat .+\.ts:\d+/);
}

describe('malformed input gets a 4xx in the vendor’s shape, and nothing reaches the provider', () => {
  it.each([
    ['nothing', ''],
    ['truncated JSON', '{"model":"m-1","messages":[{"role":"user"'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a duplicate model', '{"model":"m-1","model":"m-2","messages":[{"role":"user","content":"x"}]}'],
    ['a duplicate deep inside', '{"model":"m-1","messages":[{"role":"user","content":"a","content":"b"}]}'],
    ['deep nesting', `{"model":"m-1","messages":${'['.repeat(100_000)}`],
    ['nesting that is legal JSON', `{"model":"m-1","messages":[],"x":${'['.repeat(500)}${']'.repeat(500)}}`],
    ['no messages', '{"model":"m-1"}'],
    ['empty messages', '{"model":"m-1","messages":[]}'],
    ['a message that is text', '{"model":"m-1","messages":["hi"]}'],
    ['an unknown role', '{"model":"m-1","messages":[{"role":"root","content":"x"}]}'],
    ['content of a wrong type', '{"model":"m-1","messages":[{"role":"user","content":7}]}'],
    [
      'an image to be fetched',
      '{"model":"m-1","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://evil.example/?q=secret"}}]}]}',
    ],
    ['an unknown content part', '{"model":"m-1","messages":[{"role":"user","content":[{"type":"file","file":{}}]}]}'],
    ['a call in its old form', '{"model":"m-1","messages":[{"role":"assistant","content":"","function_call":{}}]}'],
    ['a model that is a number', '{"model":7,"messages":[{"role":"user","content":"x"}]}'],
    ['stream as text', '{"model":"m-1","stream":"true","messages":[{"role":"user","content":"x"}]}'],
    [
      'a tool that runs at the provider',
      '{"model":"m-1","messages":[{"role":"user","content":"x"}],"tools":[{"type":"web_search"}]}',
    ],
    [
      'two tools of one name',
      '{"model":"m-1","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"a"}}]}',
    ],
    [
      'a setting that nobody knows',
      '{"model":"m-1","messages":[{"role":"user","content":"x"}],"__proto__":{"stream":true}}',
    ],
    ['a null byte', '\u0000'],
    ['a byte order mark', '\ufeff{"model":"m-1","messages":[{"role":"user","content":"x"}]}'],
  ])('%s', async (_, body) => {
    const checkpoint = await startCheckpoint({ script: ok });
    expectVendorError(await post(checkpoint, body));
    expect(checkpoint.model.requests).toHaveLength(0);
  });

  it('names the parameter', async () => {
    const checkpoint = await startCheckpoint({ script: ok });
    const { text } = await post(
      checkpoint,
      '{"model":"m-1","messages":[{"role":"user","content":"a"},{"role":"tool","content":"x"}]}',
    );
    expect(JSON.parse(text).error.param).toBe('messages.1.tool_call_id');
  });

  it('bad UTF-8', async () => {
    const checkpoint = await startCheckpoint({ script: ok });
    const body = Buffer.concat([
      Buffer.from('{"model":"m-1","messages":[{"role":"user","content":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}]}'),
    ]);
    expectVendorError(await post(checkpoint, body));
  });

  it('a wrong or missing content type, and a compressed body', async () => {
    const checkpoint = await startCheckpoint({ script: ok });
    const body = JSON.stringify(valid);
    expectVendorError(await post(checkpoint, body, { 'content-type': 'text/plain' }));
    expectVendorError(await post(checkpoint, body, { 'content-type': 'application/x-www-form-urlencoded' }));
    expectVendorError(await post(checkpoint, body, { 'content-encoding': 'gzip' }));
    expect(checkpoint.model.requests).toHaveLength(0);
  });

  it('a 50 MB body, declared or not', async () => {
    const checkpoint = await startCheckpoint({ script: ok, config });
    const head =
      'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\ncontent-type: application/json\r\n';
    const declared = await raw(checkpoint, [`${head}content-length: 52428800\r\n\r\n{"a":"`]);
    expect(declared).toMatch(/^HTTP\/1\.1 413 /);
    expect(declared).toContain('"code":"body_too_large"');
    const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`;
    const chunked = await raw(checkpoint, [
      `${head}transfer-encoding: chunked\r\n\r\n`,
      ...Array.from({ length: 40 }, () => chunk),
    ]);
    expect(chunked).toMatch(/^HTTP\/1\.1 413 /);
    expect(await post(checkpoint, JSON.stringify(valid))).toMatchObject({ status: 200 });
  });

  it('other addresses and methods', async () => {
    const checkpoint = await startCheckpoint({ script: ok });
    for (const path of [
      '/v1/nothing',
      '/v1/chat/completions/',
      '//v1/chat/completions',
      '/V1/chat/completions',
      '/v1/%2e%2e/admin',
    ]) {
      const answer = await request(checkpoint.url + path, {
        method: 'POST',
        body: JSON.stringify(valid),
        headers: { 'content-type': 'application/json', authorization: 'Bearer good' },
      });
      expectVendorError({ status: answer.statusCode, text: await answer.body.text() });
    }
    expect(checkpoint.model.requests).toHaveLength(0);
  });
});

describe('smuggled and broken requests are refused by the parser, and the server lives on', () => {
  const line =
    'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\ncontent-type: application/json\r\n';
  const body = JSON.stringify(valid);
  const inner = `${line}content-length: ${body.length}\r\n\r\n${body}`;
  it.each([
    ['both lengths', `${line}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['two content lengths', `${line}content-length: ${body.length}\r\ncontent-length: 0\r\n\r\n${body}`],
    ['an obfuscated encoding', `${line}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['a space before the colon', `${line}content-length : ${body.length}\r\n\r\n${body}`],
    ['a folded header', `${line}content-length: ${body.length}\r\nx-a: b\r\n c\r\n\r\n${body}`],
    ['a bare line feed', `${line.replaceAll('\r\n', '\n')}content-length: ${body.length}\n\n${body}`],
    ['a null in a header', `${line}x-a: \u0000\r\ncontent-length: ${body.length}\r\n\r\n${body}`],
    ['a negative length', `${line}content-length: -1\r\n\r\n${body}`],
    ['a bad chunk size', `${line}transfer-encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`],
    ['no host', inner.replace('host: x\r\n', '')],
    ['huge headers', `${line}x-a: ${'a'.repeat(40_000)}\r\ncontent-length: 0\r\n\r\n`],
    ['no HTTP at all', '\u0016\u0003\u0001\u0002\u0000hello\r\n\r\n'],
  ])('%s', async (_, bytes) => {
    const checkpoint = await startCheckpoint({ script: ok });
    const answer = await raw(checkpoint, [bytes], 1500);
    expect(answer).toMatch(/^(HTTP\/1\.1 (400|431) |$)/);
    expect(answer).not.toContain('HTTP/1.1 200');
    expect(checkpoint.model.requests).toHaveLength(0);
    expect(await post(checkpoint, body)).toMatchObject({ status: 200 });
  });

  it('a half-closed socket counts as gone: its model call ends on record, and nothing is left open', async () => {
    const checkpoint = await startCheckpoint({ script: ok });
    const halfClosed = (bytes: string) =>
      new Promise<string>((resolve) => {
        const socket = connect({ port: checkpoint.port, host: '127.0.0.1', allowHalfOpen: true });
        let got = '';
        socket.on('data', (part) => (got += part.toString('latin1')));
        socket.on('end', () => socket.destroy());
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(got));
        socket.end(bytes, 'latin1');
      });
    const whole = `${line}connection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    expect(await halfClosed(whole)).toMatch(/^(HTTP\/1\.1 200 |$)/);
    expect(await halfClosed(whole.slice(0, -5))).not.toContain('HTTP/1.1 200');
    expect(await post(checkpoint, body)).toMatchObject({ status: 200 });
    const owed = async () => {
      const entries = (await checkpoint.entries()).filter((entry) => entry.phase !== 'operator');
      const done = new Set(entries.filter(({ phase }) => phase === 'result').map(({ eventId }) => eventId));
      return entries.filter((entry) => entry.phase === 'intent' && entry.owesResult && !done.has(entry.eventId));
    };
    await expect.poll(owed).toEqual([]);
  });

  it('a client that sends slowly is cut off, one that goes away midway does no harm', async () => {
    const checkpoint = await startCheckpoint({ script: ok, config });
    const drip = '{"model":"m-1"'.split('').flatMap((char) => [char, 300]);
    const slow = raw(checkpoint, [`${line}content-length: ${body.length}\r\n\r\n`, ...drip], 20_000);
    const half = raw(checkpoint, [`${line}content-length: ${body.length}\r\n\r\n{"mod`], 100);
    expect(await half).toBe('');
    expect(await post(checkpoint, body)).toMatchObject({ status: 200 });
    expect(await slow).toMatch(/^HTTP\/1\.1 4(00|08) /);
    expect(checkpoint.model.requests).toHaveLength(1);
  });
});

describe('whatever the body', () => {
  it('the answer is the provider’s or a 4xx in the vendor’s shape', async () => {
    const checkpoint = await startCheckpoint({ script: ok });
    const message = fc.record(
      {
        role: fc.constantFrom('user', 'system', 'assistant', 'tool', 'x', null),
        content: fc.oneof(fc.string(), fc.jsonValue()),
        tool_calls: fc.option(fc.jsonValue()),
        tool_call_id: fc.option(fc.string()),
      },
      { requiredKeys: [] },
    );
    const shaped = fc.record(
      {
        model: fc.oneof(fc.constant('m-1'), fc.jsonValue()),
        messages: fc.oneof(fc.array(message), fc.jsonValue()),
        tools: fc.jsonValue(),
        stream: fc.constantFrom(false, null, 1),
        temperature: fc.jsonValue(),
        n: fc.jsonValue(),
        stop: fc.jsonValue(),
      },
      { requiredKeys: ['model', 'messages'] },
    );
    const bytes = fc.oneof(
      shaped.map((value) => Buffer.from(JSON.stringify(value))),
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc.tuple(shaped, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
        const buffer = Buffer.from(JSON.stringify(value));
        buffer[at % buffer.length] = byte;
        return buffer;
      }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        const before = checkpoint.model.requests.length;
        const answer = await post(checkpoint, body);
        if (answer.status === 200) expect(checkpoint.model.requests.length).toBe(before + 1);
        else {
          expectVendorError(answer);
          expect(checkpoint.model.requests.length).toBe(before);
        }
      }),
      { numRuns: 300 },
    );
    expect(await post(checkpoint, JSON.stringify(valid))).toMatchObject({ status: 200 });
  }, 60_000);
});
