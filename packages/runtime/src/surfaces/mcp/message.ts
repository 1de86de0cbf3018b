import { isUtf8 } from 'node:buffer';
import { RuntimeFault, parseJson, showText } from '@sallyport/core';
import type { Json, JsonObject } from '@sallyport/core';
import { errorCodes, Refusal, invalidRequest, type RpcErrorBody } from './errors.ts';

export type RpcId = string | number;

/** One JSON-RPC 2.0 message of a client. */
export type RpcMessage =
  | { readonly kind: 'request'; readonly id: RpcId; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'notification'; readonly id?: undefined; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'answer'; readonly id: RpcId; readonly result?: JsonObject; readonly error?: RpcErrorBody };

const longestId = 256;
const longestMethod = 128;

/** @throws RuntimeFault `invalid_json`; Refusal where it is no single JSON-RPC message */
export function readMessage(bytes: Buffer | undefined, maxDepth: number): RpcMessage {
  const body = readBody(bytes, maxDepth);
  if (Array.isArray(body))
    throw invalidRequest(
      'Batches are not taken: they were removed from MCP in 2025-06-18. Send one message at a time.',
    );
  if (!isObject(body) || body['jsonrpc'] !== '2.0') throw invalidRequest('The body is no JSON-RPC 2.0 message.');
  const { id, method, params, result, error } = body;
  if (method === undefined) return readAnswer(id, result, error);
  // A call that is an answer as well would be read as the one by us, and perhaps as the other by whoever looks on.
  if (result !== undefined || error !== undefined) throw invalidRequest('The message is a request and an answer.');
  if (typeof method !== 'string' || method === '' || method.length > longestMethod)
    throw invalidRequest('method must be the name of a method.');
  if (params !== undefined && !isObject(params)) throw invalidRequest('params must be an object.');
  const given = params ?? {};
  if (given['_meta'] !== undefined && !isObject(given['_meta']))
    throw new Refusal(400, errorCodes.invalidParams, 'params._meta must be an object.');
  if (id === undefined) return { kind: 'notification', method, params: given };
  return { kind: 'request', id: readId(id), method, params: given };
}

/** The id of a message that cannot be read otherwise, so that its refusal can name it. */
export function idOf(bytes: unknown): RpcId | null {
  if (!Buffer.isBuffer(bytes) || bytes.length > 1_048_576) return null;
  try {
    const body = readBody(bytes, 64);
    return isObject(body) ? readId(body['id'] ?? null) : null;
  } catch {
    return null;
  }
}

function readBody(bytes: Buffer | undefined, maxDepth: number): Json {
  if (!bytes || bytes.length === 0) throw new RuntimeFault('invalid_json', { detail: 'The body is empty.' });
  if (!isUtf8(bytes)) throw new RuntimeFault('invalid_json', { detail: 'The body is not valid UTF-8.' });
  return parseJson(bytes.toString('utf8'), { maxDepth });
}

function readAnswer(id: Json | undefined, result: Json | undefined, error: Json | undefined): RpcMessage {
  if ((result === undefined) === (error === undefined))
    throw invalidRequest('The message has no method, and is no answer with either result or error.');
  if (result !== undefined) {
    if (!isObject(result)) throw invalidRequest('result must be an object.');
    return { kind: 'answer', id: readId(id), result };
  }
  const { code, message } = isObject(error) ? error : {};
  if (typeof code !== 'number' || !Number.isSafeInteger(code) || typeof message !== 'string')
    throw invalidRequest('error must have an integer code and a message.');
  return { kind: 'answer', id: readId(id), error: { ...(error as JsonObject), code, message } };
}

function readId(id: Json | undefined): RpcId {
  if (typeof id === 'string' && id.length <= longestId) return id;
  // A number that does not survive reading would answer another request.
  if (typeof id === 'number' && Number.isSafeInteger(id)) return id;
  throw invalidRequest(`id must be a whole number or a string of at most ${longestId} characters.`);
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const shown = (value: string): string => showText(value, 80);
