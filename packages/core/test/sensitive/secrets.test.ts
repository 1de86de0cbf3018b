import { describe, expect, it } from 'vitest';
import { findSecrets } from '../../src/sensitive/secrets/index.ts';

/** Values are made here, so that no scanner takes them for real ones. */
const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
function made(length: number, from = letters): string {
  let state = length * 2654435761;
  let text = '';
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += from[Math.floor((state / 2 ** 32) * from.length)]!;
  }
  return text;
}
const hex = (length: number): string => made(length, '0123456789abcdef');
const password = ['tr0ub4', 'dor&3'].join('');
const keyWord = ['KEY', '-----'].join('');
const github = ['gh', 'p_', made(36)].join('');
const jwt = [
  { alg: 'HS256', typ: 'JWT' },
  { sub: '1', name: 'Ada' },
]
  .map((part) => btoa(JSON.stringify(part)).replace(/=+$/, ''))
  .concat(made(43))
  .join('.');

function found(text: string, field: readonly string[] = []): [type: string, value: string][] {
  return findSecrets(text, field).map(({ type, start, end }) => [type, text.slice(start, end)]);
}

describe('what is given to a name that says secret', () => {
  const token = made(28);
  it.each([
    `api_key = "${token}"`,
    `apiKey: '${token}',`,
    `"accessToken" => "${token}"`,
    `client_secret := \`${token}\``,
    `export AUTH_TOKEN=${token}`,
    `$env:SERVICE_TOKEN = "${token}"`,
    `<add key="x" /><apiToken>${token}</apiToken>`,
    `deploy --token ${token} --verbose`,
    `deploy --api-key=${token}`,
    `X-Api-Key: ${token}`,
    `Authorization: Bearer ${token}`,
    `{"Authorization":"Token ${token}"}`,
    `//registry.example.org/:_authToken=${token}`,
    `env:\n  - name: SERVICE_TOKEN\n    value: "${token}"`,
    `[{"name": "SERVICE_TOKEN", "value": "${token}"}]`,
    `{"file":"SERVICE_TOKEN=${token}\\nDEBUG=1"}`,
    `https://api.example.org/v1?access_token=${token}&page=2`,
    `if (apiKey === "${token}") {`,
    `if ("${token}" == api_key) {`,
    `client.setToken("service_token", "${token}")`,
    `resource "x" {\n  secret_key = "${token}"\n}`,
    `The API key is ${token}.`,
  ])('is found whole in %s', (text) => {
    expect(found(text)).toEqual([['API_KEY', token]]);
  });

  it.each([
    `password: ${password}`,
    `DB_PASSWORD='${password}'`,
    `Server=db;Database=x;User Id=app;Password=${password};Encrypt=true`,
    `machine example.org login ada password ${password}`,
    `postgres://app:${password}@db.internal:5432/orders`,
    `mysql --password=${password} -h db`,
    `{"user":"ada","password":"${password}"}`,
    `mysql -u root -p${password} orders`,
    `sshpass -p '${password}' ssh ada@example.org`,
    `docker login -u ada -p ${password} registry.example`,
    `user.setPassword("${password}")`,
    `if (password != "${password}") {`,
  ])('is found as a password in %s', (text) => {
    expect(found(text)).toEqual([['PASSWORD', password]]);
  });

  it('is found where a JSON key or a column names it', () => {
    expect(found(password, ['user', 'password'])).toEqual([['PASSWORD', password]]);
    expect(found(token, ['headers', 'x-api-key'])).toEqual([['API_KEY', token]]);
    expect(found(hex(32), ['twilio', 'auth_token'])).toEqual([['API_KEY', hex(32)]]);
    expect(found(token, ['next_page_token'])).toEqual([]);
    expect(found('Forgot your password?', ['labels', 'password'])).toEqual([]);
  });

  it('is found in base64 where that holds a name and a password', () => {
    const basic = btoa(`ada:${password}`);
    expect(found(`Authorization: Basic ${basic}`)).toEqual([['API_KEY', basic]]);
    expect(found(`{"auths":{"registry.example":{"auth":"${basic}"}}}`)).toEqual([['API_KEY', basic]]);
    expect(found(`curl -u ada:${password} https://example.org`)).toEqual([['PASSWORD', `ada:${password}`]]);
  });
});

describe('the name that a value stands under', () => {
  it('is the outer one where the inner says nothing', () => {
    expect(found(password, ['db_password', 'value'])).toEqual([['PASSWORD', password]]);
    expect(found(password, ['password', 'hint'])).toEqual([]);
  });
  it('is read without its accents', () => {
    expect(found(password, ['contraseña'])).toEqual([['PASSWORD', password]]);
  });
});

describe('what only shows the place for a secret', () => {
  it.each([
    'API_KEY=${API_KEY}',
    'api_key: {{ secrets.api_key }}',
    'token: <your-token>',
    'apiKey: process.env.API_KEY',
    'api_key = os.environ["API_KEY"]',
    'password: $DB_PASSWORD',
    'PASSWORD=changeme',
    'password: "your-password-here"',
    'password: [PASSWORD]',
    'api_key=<API_KEY_1>\nand more',
    '{"file":"API_KEY=<API_KEY_1>\\n\\nand more"}',
    'Use `curl -u user:password`, as before.',
    'token = "xxxxxxxxxxxxxxxxxxxxxxxx"',
    'secret: !Ref Secret',
    'password: string;',
    'const password = getPassword();',
    'password = config.get("password")',
    'https://user:pass@example.org',
    'https://$USER:$PASSWORD@example.org',
    'Authorization: Bearer $TOKEN',
    'curl -u "$USER:$PASSWORD" https://example.org',
    '"password": "Please enter your password"',
    'Your password must have 8 characters: letters and digits.',
    'auth: CancellationToken',
    'mysql -u root -p orders',
    'mkdir -p /srv/data && ssh -p 2222 host',
    ['AKIA', 'IOSFODNN7EXAMPLE'].join(''),
  ])('is left alone: %s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

describe('what looks generated and is no secret', () => {
  it.each([
    `commit ${hex(40)} fix: retry`,
    `"integrity": "sha512-${made(86)}=="`,
    `FROM node:24@sha256:${hex(64)}`,
    `request_id=${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)} status=200`,
    `ETag: W/"${made(27)}"`,
    `traceparent: 00-${hex(32)}-${hex(16)}-01`,
    `data:image/png;base64,iVBORw0KGgo${made(200)}`,
    `primary_key=${made(20)}`,
    `cache_key: "${hex(40)}"`,
    `public_key = "${made(44)}"`,
    `key_id: ${made(20)}`,
    `password_hash: ${made(60)}`,
    `max_tokens: 4096, total_tokens=123456789`,
    `keyboard: ${made(24)}`,
    `csrf_token: ${made(32)}`,
    `github_commit: ${hex(40)}`,
    `railway_project_id: ${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    `arn:aws:iam::123456789012:role/${made(12)}`,
  ])('is left alone: %s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

describe('private keys', () => {
  const lines = [made(64), made(64), made(31) + '='];
  const [begin, end] = ['BEGIN', 'END'].map((word) => `-----${word} OPENSSH PRIVATE ${keyWord}`);
  it.each([
    ['on lines', [begin, ...lines, end].join('\n')],
    ['with carriage returns', [begin, ...lines, end].join('\r\n')],
    ['in a JSON string', [begin, ...lines, end].join('\\n')],
    ['on one line', [begin, ...lines, end].join(' ')],
  ])('are found whole %s', (_, key) => {
    expect(found(`before\n${key}\nafter`)).toEqual([['PRIVATE_KEY', key]]);
  });

  it('are found to the end of their lines where they are cut off', () => {
    const key = [begin, ...lines.slice(0, 2)].join('\n');
    expect(found(`${key}\n... truncated`)).toEqual([['PRIVATE_KEY', key]]);
  });

  it('are not seen in public keys, certificates and talk of keys', () => {
    const publicKey = ['BEGIN', 'END'].map((word) => `-----${word} PUBLIC ${keyWord}`).join(`\n${lines.join('\n')}\n`);
    expect(found(publicKey)).toEqual([]);
    expect(found(`A file that begins with ${begin} is a private key.`)).toEqual([]);
  });
});

describe('JSON Web Tokens', () => {
  it('are found whole, with and without a signature', () => {
    const unsigned = jwt.split('.').slice(0, 2).join('.') + '.';
    expect(found(`cookie: session=${jwt}; path=/`)).toEqual([['JWT', jwt]]);
    expect(found(`"${unsigned}"`)).toEqual([['JWT', unsigned]]);
  });

  it('are not seen where the header is no JSON or names no algorithm', () => {
    expect(found(`eyJ${made(30)}.${made(30)}.${made(30)}`)).toEqual([]);
    expect(found(`${btoa('{"typ":"x","zip":1}')}.${made(30)}.${made(30)}`)).toEqual([]);
  });
});

describe('other places', () => {
  it('finds a known secret that is base64 once more', () => {
    const wrapped = btoa(github);
    expect(found(`data: ${wrapped}`)).toEqual([['API_KEY', wrapped]]);
    expect(found(`payload ${btoa(jwt)}`)).toEqual([['JWT', btoa(jwt)]]);
  });

  it('finds the values of a Kubernetes Secret and no other manifest', () => {
    const value = btoa(password);
    const manifest = (kind: string): string =>
      `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: x\ndata:\n  db: ${value}\n`;
    expect(found(manifest('Secret'))).toEqual([['API_KEY', value]]);
    expect(found(manifest('ConfigMap'))).toEqual([]);
  });

  it('finds the signature of a signed URL and a token before a host', () => {
    expect(found(`https://x.blob.example/a?sv=1&sig=${made(43)}%3D`)).toEqual([['URL_CREDENTIALS', `${made(43)}%3D`]]);
    expect(found(`git clone https://${made(30)}@git.example.org/a.git`)).toEqual([['URL_CREDENTIALS', made(30)]]);
    expect(found('git clone git@github.com:a/b.git')).toEqual([]);
  });

  it('gives matches in order that do not overlap', () => {
    const text = `token=${github} password="${github}" https://a:${github}@x.org Authorization: Bearer ${jwt}`;
    const matches = findSecrets(text, ['api_key']);
    expect(matches.length).toBe(4);
    for (const [index, match] of matches.entries())
      expect(match.start).toBeGreaterThanOrEqual(matches[index - 1]?.end ?? 0);
  });
});

describe('hostile texts', () => {
  it.each([
    'eyJa.',
    'eyJhbGciOiJIUzI1NiJ9.',
    'password=',
    'password="',
    'key: a ',
    '"a" == password ',
    '://a:b@',
    'sk-',
    'glpat-',
    'EAAA',
    `-----BEGIN PRIVATE ${keyWord}`,
    `-----BEGIN PRIVATE ${keyWord}\n`,
    'private-lines: 1\n',
    'kind: Secret\ndata:\n',
    'curl -u a:',
    '"',
    '=',
    'A',
    'key',
    '\\',
    'key="\\"',
    'a.',
  ])('cost in proportion to their length: %j', (part) => {
    const times = [20_000, 160_000].map((length) => {
      const text = part.repeat(Math.ceil(length / part.length));
      const runs = [1, 2, 3].map(() => {
        const before = process.cpuUsage();
        findSecrets(text, []);
        return process.cpuUsage(before).user;
      });
      return Math.min(...runs);
    });
    // Microseconds of processor time. Eight times the text; sixty-four times would be the square.
    expect(times[1]! / Math.max(times[0]!, 1000)).toBeLessThan(32);
  });

  it('does not hide a secret behind many false beginnings', () => {
    expect(found('password='.repeat(500) + ' ' + github)).toContainEqual(['API_KEY', github]);
    expect(found(`${'eyJ'.repeat(500)} ${jwt}`)).toContainEqual(['JWT', jwt]);
  });
});
