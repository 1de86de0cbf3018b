/** A process to be killed: attaches a refreshed token again and again, and says which refresh each was had by. */
import { parseConfig } from '@sallyport/core';
import { CredentialBroker } from '../../src/credentials/index.ts';
import { LocalKeys, openMasterKey } from '../../src/flow/index.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { systemClock as clock } from '../../src/clock.ts';

const [folder = '', file = '', tokenUrl = '', rounds = 'Infinity'] = process.argv.slice(2);
const { credentials, upstreams } = parseConfig(
  `upstreams: {crm: {kind: mcp, url: "https://crm.example/mcp", credential: key}}
credentials: {key: {source: {env: KEY}, upstreams: [crm], attach: {kind: refresh_token, clientAuth: none, clientId: a, tokenUrl: "${tokenUrl}"}}}`,
  { env: {}, readFile: () => '' },
);
const { store } = await openSqliteStore({ file, clock });
const broker = await CredentialBroker.open({
  credentials,
  upstreams,
  env: { KEY: 'refresh-0-token' },
  folder,
  store: store.credentials,
  keys: new LocalKeys(openMasterKey(folder)),
  clock,
});
for (let round = 0; round < Number(rounds); round += 1) {
  const attached = await broker.attach({ upstream: 'crm', url: 'https://crm.example/', httpMethod: 'GET' });
  process.stdout.write(`${attached.headers['authorization']}\n`);
}
await store.close();
