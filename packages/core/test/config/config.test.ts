import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { RuntimeFault, configJsonSchema, effectiveConfig, parseConfig } from '../../src/index.ts';

const source = {
  env: { KEY: 'sk-secret-value', EMPTY: '', BROKEN: 'a\nx-admin: 1', HOST: 'api.example.com' },
  readFile(path: string) {
    if (path === '/run/key') return 'file-secret\n';
    throw new Error('ENOENT');
  },
};
const parse = (text: string) => parseConfig(text, source);

function problemsOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(RuntimeFault);
    expect((error as RuntimeFault).code).toBe('invalid_config');
    return (error as RuntimeFault).detail ?? '';
  }
  throw new Error('the configuration was accepted');
}

describe('a configuration', () => {
  it('is complete and safe when the file is empty', () => {
    const config = parse('');
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 7411, allowPlaintext: false });
    expect(config.audit.modelCalls).toBe('durable');
    expect(config.guards.permissions.mode).toBe('enforce');
  });

  it.each([
    ['sever: {}', /1:\d+ {2}sever: unknown key; did you mean server\?/],
    ['server:\n  prot: 1', /2:\d+ {2}server\.prot: unknown key; did you mean port\?/],
    [
      'providers:\n  a:\n    baseUrl: https://x.example\n    apikey: x',
      /4:\d+ {2}providers\.a\.apikey: unknown key; did you mean apiKey\?/,
    ],
    ['guards:\n  argument: {}', /guards\.argument: unknown key; did you mean arguments\?/],
    ['server: {port: 99999}', /1:16 {2}server\.port/],
    ['server: [', /^2?:?\d+/],
    ['a: 1\na: 2', /2:1 {2}Map keys must be unique/],
  ])('names the line, the column, the key and the nearest name: %j', (text, message) => {
    expect(problemsOf(text)).toMatch(message);
  });

  it('reports every problem at once', () => {
    expect(
      problemsOf('sever: {}\nserver: {port: -1}\nguards: {settings: {temperature: [0, 3]}}').split('\n'),
    ).toHaveLength(3);
  });

  it('has a JSON Schema that knows every section', () => {
    const { properties } = configJsonSchema() as { properties: object };
    expect(Object.keys(properties)).toEqual(
      expect.arrayContaining(['server', 'providers', 'guards', 'audit', 'sessions']),
    );
  });
});

describe('what would open a hole is refused, with the reason', () => {
  it.each([
    ['server: {host: 0.0.0.0}', /in clear: set server\.tls/],
    ['server: {host: "::"}', /in clear/],
    ['server: {host: 192.168.1.2}', /in clear/],
    ['server: {host: "*"}', /wildcard/],
    ['server: {trustedHosts: ["*.example.com"]}', /wildcard host would let any name/],
    ['guards: {settings: {temperature: [0, 2.5]}}', /within 0 and 2/],
    ['guards: {settings: {temperature: [1, 0]}}', /must not exceed/],
    ['guards: {settings: {topP: [0, 2]}}', /within 0 and 1/],
    ['providers: {a: {baseUrl: "https://*.example.com/v1"}}', /wildcard/],
    ['providers: {a: {baseUrl: "http://api.example.com/v1"}}', /in clear: use https/],
    ['providers: {a: {baseUrl: "ftp://api.example.com/v1"}}', /baseUrl/],
    ['providers: {a: {baseUrl: "https://user:pass@api.example.com"}}', /holds credentials/],
    ['providers: {a: {baseUrl: "https://x.example", headers: {Authorization: "Bearer x"}}}', /is a credential/],
    ['providers: {a: {baseUrl: "https://x.example", apiKey: sk-live-123}}', /must be a reference/],
    ['providers: {"a/b": {baseUrl: "https://x.example"}}', /lower-case/],
  ])('%s', (text, message) => {
    expect(problemsOf(text)).toMatch(message);
  });

  it('accepts the same when it is made safe or said aloud', () => {
    expect(() => parse('server: {host: 0.0.0.0, allowPlaintext: true}')).not.toThrow();
    expect(() => parse('server: {host: 0.0.0.0, tls: {certFile: a, keyFile: b}}')).not.toThrow();
    expect(() => parse('providers: {a: {baseUrl: "http://vllm:8000/v1", allowPlaintext: true}}')).not.toThrow();
    expect(() => parse('providers: {a: {baseUrl: "http://127.0.0.1:11434/v1"}}')).not.toThrow();
  });
});

describe('secrets', () => {
  const withKey = (reference: string) => `providers: {a: {baseUrl: "https://x.example", apiKey: "${reference}"}}`;

  it('come from the environment or a file', () => {
    expect(parse(withKey('${env:KEY}')).providers['a']?.apiKey?.reveal()).toBe('sk-secret-value');
    expect(parse(withKey('${file:/run/key}')).providers['a']?.apiKey?.reveal()).toBe('file-secret');
  });

  it.each(['${env:MISSING}', '${env:EMPTY}', '${file:/nowhere}', '${env:BROKEN}', 'x${env:KEY}', '${ENV:KEY}'])(
    'that are missing, empty or no header value are refused: %s',
    (reference) => {
      const problems = problemsOf(withKey(reference));
      expect(problems).toContain('providers.a.apiKey');
      expect(problems).not.toContain('sk-secret-value');
      expect(problems).not.toContain('x-admin');
    },
  );

  it('never show, however the configuration is printed', () => {
    const config = parse(withKey('${env:KEY}'));
    const shown = [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      String(config.providers['a']?.apiKey),
    ];
    shown.push(JSON.stringify(effectiveConfig(config)));
    for (const text of shown) expect(text).not.toContain('sk-secret-value');
    expect(shown.at(-1)).toContain('${env:KEY}');
  });

  it('may be referred to in other values, which then are plain', () => {
    expect(parse('providers: {a: {baseUrl: "https://${env:HOST}/v1"}}').providers['a']?.baseUrl).toBe(
      'https://api.example.com/v1',
    );
    expect(problemsOf('providers: {a: {baseUrl: "https://${env:NOPE}/v1"}}')).toMatch(/NOPE is not set/);
  });
});
