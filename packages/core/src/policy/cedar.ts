import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { DetailedError, EntityJson, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { PolicyProblem, PolicySource } from './problems.ts';
import { cedarSchema } from './schema.ts';
import { cedarTokens, tooDeep, tooMuchText } from './limits.ts';
import { placesIn } from './problems.ts';

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
export function readCedar(source: PolicySource): {
  parts: readonly PolicyPart[];
  problems: readonly PolicyProblem[];
} {
  const at = placesIn(source.text);
  const report: Report = (index, message) => ({ file: source.name, ...at(index), message });
  const nothing = (...problems: PolicyProblem[]) => ({ parts: [], problems });
  const tooMuch = tooMuchText(source.text);
  if (tooMuch !== undefined) return nothing(report(tooMuch.index, tooMuch.message));
  const whole = cedar.policySetTextToParts(source.text);
  if (whole.type === 'failure') return nothing(...problemsOf(whole.errors, source.text, 0, report));
  if (whole.policy_templates.length > 0) return nothing(report(0, templates));
  const pieces = splitPolicies(source.text);
  if (pieces.length !== whole.policies.length) return nothing(report(0, unsplit));
  const problems: PolicyProblem[] = [];
  const parts: PolicyPart[] = [];
  for (const { text, offset } of pieces) {
    const read = cedar.policyToJson(text);
    if (read.type === 'failure') problems.push(...problemsOf(read.errors, text, offset, report));
    else if (tooDeep(read.json)) problems.push(report(offset, tooLong));
    else parts.push({ source, text, offset, line: at(offset).line, json: read.json });
  }
  problems.push(...validate(parts, report));
  return { parts, problems };
}

type Report = (index: number, message: string) => PolicyProblem;

const templates = 'templates (?principal, ?resource) are not supported';
const unsplit = 'the policies could not be told apart';

const tooLong = 'has too long a chain of conditions: write several policies, or use a set';

function validate(parts: readonly PolicyPart[], report: Report): PolicyProblem[] {
  const texts = Object.fromEntries(parts.map(({ text }, index) => [`p${index}`, text]));
  const answer = cedar.validate({
    validationSettings: { mode: 'strict' },
    schema: cedarSchema,
    policies: { staticPolicies: texts },
  });
  if (answer.type === 'failure') return problemsOf(answer.errors, '', 0, report);
  // A policy that can never apply is nearly always a mistyped action, resource or attribute: as bad as a missing one.
  const found = [...answer.validationErrors, ...answer.validationWarnings].flatMap(({ policyId, error }) => {
    const { text, offset } = parts[Number(policyId.slice(1))] ?? { text: '', offset: 0 };
    return problemsOf([error], text, offset, report);
  });
  // Cedar reports in no fixed order.
  return found.toSorted((a, b) => a.line - b.line || a.column - b.column || a.message.localeCompare(b.message));
}

/** Cedar counts bytes of UTF-8; people and editors do not. */
function problemsOf(errors: readonly DetailedError[], text: string, offset: number, report: Report): PolicyProblem[] {
  return errors.map((error) => {
    const [label] = error.sourceLocations ?? [];
    const bytes = new TextEncoder().encode(text).subarray(0, label?.start ?? 0);
    const index = new TextDecoder().decode(bytes).length;
    const hints = [label?.label, error.help].filter((hint) => typeof hint === 'string' && hint !== '');
    const message = error.message.replace(/^for policy `p\d+`, /, '').replace(/^failed to parse [^:]*: /, '');
    return report(offset + index, [message, ...hints].join('; '));
  });
}

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
