import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findDataDir, loadConfig } from '../../src/cli/config.ts';
import { choosePort } from '../../src/cli/port.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sallyport-config-'));
});
afterEach(() => rm(cwd, { recursive: true }));

const place = (globals = {}, env = {}) => ({ cwd, env, globals });
const practiceUrl = 'http://127.0.0.1:1/v1';

describe('configuration', () => {
  test('without a file, the practice model is the provider, and OpenAI where there is a key for it', async () => {
    const plain = await loadConfig(place(), practiceUrl);
    expect(Object.keys(plain.config.providers)).toEqual(['practice']);
    expect(plain).toMatchObject({ dataDir: join(cwd, '.sallyport'), policyDir: join(cwd, '.sallyport/policies') });
    const { config } = await loadConfig(place({}, { OPENAI_API_KEY: 'sk-secret' }), practiceUrl);
    expect(Object.keys(config.providers)).toEqual(['practice', 'openai']);
    expect(JSON.stringify(config)).not.toContain('sk-secret');
  });

  test('sallyport.yaml is used where there is one, and its folders are meant from where it is', async () => {
    await writeFile(join(cwd, 'sallyport.yaml'), 'data: state\npolicies: rules\nserver: { port: 7500 }\n');
    const loaded = await loadConfig(place(), practiceUrl);
    expect(loaded).toMatchObject({ dataDir: join(cwd, 'state'), policyDir: join(cwd, 'rules'), portGiven: true });
    expect(loaded.config.providers).toEqual({});
    expect(await findDataDir(place())).toBe(join(cwd, 'state'));
    expect(await findDataDir(place({ data: 'other' }))).toBe(join(cwd, 'other'));
  });

  test('a file that was named and is not there is an error, not a default', async () => {
    await expect(loadConfig(place({ config: 'none.yaml' }), practiceUrl)).rejects.toMatchObject({ exitCode: 2 });
    await expect(findDataDir(place({ config: 'none.yaml' }))).rejects.toMatchObject({ exitCode: 2 });
  });

  test('the data folder is found although a secret of the configuration is missing here', async () => {
    const text = 'data: state\nproviders: { x: { baseUrl: https://a.example/v1, apiKey: "${env:NOT_SET}" } }\n';
    await writeFile(join(cwd, 'sallyport.yaml'), text);
    expect(await findDataDir(place())).toBe(join(cwd, 'state'));
    await expect(loadConfig(place(), practiceUrl)).rejects.toMatchObject({ code: 'invalid_config' });
  });
});

describe('port', () => {
  test('the default gives way to the next free one, a given one does not', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    expect(await choosePort('127.0.0.1', port, false)).toBeGreaterThan(port);
    await expect(choosePort('127.0.0.1', port, true)).rejects.toMatchObject({ exitCode: 2 });
    taken.close();
    await once(taken, 'close');
    expect(await choosePort('127.0.0.1', port, true)).toBe(port);
  });
});
