import { describe, expect, it } from 'vitest';
import type { RuntimeFault } from '../../src/index.ts';
import { effectiveConfig, parseConfig } from '../../src/index.ts';

const source = {
  env: { SECRET: 'a-client-secret', EMPTY: '' },
  readFile: () => {
    throw new Error('no such file');
  },
};
const parse = (identity: string) => parseConfig(`identity: ${identity}`, source).identity;
const problemsOf = (identity: string): string => {
  try {
    parse(identity);
    return '';
  } catch (error) {
    return (error as RuntimeFault).detail ?? '';
  }
};
const issuer = (more = '') => `{issuers: {corp: {issuer: "https://id.example", audience: [here]${more}}}}`;
const operators = (more = '') =>
  `{operators: {issuer: "https://id.example", clientId: sallyport, roles: {claim: groups, map: {ops: operator}}${more}}}`;

describe('issuers', () => {
  it('need an address and an audience, and take only typed access tokens by default', () => {
    expect(parse(issuer()).issuers['corp']).toEqual({
      issuer: 'https://id.example',
      audience: ['here'],
      clockSkewSeconds: 60,
      userClaim: 'sub',
      claims: [],
      scope: 'mcp',
      accessTokens: 'at+jwt',
    });
  });

  it.each([
    ['{issuers: {corp: {issuer: "http://id.example", audience: [here]}}}', /issuer: must be https/],
    ['{issuers: {corp: {issuer: "https://id.example"}}}', /audience/],
    ['{issuers: {corp: {issuer: "https://id.example", audience: []}}}', /audience/],
    [issuer(', clockSkewSeconds: 3600'), /clockSkewSeconds/],
    [issuer(', scope: "mcp admin"'), /scope/],
    [issuer(", scope: 'a\"b'"), /scope/],
    [issuer(', claims: [__proto__]'), /claims/],
    [issuer(', accessTokens: any'), /accessTokens/],
    [issuer(', roles: {claim: groups, map: {a: "Not A Role"}}'), /roles/],
    ['{issuers: {"a:b": {issuer: "https://id.example", audience: [here]}}}', /issuers/],
  ])('that would open a hole are refused: %s', (identity, problem) => {
    expect(problemsOf(identity)).toMatch(problem);
  });

  it('of one address are named once: else it would be chance by which a token is read', () => {
    const one = '{issuer: "https://id.example", audience: [here]}';
    expect(problemsOf(`{issuers: {a: ${one}, b: ${one}}}`)).toMatch(/b\.issuer: another entry has the same issuer/);
  });
});

describe("operators' provider", () => {
  it('has a secret that is resolved, and never shows', () => {
    const config = parseConfig(`identity: ${operators(', secret: "${env:SECRET}"')}`, source);
    expect(config.identity.operators?.secret?.reveal()).toBe('a-client-secret');
    for (const shown of [JSON.stringify(config), JSON.stringify(effectiveConfig(config))]) {
      expect(shown).not.toContain('a-client-secret');
      expect(shown).toContain('${env:SECRET}');
    }
  });

  it('may be one of a public client', () => {
    expect(parse(operators()).operators).not.toHaveProperty('secret');
  });

  it.each(['a-client-secret', '${env:EMPTY}', '${env:MISSING}', '${file:/nowhere}'])(
    'refuses a secret that is none, or stands in the file: %s',
    (secret) => {
      const problems = problemsOf(operators(`, secret: "${secret}"`));
      expect(problems).toContain('identity.operators.secret');
      expect(problems).not.toContain('a-client-secret');
    },
  );

  it('gives no role that there is not', () => {
    const text = operators().replace('ops: operator', 'ops: root');
    expect(problemsOf(text)).toContain('roles.map.ops');
  });
});
