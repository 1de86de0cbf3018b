import { describe, expect, it } from 'vitest';
import { hostKey, parseConfig } from '../../src/index.ts';
import type { RuntimeFault } from '../../src/index.ts';

const source = {
  env: {},
  readFile: () => {
    throw new Error('ENOENT');
  },
};
const parse = (text: string) => parseConfig(text, source);
function problemsOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_config' });
    return (error as RuntimeFault).detail ?? '';
  }
  throw new Error('the configuration was accepted');
}

const crm = 'crm: {kind: mcp, url: "https://crm.example/mcp", credential: key}';
const config = (credential: string, upstreams = crm) =>
  `upstreams:\n  ${upstreams}\ncredentials:\n  key: {source: {env: KEY}, upstreams: [crm]${credential}}\n`;
const oauth = (kind: string, rest = '') =>
  config(`, attach: {kind: ${kind}, tokenUrl: "https://id.example/token", clientId: a${rest}}`);

describe('a credential that has its place', () => {
  it.each([
    config(''),
    config(', hosts: [crm.example]'),
    config(', hosts: ["CRM.example:443"]'),
    config(', attach: {kind: environment}', 'crm: {kind: stdio, command: node, env: {A: {credential: key}}}'),
    config(', hosts: ["api.example"]', 'crm: {kind: openapi, document: a.yaml, credential: key}'),
    oauth('client_credentials'),
    oauth('refresh_token', ', clientAuth: none'),
    oauth('refresh_token', ', clientSecret: {env: B}'),
    oauth('token_exchange', ', audience: crm'),
  ])('is accepted: %s', (text) => {
    expect(parse(text).credentials['key']).toBeDefined();
  });
});

describe('a credential that could go astray, or nowhere, is refused with the key and the fix', () => {
  it.each<[string, RegExp]>([
    [
      config('', 'crn: {kind: mcp, url: "https://crm.example/mcp"}'),
      /4:\d+ {2}credentials\.key\.upstreams\.0: there is no upstream crm; did you mean crn\?/,
    ],
    [
      `upstreams: {crm: {kind: mcp, url: "https://crm.example/mcp", credential: kee}}\ncredentials: {key: {source: {env: A}, upstreams: [crm]}}`,
      /upstreams\.crm\.credential: there is no kee in credentials; did you mean key\?/,
    ],
    [
      `upstreams: {crm: {kind: mcp, url: "https://crm.example/mcp", credential: key}}`,
      /there is no key in credentials; there is none/,
    ],
    [
      config('', `${crm}\n  erp: {kind: mcp, url: "https://erp.example/mcp", credential: key}`),
      /upstreams\.erp\.credential: the credential key does not go to erp; add it to credentials\.key\.upstreams/,
    ],
    [
      config('', 'crm: {kind: stdio, command: node, env: {A: {credential: key}}}'),
      /upstreams\.crm\.env\.A\.credential: .*attached as bearer; .*attach\.kind environment/,
    ],
    [config(', attach: {kind: environment}'), /upstreams\.crm\.credential: .*is for programs/],
    [config(', hosts: [other.example]'), /may not be sent to crm\.example; add it to credentials\.key\.hosts/],
    [config(', hosts: ["crm.example:8443"]'), /may not be sent to crm\.example/],
    [config('', 'crm: {kind: openapi, document: a.yaml, credential: key}'), /set url, or credentials\.key\.hosts/],
    [config(', hosts: ["*.example"]'), /wildcard/],
    [config(', hosts: ["https://crm.example"]'), /credentials\.key\.hosts\.0: is no host/],
    [config(', hosts: ["a@crm.example"]'), /is no host/],
    [config(', hosts: ["crm.example."]'), /is no host/],
    [config(', tools: ["a\\\\b"]'), /credentials\.key\.tools\.0: a backslash/],
    [config(', attach: {kind: header, name: Host}'), /attach\.name: the header Host belongs to the protocol/],
    [config(', attach: {kind: header, name: mcp-session-id}'), /belongs to the protocol/],
    [config(', attach: {kind: header, name: sallyport-user-context}'), /both set the header/],
    [config(', attach: {kind: header, name: x-key, prefix: "a\\r\\nb"}'), /attach\.prefix: holds characters/],
    [config(', attach: {kind: basic, username: "a:b"}'), /may not hold a colon/],
    [
      config(
        ', attach: {kind: mtls, certFile: a.pem}',
        'crm: {kind: mcp, url: "http://127.0.0.1/mcp", credential: key}',
      ),
      /needs https/,
    ],
    [oauth('client_credentials', ', clientAuth: none'), /attach\.clientAuth: only a client that proves itself/],
    [oauth('refresh_token'), /attach\.clientAuth: needs clientSecret/],
    [oauth('refresh_token', ', clientSecret: {stored: true}'), /clientSecret: .*stored/],
    [oauth('token_exchange'), /attach: .*audience or resource/],
    [
      config(', attach: {kind: client_credentials, tokenUrl: "http://id.example/token", clientId: a}'),
      /tokenUrl: secrets would cross the network in clear/,
    ],
    [
      config(', attach: {kind: client_credentials, tokenUrl: "https://u:p@id.example/token", clientId: a}'),
      /holds credentials/,
    ],
    [
      `credentials: {key: {source: {vault: {address: "http://vault.example", path: a, token: {env: B}}}, upstreams: [crm]}}\nupstreams: {${crm}}`,
      /source\.vault\.address: secrets would cross/,
    ],
    [
      `credentials: {key: {source: {gcp: {secret: projects/p/secrets/s/versions/1, endpoint: "http://gcp.example"}}, upstreams: [crm]}}\nupstreams: {${crm}}`,
      /source\.gcp\.endpoint: secrets would cross/,
    ],
    [`credentials: {key: {source: {env: A}, upstreams: [__proto__]}}`, /there is no upstream __proto__/],
  ])('%s', (text, message) => {
    expect(problemsOf(text)).toMatch(message);
  });
});

it.each([
  ['example.com', 'https:', 'example.com:443'],
  ['example.com', 'http:', 'example.com:80'],
  ['EXAMPLE.com:8443', 'https:', 'example.com:8443'],
  ['bücher.example', 'https:', 'xn--bcher-kva.example:443'],
  ['0x7f.1', 'http:', '127.0.0.1:80'],
  ['[::1]:9', 'https:', '[::1]:9'],
  ['example.com.', 'https:', undefined],
  ['a/b', 'https:', undefined],
  ['a@b', 'https:', undefined],
  ['a b', 'https:', undefined],
  ['', 'https:', undefined],
  ['a:99999', 'https:', undefined],
])('the host %j under %s is %s', (host, protocol, key) => {
  expect(hostKey(host, protocol)).toBe(key);
});
