/** Documents in the shape of those that people have: cut down, with what is particular about each left in. */

/** 3.0: forms with nested members, lists in `deepObject`, a body on a GET, long patterns, an empty text that unsets. */
export const payments = `
openapi: 3.0.0
info: { title: Payments API, version: '2026-06-20', contact: { email: dev@pay.example } }
servers: [{ url: 'https://api.pay.example/' }]
security: [{ basicAuth: [] }, { bearerAuth: [] }]
paths:
  /v1/customers:
    get:
      operationId: GetCustomers
      parameters:
        - name: created
          in: query
          style: deepObject
          explode: true
          schema: { anyOf: [{ type: object, title: range_query_specs, properties: { gt: { type: integer }, lt: { type: integer } } }, { type: integer }] }
        - { name: email, in: query, style: form, schema: { type: string, maxLength: 512 } }
        - { name: expand, in: query, style: deepObject, explode: true, schema: { type: array, items: { type: string, maxLength: 5000 } } }
      requestBody: { required: false, content: { application/x-www-form-urlencoded: { encoding: {}, schema: { type: object, properties: {} } } } }
      responses:
        '200': { description: ok, content: { application/json: { schema: { $ref: '#/components/schemas/customers' } } } }
        default: { description: error, content: { application/json: { schema: { type: object } } } }
    post:
      operationId: PostCustomers
      requestBody:
        required: false
        content:
          application/x-www-form-urlencoded:
            encoding:
              address: { style: deepObject, explode: true }
              expand: { style: deepObject, explode: true }
              items: { style: deepObject, explode: true }
              metadata: { style: deepObject, explode: true }
            schema:
              type: object
              properties:
                address:
                  anyOf: [{ type: object, title: optional_fields_address, properties: { city: { type: string, maxLength: 5000 } } }, { type: string, enum: [''] }]
                email: { type: string, maxLength: 512 }
                expand: { type: array, items: { type: string, maxLength: 5000 } }
                items: { type: array, items: { type: object, properties: { price: { type: string }, quantity: { type: integer } } } }
                metadata: { anyOf: [{ type: object, additionalProperties: { type: string } }, { type: string, enum: [''] }] }
                note: { type: string, pattern: '^.{1,5000}$' }
                options: { type: object, properties: { mode: { type: string } } }
                'phases[]': { type: array, items: { type: string } }
      responses: { '200': { description: ok } }
components:
  securitySchemes: { basicAuth: { type: http, scheme: basic }, bearerAuth: { type: http, scheme: bearer } }
  schemas:
    customers:
      type: object
      required: [data, has_more]
      x-expandableFields: [data]
      properties: { data: { type: array, items: { $ref: '#/components/schemas/customer' } }, has_more: { type: boolean } }
    customer:
      type: object
      properties: { id: { type: string }, parent: { anyOf: [{ type: string }, { $ref: '#/components/schemas/customer' }], nullable: true } }
`;

/** 3.0: several references in one list of parameters, overloaded bodies, the same server said again, another for uploads. */
export const repositories = `
openapi: 3.0.3
info: { title: Repositories, version: 1.1.4 }
servers: [{ url: 'https://{region}.repos.example', variables: { region: { default: api, enum: [api, eu] } } }]
x-webhooks: { ping: { post: { operationId: ping } } }
paths:
  /repos/{owner}/{repo}/issues:
    servers: [{ url: 'https://api.repos.example' }]
    parameters: [{ $ref: '#/components/parameters/owner' }, { $ref: '#/components/parameters/repo' }]
    get:
      operationId: issues/list
      parameters: [{ $ref: '#/components/parameters/page' }, { $ref: '#/components/parameters/per-page' }, { $ref: '#/components/parameters/since' }]
      responses: { '200': { description: ok, headers: { Link: { $ref: '#/components/headers/link' } }, content: { application/json: { schema: { type: array, items: { type: object } } } } }, '404': { $ref: '#/components/responses/not_found' } }
    post:
      operationId: issues/create
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [title]
              properties:
                title: { oneOf: [{ type: string }, { type: integer }] }
                labels: { type: array, items: { oneOf: [{ type: string }, { type: object, properties: { name: { type: string } } }] } }
            examples: { default: { $ref: '#/components/examples/issue' } }
      responses: { '201': { description: made } }
  /repos/{owner}/{repo}/assets:
    post:
      operationId: assets/upload
      servers: [{ url: 'https://uploads.repos.example' }]
      parameters: [{ $ref: '#/components/parameters/owner' }, { $ref: '#/components/parameters/repo' }]
      requestBody: { content: { '*/*': { schema: { type: string, format: binary } } } }
      responses: { '201': { description: made } }
components:
  examples: { issue: { value: { title: Found a bug } } }
  headers: { link: { schema: { type: string } } }
  parameters:
    owner: { name: owner, in: path, required: true, schema: { type: string } }
    repo: { name: repo, in: path, required: true, schema: { type: string } }
    page: { name: page, in: query, schema: { type: integer, default: 1 } }
    per-page: { name: per_page, in: query, schema: { type: integer, default: 30 } }
    since: { name: since, in: query, schema: { type: string, format: date-time } }
  responses: { not_found: { description: none } }
`;

/** As frameworks of Python wrote 3.0: limits that are numbers, `const`, a list of types, validation errors as `anyOf`. */
export const tasks = JSON.stringify({
  openapi: '3.0.2',
  info: { title: 'FastAPI', version: '0.1.0' },
  paths: {
    '/tasks/{task_id}': {
      put: {
        tags: ['tasks'],
        summary: 'Update Task',
        operationId: 'update_task_tasks__task_id__put',
        parameters: [
          {
            required: true,
            schema: { title: 'Task Id', exclusiveMinimum: 0, type: 'integer' },
            name: 'task_id',
            in: 'path',
          },
          { required: false, schema: { title: 'Q', type: ['string', 'null'] }, name: 'q', in: 'query' },
        ],
        requestBody: {
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Task' } } },
          required: true,
        },
        responses: {
          '200': { description: 'Successful Response', content: { 'application/json': { schema: {} } } },
          '422': {
            description: 'Validation Error',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/HTTPValidationError' } } },
          },
        },
        security: [{ OAuth2PasswordBearer: [] }],
      },
    },
  },
  components: {
    schemas: {
      HTTPValidationError: {
        title: 'HTTPValidationError',
        type: 'object',
        properties: { detail: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'integer' }] } } },
      },
      Task: {
        title: 'Task',
        required: ['title'],
        type: 'object',
        properties: {
          title: { title: 'Title', type: 'string', minLength: 1 },
          priority: { title: 'Priority', exclusiveMaximum: 10, exclusiveMinimum: 0, type: 'number' },
          kind: { const: 'task', type: 'string' },
          password: { type: 'string', pattern: '^(?=.*[A-Z])(?=.*\\d).{8,}$' },
          extra: { type: 'object', patternProperties: { '^x-': { type: 'string' } }, additionalProperties: false },
        },
      },
    },
    securitySchemes: {
      OAuth2PasswordBearer: { type: 'oauth2', flows: { password: { scopes: {}, tokenUrl: 'token' } } },
    },
  },
});

/** 3.0: alternatives that a discriminator tells apart, all of them lax enough to fit each other's values. */
export const animals = `
openapi: 3.0.1
info: { title: Animals, version: v1 }
paths:
  /animals:
    post:
      operationId: addAnimal
      requestBody:
        required: true
        content:
          application/json: { schema: { $ref: '#/components/schemas/Animal' } }
          text/json: { schema: { $ref: '#/components/schemas/Animal' } }
          application/*+json: { schema: { $ref: '#/components/schemas/Animal' } }
      responses: { '200': { description: OK } }
components:
  schemas:
    Animal:
      oneOf: [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }, { $ref: '#/components/schemas/Owl' }]
      discriminator: { propertyName: kind, mapping: { cat: '#/components/schemas/Cat', kitten: '#/components/schemas/Cat', dog: Dog } }
    Base: { type: object, required: [kind], properties: { id: { type: string, format: uuid, readOnly: true }, kind: { type: string } } }
    Cat: { allOf: [{ $ref: '#/components/schemas/Base' }, { type: object, properties: { lives: { type: integer, format: int32 } } }] }
    Dog: { allOf: [{ $ref: '#/components/schemas/Base' }, { type: object, properties: { tricks: { type: array, nullable: true, items: { type: string } } } }] }
    Owl: { allOf: [{ $ref: '#/components/schemas/Base' }] }
`;

/** 3.1: bodies in media types of their own, patches of several kinds, the path's own server, path parameters in lists. */
export const cluster = `
openapi: 3.1.0
info: { title: Cluster, version: v1.31.0, license: { name: MIT, identifier: MIT } }
jsonSchemaDialect: https://json-schema.org/draft/2020-12/schema
webhooks: {}
paths:
  /apis/apps/v1/deployments/{name}:
    parameters: [{ name: name, in: path, required: true, schema: { type: string } }]
    patch:
      operationId: patchDeployment
      parameters: [{ name: fieldManager, in: query, schema: { type: [string, 'null'], uniqueItems: true } }]
      requestBody:
        required: true
        content:
          application/json-patch+json: { schema: { type: array, items: { type: object } } }
          application/merge-patch+json: { schema: { type: object } }
          application/strategic-merge-patch+json: { schema: { type: object } }
      responses: { '200': { description: OK } }
  /articles/{ids}:
    get:
      operationId: getArticles
      parameters: [{ name: ids, in: path, required: true, schema: { type: array, items: { type: string } } }]
      responses: { '200': { description: OK } }
  /articles:
    post:
      operationId: addArticle
      requestBody: { required: true, content: { application/vnd.api+json: { schema: { type: object, required: [data], properties: { data: { type: object } } } } } }
      responses: { '201': { description: Made, content: { application/vnd.api+json: { schema: { type: object, properties: { data: {} } } } } } }
`;

/** Names of people's choosing where words of the specification stand elsewhere. */
export const oddNames = `
openapi: 3.0.3
info: { title: Odd, version: '1' }
servers: [{ url: '{schema}://odd.example', variables: { schema: { default: https } } }]
paths:
  /x:
    post:
      operationId: x
      parameters: [{ name: schema, in: query, schema: { type: string } }, { name: X-Which, in: header, schema: { type: array, items: { type: string } } }]
      requestBody: { content: { application/x-www-form-urlencoded: { encoding: { schema: { contentType: text/plain } }, schema: { type: object, properties: { schema: { type: string } } } } } }
      responses: { '200': { $ref: '#/components/responses/schema' } }
components:
  responses: { schema: { description: ok } }
  parameters: { schema: { name: schema, in: query, schema: { type: string } } }
`;
