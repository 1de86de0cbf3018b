import type { FenceConfig } from '../config/content/fence.ts';
import type { Guard, GuardContext, TextStream } from '../guard.ts';
import type { Json, JsonObject } from '../events.ts';
import type { Manifest } from '../flow/manifest.ts';
import type { OwnerIndex } from '../ports.ts';
import type { Reason, Verdict } from '../decision.ts';
import type { Session } from '../session.ts';
import { AnswerStopped, defineGuard } from '../guard.ts';
import { Conversations } from '../fence/conversation.ts';
import { Remembered } from '../remembered.ts';
import { Segments } from '../fence/segments.ts';
import { allow, deny } from '../decision.ts';
import { resultsOf } from '../records/results.ts';
import { countsOf, findOthers, othersIn, withhold, type Found, type TellOthers } from '../fence/others.ts';
import { ownedIn } from '../fence/learn.ts';
import { ownerIdsOf, sharedKeys } from '../fence/owners.ts';

export interface FenceServices {
  readonly index: OwnerIndex;
  readonly manifestOf: (tool: string) => Manifest;
}

/**
 * The tenant fence: what records showed to be one customer's does not go out to another. Two guards of one memory: the
 * first takes up owners from results as they came, the second looks at what goes out.
 */
export function fenceGuards(config: FenceConfig, services: FenceServices): { learns: Guard; withholds: Guard } {
  const conversations = new Conversations();
  return {
    learns: learningGuard(config, services, conversations),
    withholds: withholdingGuard(config, services.index, conversations),
  };
}

/** Rewrites nothing; it comes first among those that do, and so sees results as they came. */
function learningGuard(config: FenceConfig, { index, manifestOf }: FenceServices, conversations: Conversations): Guard {
  const types = new Set(config.types);
  const isShared = sharedKeys(config.shared);
  const known = new Remembered<Map<string, Promise<unknown> | undefined>>(32_000_000);
  const learn = (tool: string, text: string, { session, now }: GuardContext): Promise<unknown> | undefined => {
    const manifest = manifestOf(tool);
    const { owner } = manifest.results;
    if (owner === undefined || text === '') return undefined;
    const { tenant, user } = session;
    // By the day, so that what is seen again is kept for longer.
    const about = [tenant, tool, owner === 'user' ? user.id : '', Math.floor(now / 86_400_000)].join('\0');
    const learned = known.of(text, () => new Map());
    // The same result comes as an event of its own and in a request at once: both wait.
    if (learned.has(about)) return learned.get(about);
    const waits = ownedIn(text, manifest, user.id, types).flatMap(({ owner: each, identifiers }) => {
      const kept = identifiers.filter(({ key }) => !isShared(key));
      return index.learn(tenant, each, kept) ?? [];
    });
    const durable = waits.length === 0 ? undefined : Promise.all(waits);
    learned.set(about, durable);
    durable?.then(
      () => learned.set(about, undefined),
      () => learned.delete(about),
    );
    return durable;
  };
  return defineGuard({
    name: 'fence-learn',
    summary: 'Takes up to whom the identifiers in results belong',
    stage: 'rewrite',
    on: ['tool_result', 'model_request'],
    check(event, context) {
      const waits: Promise<unknown>[] = [];
      const take = (tool: string, text: string) => {
        const wait = learn(tool, text, context);
        if (wait) waits.push(wait);
      };
      if (event.kind === 'tool_result') take(event.tool, event.text);
      else {
        conversations.take(context.session.id, event.messages);
        for (const { tool, message } of resultsOf(event.messages)) take(tool, message.text);
      }
      return waits.length === 0 ? allow : Promise.all(waits).then(() => allow);
    },
  });
}

function withholdingGuard(config: FenceConfig, index: OwnerIndex, conversations: Conversations): Guard {
  const tellerOf = tellers(config, index, conversations);
  return defineGuard({
    name: 'fence',
    summary: "Keeps one customer's identifiers out of answers and calls for another",
    stage: 'rewrite',
    on: ['model_response', 'tool_call'],
    check(event, { session }): Verdict {
      const tell = tellerOf(session);
      if (!tell) return allow;
      if (event.kind === 'model_response') {
        const found = findOthers(event.text, tell);
        if (found.length === 0) return allow;
        const reason = reasonOf(found, 'text');
        if (config.answers === 'block') return deny(reason);
        return { outcome: 'transform', event: { ...event, text: withhold(event.text, found) }, reasons: [reason] };
      }
      const reasons: Reason[] = [];
      const args = fenced(event.arguments, 'arguments', tell, reasons) as JsonObject;
      if (reasons.length === 0) return allow;
      if (config.calls === 'block') return deny(...reasons);
      return { outcome: 'transform', event: { ...event, arguments: args }, reasons };
    },
    stream: ({ session }) => fencedStream(tellerOf(session), config.answers),
  });
}

/** What tells others' identifiers for a session; undefined where nothing is withheld from it. */
function tellers(config: FenceConfig, index: OwnerIndex, conversations: Conversations) {
  const isShared = sharedKeys(config.shared);
  const isExempt = ({ user, agent }: Session) =>
    [...user.roles, ...agent.roles].some((role) => config.exemptRoles.includes(role));
  return (session: Session): TellOthers | undefined => {
    if (index.isEmpty(session.tenant) || isExempt(session)) return undefined;
    const owners = ownerIdsOf(session, config.ownerIds);
    return (keys) => {
      const types = index.others(session.tenant, owners, keys);
      const doubtful = new Set(keys.filter((key, at) => types[at] !== undefined && !isShared(key)));
      if (doubtful.size === 0) return [];
      const said = conversations.saidFirst(session.id, doubtful);
      return types.map((type, at) => {
        const key = keys[at] ?? '';
        return doubtful.has(key) && !said.has(key) ? type : undefined;
      });
    };
  };
}

function fencedStream(tell: TellOthers | undefined, action: FenceConfig['answers']): TextStream {
  if (!tell) return { push: (text) => text, end: () => '' };
  const segments = new Segments();
  const pass = (segment: string): string => {
    const found = othersIn(segment, tell);
    if (found.length === 0) return segment;
    if (action === 'block') throw new AnswerStopped([reasonOf(found, 'text')]);
    return withhold(segment, found);
  };
  return { push: (text) => segments.push(text).map(pass).join(''), end: () => pass(segments.end()) };
}

const reasonOf = (found: readonly Found[], path: string): Reason => ({
  code: 'other_owner',
  rule: 'guards.fence',
  path,
  detail: countsOf(found),
});

/** The value with what is others' withheld. Names of members are values as well. */
function fenced(value: Json, path: string, tell: TellOthers, reasons: Reason[]): Json {
  if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value);
    const found = findOthers(text, tell);
    if (found.length === 0) return value;
    reasons.push(reasonOf(found, path));
    return withhold(text, found);
  }
  if (Array.isArray(value)) return value.map((item: Json, at) => fenced(item, `${path}[${at}]`, tell, reasons));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries<Json>(value).map(([name, item]) => {
      const held = findOthers(name, tell);
      if (held.length > 0) reasons.push(reasonOf(held, path));
      return [withhold(name, held), fenced(item, held.length > 0 ? path : `${path}.${name}`, tell, reasons)];
    }),
  );
}
