import type { Config } from '../config/config.ts';
import type { Guard } from '../guard.ts';
import type { Manifest } from '../flow/manifest.ts';
import type { Message, ModelRequest } from '../events.ts';
import { Remembered } from '../remembered.ts';
import { allow, deny } from '../decision.ts';
import { defineGuard } from '../guard.ts';
import { findSensitive } from '../sensitive/engine.ts';
import { lackOf, needsOf } from '../agreements/agreements.ts';
import { ownFinder } from '../sensitive/own.ts';
import { partsOf } from '../config/content/redact.ts';
import { resultLabels, type SessionLabels } from '../agreements/labels.ts';
import { resultsOf } from '../records/results.ts';
import { sensitiveTypes } from '../sensitive/types.ts';
import { showText } from '../normalize/show.ts';

export interface AgreementsServices {
  readonly manifestOf?: (tool: string) => Manifest;
  /** Takes up what a session sent; of a second model, which quotes the session, what it is held to. */
  readonly labels?: { readonly memory: SessionLabels; readonly quotes: boolean };
}

/**
 * What data a provider may have, by what was signed with it. It judges what would really go out: after redaction and
 * minimising, so what was taken out needs no agreement.
 */
export function agreementsGuard(
  { guards, providers }: Pick<Config, 'guards' | 'providers'>,
  { manifestOf, labels: shared }: AgreementsServices,
): Guard {
  const { require } = guards.agreements;
  const typesIn = typeFinder(guards, require);
  return defineGuard({
    name: 'agreements',
    summary: 'Denies requests with data that the provider may not have by what was signed with it',
    stage: 'judge',
    on: ['model_request'],
    check(event, { session, now }) {
      const labels = labelsOf(event, manifestOf, typesIn);
      if (shared?.quotes) for (const label of shared.memory.of(session.id)) labels.set(label, labels.get(label) ?? '');
      else shared?.memory.add(session.id, labels.keys());
      const { provider } = event.model;
      const reasons = [...labels].flatMap(([label, path]) => {
        const needs = needsOf(label, require);
        const lack = lackOf(label, needs, provider, providers[provider]?.agreements, now);
        if (!lack) return [];
        const detail = `${showText(label, 80)}: ${lack.why}`;
        const place = path === '' ? {} : { path };
        return [{ code: 'provider_not_allowed', rule: 'guards.agreements', ...place, detail, fix: lack.fix } as const];
      });
      return reasons.length === 0 ? allow : deny(...reasons);
    },
  });
}

type TypesIn = (message: Message) => ReadonlySet<string>;

/** Finds the labels of the types that a message still holds, of those for which anything is required. */
function typeFinder({ redact }: Config['guards'], require: Config['guards']['agreements']['require']): TypesIn {
  const labels = new Map<string, string>(redact.own.map(({ name, label }) => [name, label]));
  for (const [type, { label }] of Object.entries(sensitiveTypes)) labels.set(type, label);
  const types = new Set([...labels].flatMap(([type, label]) => (needsOf(label, require).length > 0 ? [type] : [])));
  const own = redact.own.map((each) => ({ name: each.name, ...partsOf(each) }));
  const options = { types, ...(own.length > 0 ? { own: ownFinder(own) } : {}) };
  const known = new Remembered<ReadonlySet<string>>(32_000_000);
  const typesOf = (text: string): ReadonlySet<string> =>
    known.of(text, () => new Set(findSensitive(text, options).map(({ type }) => labels.get(type) ?? 'pii')));
  const ofMessages = new WeakMap<Message, ReadonlySet<string>>();
  return (message) => {
    let found = ofMessages.get(message);
    if (!found) {
      found = new Set(textsOf(message).flatMap((text) => [...typesOf(text)]));
      ofMessages.set(message, found);
    }
    return found;
  };
}

/** Each label, with the first place that carries it. */
function labelsOf(
  { messages }: ModelRequest,
  manifestOf: AgreementsServices['manifestOf'],
  typesIn: TypesIn,
): Map<string, string> {
  const labels = new Map<string, string>();
  const add = (each: Iterable<string>, place: number) => {
    for (const label of each) if (!labels.has(label)) labels.set(label, `messages[${place}]`);
  };
  for (const [place, message] of messages.entries()) add(typesIn(message), place);
  if (manifestOf) {
    for (const { place, tool, message } of resultsOf(messages))
      add(resultLabels(message.text, manifestOf(tool)), place);
  }
  return labels;
}

const textsOf = ({ text, calls = [] }: Message): string[] =>
  [text, ...calls.map((call) => call.arguments)].filter((each) => each !== '');
