import { createServer } from 'node:http';
import { listening } from './gateway-process.ts';
import {
  forbiddenModel,
  isStreamModel,
  chunkGapsMs,
  plainAnswer,
  plainModel,
  streamEvents,
} from './gateway-traffic.ts';

/*
 * The provider behind all gateways: raw node:http with answers made in advance, so that it costs as little as it can.
 */

const plain = new Map([plainModel, forbiddenModel].map((model) => [model, Buffer.from(plainAnswer(model))]));
const modelIn = /"model":\s*"(?:[\w-]+\/)?([\w-]+)"/;

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const model = modelIn.exec(Buffer.concat(parts).toString('latin1'))?.[1] ?? '';
    if (isStreamModel(model)) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const events = streamEvents(model);
      let sent = 0;
      response.write(events[sent++]);
      const timer = setInterval(() => {
        response.write(events[sent++]);
        if (sent < events.length) return;
        clearInterval(timer);
        response.end();
      }, chunkGapsMs[model]);
      response.on('close', () => clearInterval(timer));
      return;
    }
    const body = plain.get(model);
    if (!body) return void response.writeHead(404).end(`no model ${model}`);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  });
});
server.keepAliveTimeout = 60_000;
listening(server);
