import type { Finder } from '../sensitive/types.ts';
import type { Glob } from '../policy/glob.ts';
import {
  partsOf,
  redactDirections,
  type RedactAction,
  type RedactConfig,
  type RedactDirection,
} from '../config/content/redact.ts';
import { TokenGrammar, literalType } from './tokens.ts';
import { matchesGlob, parseGlob } from '../policy/glob.ts';
import { ownFinder } from '../sensitive/own.ts';
import { sensitiveTypes } from '../sensitive/types.ts';

/** Where a text stands. */
export interface Where {
  readonly direction: RedactDirection;
  /** Of results, calls and the log. */
  readonly tool?: string;
  /** Keys that lead to the value inside the text, outermost first. */
  readonly field?: readonly string[];
}

type Label = 'pii' | 'phi' | 'secret';

interface Rule {
  readonly types: ReadonlySet<string>;
  readonly tools: readonly Glob[] | undefined;
  readonly fields: readonly Glob[] | undefined;
  readonly directions: ReadonlySet<RedactDirection>;
  readonly action: RedactAction;
}

interface Restore {
  readonly tools: readonly Glob[];
  readonly places: readonly Glob[] | undefined;
  readonly types: ReadonlySet<string>;
}

/** Left as they are in `balanced`: agents that answer people need them all the time. */
const everyday: ReadonlySet<string> = new Set(['EMAIL', 'PHONE', 'PERSON', 'ADDRESS', 'DATE_OF_BIRTH', 'IP', 'MAC']);
const allButAnswer = redactDirections.filter((direction) => direction !== 'answer');

/** `guards.redact` as it is asked. */
export class RedactPolicy {
  /** Finds the operator's own types. */
  readonly own: Finder | undefined;
  readonly grammar: TokenGrammar;
  /** Whether a call that is about to be made may have to be changed or refused, beside getting its values back. */
  readonly judgesCalls: boolean;
  readonly #config: RedactConfig;
  readonly #labels = new Map<string, Label>();
  readonly #rules: readonly Rule[];
  readonly #restore: readonly Restore[];
  readonly #allow: readonly Glob[];
  readonly #wanted = new Map<RedactDirection, ReadonlySet<string>>();

  constructor(config: RedactConfig) {
    this.#config = config;
    for (const [type, { label }] of Object.entries(sensitiveTypes)) this.#labels.set(type, label);
    for (const { name, label } of config.own) this.#labels.set(name, label);
    this.own =
      config.own.length > 0 ? ownFinder(config.own.map((own) => ({ name: own.name, ...partsOf(own) }))) : undefined;
    this.grammar = new TokenGrammar(this.#labels.keys());
    this.#rules = config.rules.map(({ types, tools, fields, directions = allButAnswer, action }) => ({
      types: types ? this.#typesOf(types) : new Set(this.#labels.keys()),
      tools: tools?.map(globOf),
      fields: fields?.map(globOf),
      directions: new Set(directions),
      action,
    }));
    this.#restore = config.restore.map(({ tools, arguments: places, types }) => ({
      tools: tools.map(globOf),
      places: places?.map(globOf),
      types: this.#typesOf(types),
    }));
    this.#allow = config.allow.map((pattern) => globOf(pattern.toLowerCase()));
    for (const direction of redactDirections) this.#wanted.set(direction, this.#known(this.#wantedIn(direction)));
    this.judgesCalls =
      Object.values(config.types).some(isMore) ||
      this.#rules.some(({ directions, action }) => directions.has('call') && isMore(action));
  }

  /** What to do with a value of the type where it stands. */
  actionOf(type: string, where: Where): RedactAction {
    const rule = this.#rules.find((each) => applies(each, type, where));
    return asked(rule?.action ?? this.#usual(type, where.direction), where.direction);
  }

  /** Types that may have to be acted upon: no others need be looked for. The same set where they are the same types. */
  wanted(direction: RedactDirection): ReadonlySet<string> {
    return this.#wanted.get(direction) ?? new Set();
  }

  /** Whether the model's own words are looked at. */
  get judgesAnswers(): boolean {
    return this.wanted('answer').size > 0;
  }

  isAllowed(value: string): boolean {
    if (this.#allow.length === 0) return false;
    const text = value.toLowerCase();
    return this.#allow.some((glob) => matchesGlob(glob, text));
  }

  /** Whether an argument of a tool gets the value behind a token: by its path or what it lies in. What only looked like a token is nobody's secret. */
  mayRestore(type: string, tool: string, place: readonly string[]): boolean {
    if (type === literalType) return true;
    return this.#restore.some(
      ({ tools, places, types }) =>
        types.has(type) && matches(tools, tool) && (places === undefined || isWithin(places, place)),
    );
  }

  /** Whether the user reads the value behind a token: never a secret's. */
  answersRestore(type: string): boolean {
    if (type === literalType) return true;
    return this.#config.answers === 'restore' && this.#labels.get(type) !== 'secret';
  }

  labelOf(type: string): Label | undefined {
    return this.#labels.get(type);
  }

  #usual(type: string, direction: RedactDirection): RedactAction {
    if (direction === 'answer') return 'allow';
    const configured = this.#config.types[type];
    if (configured !== undefined) return configured;
    return this.#config.profile === 'balanced' && everyday.has(type) ? 'allow' : 'tokenise';
  }

  #wantedIn(direction: RedactDirection): ReadonlySet<string> {
    const types = [...this.#labels.keys()];
    return new Set(
      types.filter(
        (type) =>
          this.#usual(type, direction) !== 'allow' ||
          this.#rules.some((rule) => rule.types.has(type) && rule.directions.has(direction) && rule.action !== 'allow'),
      ),
    );
  }

  #known(types: ReadonlySet<string>): ReadonlySet<string> {
    for (const known of this.#wanted.values()) {
      if (known.size === types.size && [...known].every((type) => types.has(type))) return known;
    }
    return types;
  }

  #typesOf(names: readonly string[]): ReadonlySet<string> {
    const types = [...this.#labels];
    return new Set(
      names.flatMap((name) => types.flatMap(([type, label]) => (name === type || name === label ? [type] : []))),
    );
  }
}

const isMore = (action: RedactAction): boolean => action !== 'allow' && action !== 'tokenise';

/** Nothing in the log can be restored, and nothing of it can be refused. */
const asked = (action: RedactAction, direction: RedactDirection): RedactAction =>
  direction === 'log' && (action === 'tokenise' || action === 'block') ? 'mask' : action;

function applies({ types, tools, fields, directions }: Rule, type: string, { direction, tool, field }: Where): boolean {
  if (!types.has(type) || !directions.has(direction)) return false;
  if (tools && (tool === undefined || !matches(tools, tool))) return false;
  return !fields || (field !== undefined && field.length > 0 && matchesPath(fields, field));
}

const globOf = (pattern: string): Glob => {
  const glob = parseGlob(pattern);
  // The schema has refused such a pattern.
  if ('problem' in glob) throw new TypeError(glob.problem);
  return glob;
};
const matches = (globs: readonly Glob[], text: string): boolean => globs.some((glob) => matchesGlob(glob, text));
/** Whether the path, or what it lies in, is named: whoever may have `customer` may have `customer.email`. */
const isWithin = (globs: readonly Glob[], path: readonly string[]): boolean =>
  path.some((_, at) => matches(globs, path.slice(0, at + 1).join('.')));
/** By the whole path or by its last name. */
const matchesPath = (globs: readonly Glob[], path: readonly string[]): boolean =>
  matches(globs, path.join('.')) || matches(globs, path.at(-1) ?? '');
