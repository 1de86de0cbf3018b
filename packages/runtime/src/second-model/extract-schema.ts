import { z } from 'zod';
import { argumentsSchema, showText } from '@sallyport/core';
import type { Json, JsonObject } from '@sallyport/core';

/** Free text of a stranger's stays this short: too short for a speech, long enough for a name. */
const maxFreeChars = 200;
const formats = ['date', 'date-time', 'time', 'email', 'ipv4', 'uuid'] as const;
const description = z.string().max(200).optional();

const stringSchema = z
  .strictObject({
    type: z.literal('string'),
    description,
    enum: z.array(z.string().min(1).max(maxFreeChars)).min(1).max(100).optional(),
    format: z.enum(formats).optional(),
    maxLength: z.int().min(1).max(maxFreeChars).optional(),
  })
  .refine(
    (schema) => schema.enum !== undefined || schema.format !== undefined || schema.maxLength !== undefined,
    `a string needs enum, format or maxLength (at most ${maxFreeChars}): untrusted text is not passed on unbounded`,
  );
const numberSchema = z.strictObject({
  type: z.enum(['number', 'integer']),
  description,
  minimum: z.number().optional(),
  maximum: z.number().optional(),
});
const booleanSchema = z.strictObject({ type: z.literal('boolean'), description });
const fieldSchema = z.discriminatedUnion('type', [stringSchema, numberSchema, booleanSchema]);
const objectSchema = z.strictObject({
  type: z.literal('object'),
  description,
  properties: z
    .record(
      z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'a property is named in letters, digits and _'),
      fieldSchema,
    )
    .refine((all) => Object.keys(all).length >= 1 && Object.keys(all).length <= 32, '1 to 32 properties'),
  required: z.array(z.string()).max(32).optional(),
  additionalProperties: z.literal(false).optional(),
});

/** What `/v1/extract` may be asked for: one typed value, or a flat object of such. A subset of JSON Schema 2020-12. */
export const extractSchema = z.discriminatedUnion('type', [stringSchema, numberSchema, booleanSchema, objectSchema]);
export type ExtractSchema = z.output<typeof extractSchema>;
type FieldSchema = z.output<typeof fieldSchema>;

/** Every string bounded, every object closed. */
export function jsonSchemaOf(schema: ExtractSchema): JsonObject {
  if (schema.type !== 'object') return fieldOf(schema);
  const properties = Object.fromEntries(
    Object.entries(schema.properties).map(([name, field]) => [name, fieldOf(field)]),
  );
  return { type: 'object', properties, required: schema.required ?? [], additionalProperties: false };
}

function fieldOf(field: FieldSchema): JsonObject {
  const given = Object.entries(field).filter(([key, value]) => key !== 'description' && value !== undefined);
  const bound = field.type === 'string' ? { maxLength: field.maxLength ?? maxFreeChars } : {};
  return { ...Object.fromEntries<Json>(given as [string, Json][]), ...bound };
}

/** What is wrong with a value, or nothing. */
export function problemOf(value: Json, schema: ExtractSchema): string | undefined {
  // Before any format is tried: a format's pattern must not meet a long text.
  const long = textsOf(value).find(([, text]) => text.length > maxFreeChars);
  if (long) return `${long[0]} is longer than ${maxFreeChars} characters`;
  const whole = { type: 'object', properties: { value: jsonSchemaOf(schema) }, required: ['value'] } as const;
  const problem = argumentsSchema(whole).problem({ value }, 3);
  if (problem) return `${problem.path.replace(/^arguments\.?/, '')} ${problem.detail}`;
  const hidden = freeTextsIn(value, schema).find(([, text]) => showText(text, Infinity) !== text);
  return hidden && `${hidden[0]} holds characters that do not show`;
}

/** Places whose text a stranger chose freely. */
export const freeTexts = (value: Json, schema: ExtractSchema): string[] =>
  freeTextsIn(value, schema).map(([path]) => path);

function freeTextsIn(value: Json, schema: ExtractSchema): [string, string][] {
  return textsOf(value).filter(([path]) => {
    const field = schema.type === 'object' ? schema.properties[path.slice('value.'.length)] : schema;
    return field?.type === 'string' && field.enum === undefined && field.format === undefined;
  });
}

function textsOf(value: Json): [string, string][] {
  if (typeof value === 'string') return [['value', value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries<Json>(value as JsonObject).flatMap(([key, item]): [string, string][] =>
    typeof item === 'string' ? [[`value.${key}`, item]] : [],
  );
}
