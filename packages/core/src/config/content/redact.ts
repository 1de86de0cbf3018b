import { z } from 'zod';
import type { RuntimeFault } from '../../errors.ts';
import { sensitiveTypes } from '../../sensitive/types.ts';
import { ownFinder } from '../../sensitive/own.ts';
import { literalType, typeName } from '../../redact/tokens.ts';
import { parseGlob } from '../../policy/glob.ts';

export const redactActions = ['allow', 'mask', 'hash', 'replace', 'tokenise', 'block'] as const;
export type RedactAction = (typeof redactActions)[number];
export const redactDirections = ['request', 'result', 'call', 'answer', 'log'] as const;
export type RedactDirection = (typeof redactDirections)[number];
export const redactProfiles = ['balanced', 'strict'] as const;

const labels = ['pii', 'phi', 'secret'] as const;

const glob = z
  .string()
  .min(1)
  .max(200)
  .superRefine((pattern, context) => {
    const read = parseGlob(pattern);
    if ('problem' in read) context.addIssue({ code: 'custom', message: read.problem });
  });
const globs = z.array(glob).min(1).max(200);
const types = z.array(z.string().min(1).max(64)).min(1).max(100);
const action = z.enum(redactActions);

const ruleSchema = z.strictObject({
  types: types.optional().describe('Types or labels (pii, phi, secret); all where absent'),
  tools: globs.optional().describe('Of results, calls and the log: names of tools, or globs such as crm_*'),
  fields: globs.optional().describe('Paths such as customer.ssn, or the last name alone; globs'),
  directions: z
    .array(z.enum(redactDirections))
    .min(1)
    .optional()
    .describe('request, result, call, answer, log; all but answer where absent'),
  action,
});

/** A key that is absent, not one that is undefined. */
export const partsOf = ({ pattern, words }: { pattern?: string | undefined; words?: string[] | undefined }) => ({
  ...(pattern === undefined ? {} : { pattern }),
  ...(words === undefined ? {} : { words }),
});

const ownSchema = z
  .strictObject({
    name: z
      .string()
      .regex(typeName, 'a type is named in capitals, digits and _, such as EMPLOYEE_ID, and ends with a letter'),
    label: z.enum(labels).describe('What a value of this type is: pii, phi or secret'),
    pattern: z.string().min(1).max(1_000).optional().describe('Regular expression (RE2: no look-around, no \\1)'),
    words: z.array(z.string().min(2).max(200)).min(1).max(10_000).optional().describe('Exact words or phrases'),
  })
  .superRefine((own, context) => {
    if (Object.hasOwn(sensitiveTypes, own.name) || own.name === literalType) {
      context.addIssue({ code: 'custom', path: ['name'], message: `${own.name} is a built-in type; choose another` });
    }
    if (own.pattern === undefined && own.words === undefined) {
      context.addIssue({ code: 'custom', path: ['pattern'], message: 'give a pattern, words, or both' });
    }
    if (context.issues.length > 0) return;
    try {
      ownFinder([{ name: own.name, ...partsOf(own) }]);
    } catch (error) {
      const { path = '', message } = error as RuntimeFault;
      context.addIssue({ code: 'custom', path: path.split('.').slice(2), message: message.slice(path.length + 2) });
    }
  });

const restoreSchema = z.strictObject({
  tools: globs.describe('Tools that get values back'),
  arguments: globs
    .optional()
    .describe('Which arguments, as paths such as to or customer.email, with all they hold; all where absent'),
  types: types.describe('Types or labels. Secrets only where tools and arguments are named, without a star'),
});

/** `guards.redact`. */
export const redactSchema = z
  .strictObject({
    mode: z.enum(['off', 'enforce', 'observe']).default('enforce').describe('observe: record what would be replaced'),
    timeoutMs: z.int().min(1).max(60_000).default(5_000),
    profile: z
      .enum(redactProfiles)
      .default('balanced')
      .describe('balanced: tokens for secrets, numbers of cards, accounts and ids; strict: for every type'),
    types: z.record(z.string(), action).default({}).describe('Actions by type, instead of the profile’s'),
    rules: z.array(ruleSchema).max(500).default([]).describe('The first that matches wins; then types, then profile'),
    own: z.array(ownSchema).max(200).default([]).describe('Types of your own'),
    allow: z
      .array(glob)
      .max(1_000)
      .default([])
      .describe('Values that are never touched, or globs such as *@shop.example; case does not matter'),
    restore: z
      .array(restoreSchema)
      .max(200)
      .default([{ tools: ['*'], types: ['pii', 'phi'] }])
      .describe('Which arguments get the values behind tokens'),
    answers: z
      .enum(['restore', 'keep'])
      .default('restore')
      .describe('restore: users read the values (never secrets); keep: they read tokens'),
  })
  .superRefine((redact, context) => {
    const issue = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    const own = redact.own.map(({ name }) => name);
    const ofType = new Map<string, string>(redact.own.map(({ name, label }) => [name, label]));
    for (const [name, { label }] of Object.entries(sensitiveTypes)) ofType.set(name, label);
    for (const [index, name] of own.entries()) {
      if (own.indexOf(name) < index) issue(['own', index, 'name'], `${name} is defined twice`);
    }
    const check = (name: string, path: (string | number)[], withLabels: boolean) => {
      if (ofType.has(name) || (withLabels && (labels as readonly string[]).includes(name))) return;
      issue(path, `there is no type ${name}; types are ${[...ofType.keys()].join(', ')}`);
    };
    for (const name of Object.keys(redact.types)) check(name, ['types', name], false);
    for (const [at, rule] of redact.rules.entries()) {
      for (const [n, name] of (rule.types ?? []).entries()) check(name, ['rules', at, 'types', n], true);
    }
    for (const [at, { types: named, tools, arguments: places }] of redact.restore.entries()) {
      for (const [n, name] of named.entries()) {
        check(name, ['restore', at, 'types', n], true);
        if (name !== 'secret' && ofType.get(name) !== 'secret') continue;
        // A secret that goes to whatever tool a model names is no secret.
        if (places && ![...tools, ...places].some((pattern) => pattern.includes('*'))) continue;
        issue(['restore', at], `${name} is a secret: name the tools and the arguments that get it, without a star`);
      }
    }
  })
  .prefault({});
export type RedactConfig = z.output<typeof redactSchema>;
