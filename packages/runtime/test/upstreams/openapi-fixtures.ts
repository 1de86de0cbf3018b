import type { JsonObject, UpstreamConnection } from '@sallyport/core';
import type { TestCredentials } from './http-fixtures.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOpenApiUpstream } from '../../src/upstreams/openapi/index.ts';
import { closeAfter, configOf, never, services } from './http-fixtures.ts';

export const listed = async (connection: UpstreamConnection): Promise<JsonObject[]> =>
  ((await connection.list('tools/list', {}, never)) as { tools: JsonObject[] }).tools;

/** A folder with the document in it, as text or as JSON. */
export function folderWith(document: string | JsonObject, name = 'api.yaml'): string {
  const folder = mkdtempSync(join(tmpdir(), 'openapi-'));
  closeAfter(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), typeof document === 'string' ? document : JSON.stringify(document));
  return folder;
}

export async function startOpenApi(
  document: string | JsonObject,
  entries: JsonObject = {},
  credentials?: TestCredentials,
) {
  const folder = folderWith(document);
  const config = configOf('openapi', { document: 'api.yaml', url: 'https://shop.example/v1', ...entries });
  const upstream = createOpenApiUpstream('shop', config, services({ folder, ...(credentials && { credentials }) }));
  closeAfter(() => upstream.close());
  const connection = await upstream.connect({ capabilities: {}, signal: never });
  return { connection, upstream, tools: await listed(connection), skipped: upstream.status().skipped ?? [] };
}

/** The least that a document needs, around the paths. */
export const documentOf = (paths: JsonObject, more: JsonObject = {}): JsonObject => ({
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths,
  ...more,
});
export const ok: JsonObject = { responses: { '200': { description: 'ok' } } };
export const query = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  in: 'query',
  schema: { type: 'string' },
  ...more,
});

/** As shops write them: 3.0, YAML, references, a key in a header. */
export const petStore = `
openapi: 3.0.3
info: { title: Pet store, version: 1.2.0 }
servers: [{ url: 'https://pets.example/v2' }]
paths:
  /pets:
    get:
      operationId: listPets
      summary: List pets
      description: Newest first.
      parameters:
        - { name: status, in: query, style: form, explode: false, schema: { type: array, items: { type: string, enum: [free, sold] } } }
        - { name: filter, in: query, style: deepObject, explode: true, schema: { type: object, properties: { kind: { type: string } } } }
        - { $ref: '#/components/parameters/Limit' }
        - { name: X-Trace, in: header, schema: { type: string } }
        - { name: session, in: cookie, schema: { type: string } }
        - { name: api_key, in: header, schema: { type: string } }
      responses:
        '200': { description: ok, content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Pet' } } } } }
    post:
      operationId: addPet
      requestBody: { $ref: '#/components/requestBodies/Pet' }
      responses:
        '201': { description: made, content: { application/json: { schema: { $ref: '#/components/schemas/Pet' } } } }
  /pets/{petId}:
    parameters:
      - { name: petId, in: path, required: true, description: Which one, schema: { type: integer, format: int64, minimum: 0, exclusiveMinimum: true } }
    get: { responses: { '200': { description: ok } } }
    delete:
      operationId: pets/remove
      parameters: [{ name: reason, in: query, required: true, schema: { type: string, nullable: true, enum: [ill, gone] } }]
      responses: { '204': { description: gone } }
    put:
      operationId: renamePet
      requestBody: { required: true, content: { application/x-www-form-urlencoded: { schema: { type: object, properties: { name: { type: string }, tags: { type: array, items: { type: string } } } } } } }
      responses: { '200': { description: ok } }
  /pets/{petId}/photo:
    parameters: [{ name: petId, in: path, required: true, schema: { type: integer } }]
    post:
      operationId: addPhoto
      requestBody: { required: true, content: { multipart/form-data: { schema: { type: object } } } }
      responses: { '200': { description: ok } }
    options: { operationId: askPhoto, responses: { '200': { description: ok } } }
components:
  parameters:
    Limit: { name: limit, in: query, schema: { type: integer, maximum: 100 } }
  requestBodies:
    Pet: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Pet' } } } }
  securitySchemes:
    key: { type: apiKey, in: header, name: api_key }
  schemas:
    Pet:
      type: object
      required: [id, name]
      properties:
        id: { type: integer, readOnly: true }
        name: { type: string, example: Rex }
        nick: { type: string, nullable: true }
        parent: { $ref: '#/components/schemas/Pet' }
        secret: { type: string, writeOnly: true }
`;
