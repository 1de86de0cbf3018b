import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { ClientStream } from '../../src/surfaces/openai/client-stream.ts';

/** A stream to a client that reads nothing. Its socket is told that two minutes have gone by, which no test waits for. */
async function open() {
  const asked = Promise.withResolvers<ServerResponse>();
  const server = createServer((_, response) => asked.resolve(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  onTestFinished(() => {
    socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  const response = await asked.promise;
  return { client: new ClientStream(response, {}), response, idle: () => response.socket?.emit('timeout') };
}

it('a client is not given up for a model that thinks longer than a client may stall', async () => {
  const { client, response, idle } = await open();
  idle();
  expect(response.destroyed).toBe(false);
  expect(client.gone.signal.aborted).toBe(false);
});

it('a client that takes nothing of what waits for it is given up', async () => {
  const { client, response, idle } = await open();
  while (client.write('x'.repeat(1_000_000)));
  idle();
  expect(response.destroyed).toBe(true);
  await expect.poll(() => client.gone.signal.aborted).toBe(true);
});
