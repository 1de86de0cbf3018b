import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { DetailedError, EntityJson, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { PolicyProblem, PolicySource } from './problems.ts';
import { cedarSchema } from './schema.ts';
import { cedarTokens, tooDeep, tooMuchText } from './limits.ts';
import { placeAt } from './problems.ts';

export type { PolicyJson, Expr, CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs';

/** One policy of a source, with where it starts. */
export interface PolicyPart {
  readonly source: PolicySource;
  /** Its own text, from its first annotation or `permit` to its semicolon. */
  readonly text: string;
  readonly offset: number;
  readonly line: number;
  readonly json: PolicyJson;
}

/**
 * Parses a source and validates it, strictly, against the schema. Cedar's own parser decides what is a policy.
 */
export function readCedar(source: PolicySource): { parts: readonly PolicyPart[]; problems: readonly PolicyProblem[] } {
  const tooMuch = tooMuchText(source.text);
  if (tooMuch !== undefined) return { parts: [], problems: [problem(source, tooMuch.index, tooMuch.message)] };
  const whole = cedar.policySetTextToParts(source.text);
  if (whole.type === 'failure') return { parts: [], problems: problemsOf(source, whole.errors, source.text, 0) };
  if (whole.policy_templates.length > 0) return { parts: [], problems: [problem(source, 0, templates)] };
  const pieces = splitPolicies(source.text);
  if (pieces.length !== whole.policies.length) return { parts: [], problems: [problem(source, 0, unsplit)] };
  const problems: PolicyProblem[] = [];
  const parts = pieces.flatMap(({ text, offset }): PolicyPart[] => {
    const read = cedar.policyToJson(text);
    if (read.type === 'success' && tooDeep(read.json)) {
      problems.push(
        problem(source, offset, 'has too long a chain of conditions: write several policies, or use a set'),
      );
      return [];
    }
    if (read.type === 'success')
      return [{ source, text, offset, line: placeAt(source.text, offset).line, json: read.json }];
    problems.push(...problemsOf(source, read.errors, text, offset));
    return [];
  });
  problems.push(...validate(source, parts));
  return { parts, problems };
}

const templates = 'templates (?principal, ?resource) are not supported';
const unsplit = 'the policies could not be told apart';

function validate(source: PolicySource, parts: readonly PolicyPart[]): PolicyProblem[] {
  const texts = Object.fromEntries(parts.map(({ text }, index) => [`p${index}`, text]));
  const answer = cedar.validate({
    validationSettings: { mode: 'strict' },
    schema: cedarSchema,
    policies: { staticPolicies: texts },
  });
  if (answer.type === 'failure') return problemsOf(source, answer.errors, source.text, 0);
  // A policy that can never apply is nearly always a mistyped action, resource or attribute: as bad as a missing one.
  const found = [...answer.validationErrors, ...answer.validationWarnings].flatMap(({ policyId, error }) => {
    const part = parts[Number(policyId.slice(1))];
    return part === undefined
      ? [problem(source, 0, error.message)]
      : problemsOf(source, [error], part.text, part.offset);
  });
  // Cedar reports in no fixed order.
  return found.toSorted((a, b) => a.line - b.line || a.column - b.column || a.message.localeCompare(b.message));
}

/** Cedar counts bytes of UTF-8; people and editors do not. */
function problemsOf(
  source: PolicySource,
  errors: readonly DetailedError[],
  text: string,
  offset: number,
): PolicyProblem[] {
  return errors.map((error) => {
    const [label] = error.sourceLocations ?? [];
    const bytes = new TextEncoder().encode(text).subarray(0, label?.start ?? 0);
    const index = new TextDecoder().decode(bytes).length;
    const hints = [label?.label, error.help].filter((hint) => typeof hint === 'string' && hint !== '');
    const message = error.message.replace(/^for policy `p\d+`, /, '').replace(/^failed to parse [^:]*: /, '');
    return problem(source, offset + index, [message, ...hints].join('; '));
  });
}

const problem = (source: PolicySource, index: number, message: string): PolicyProblem => ({
  file: source.name,
  ...placeAt(source.text, index),
  message,
});

/** Cuts a source that Cedar accepted at the semicolons that end its policies. */
function splitPolicies(text: string): { text: string; offset: number }[] {
  const pieces: { text: string; offset: number }[] = [];
  let start = -1;
  for (const { token, index } of cedarTokens(text)) {
    if (start === -1) start = index;
    if (token !== ';') continue;
    pieces.push({ text: text.slice(start, index + 1), offset: start });
    start = -1;
  }
  return pieces;
}

/** A set of policies held by Cedar's own engine, under a name. */
export class CedarEngine {
  readonly #name: string;

  /** @param name unique to these texts: Cedar keeps sets by name for the life of the process */
  constructor(name: string, policies: Readonly<Record<string, string>>) {
    const answer = cedar.preparsePolicySet(name, { staticPolicies: { ...policies } });
    if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
    this.#name = name;
  }

  /** @throws when Cedar cannot read the request */
  isAuthorized(call: CedarCall) {
    const answer = cedar.statefulIsAuthorized({ ...call, preparsedPolicySetId: this.#name, validateRequest: false });
    if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
    return answer.response;
  }
}

/** Asks Cedar about one policy alone. Slow: it is parsed for this one answer. */
export function askAlone(key: string, text: string, call: CedarCall) {
  const answer = cedar.isAuthorized({ ...call, policies: { staticPolicies: { [key]: text } }, validateRequest: false });
  if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
  return answer.response.diagnostics;
}

export interface CedarCall {
  readonly principal: { type: string; id: string };
  readonly action: { type: string; id: string };
  readonly resource: { type: string; id: string };
  readonly context: Record<string, cedar.CedarValueJson>;
  readonly entities: EntityJson[];
}
