import type { JsonObject } from '../events.ts';
import type { Effect, ManifestInput } from '../flow/manifest.ts';
import type { ArgumentsFound } from './arguments.ts';
import type { ResultsSeen } from './results.ts';
import { findArguments, goesAlong, isCodeOfOneUse, namesPeople, takesCode } from './arguments.ts';
import { proposeEffect } from './effect.ts';
import { proposeEchoes, proposeFormat, proposeLabels } from './results.ts';
import { isOneOf, stricter, wordsOf } from './words.ts';

/** Hints of an MCP server about one of its tools (Model Context Protocol, ToolAnnotations): its own words, no promise. */
export interface ToolAnnotations {
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

export interface ProposalInput {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters?: JsonObject;
  readonly annotations?: ToolAnnotations;
  /** Whether an operator vouches for the server that gave the annotations. */
  readonly vouched?: boolean;
  readonly seen?: {
    /** Names of arguments that calls had. */
    readonly arguments?: readonly string[];
    readonly results?: ResultsSeen;
  };
  /** The other tools that are offered together with this one. */
  readonly siblings?: readonly { readonly name: string; readonly description?: string }[];
}

/** Of a description that is read, in characters: a longer one is no description. */
const longestDescription = 8_000;

export interface Proposal {
  readonly manifest: ManifestInput;
  /** One plain sentence for each choice. */
  readonly why: readonly string[];
}

/**
 * What a tool seems to be, for an operator to confirm: from its name, definition, hints and traffic. All of these may be
 * hostile, so nothing in doubt is proposed laxer than `unknownManifest`, and a result is never proposed as trusted.
 */
export function proposeManifest(input: ProposalInput): Proposal {
  const { name, parameters, annotations = {}, vouched = false, seen } = input;
  const description = (input.description ?? '').slice(0, longestDescription);
  const told = proposeEffect(name, description, annotations, vouched);
  const first = findArguments(name, told.effect, parameters, seen?.arguments ?? []);
  const raised = raisedBy(name, first, told.effect);
  const effect = raised ? stricter(told.effect, raised.effect) : told.effect;
  // What an argument is depends on the effect, which depended on the arguments.
  const found = effect === told.effect ? first : findArguments(name, effect, parameters, seen?.arguments ?? []);
  const local = effect === 'write' && isLocal(name, description, found);
  const egress = egressOf({ ...input, description }, effect, found);
  const results = proposeResults({ ...input, description }, effect);
  const confirms = confirmsOf(input, found);
  const argumentsPart = proposeArguments(found);
  return {
    manifest: {
      effect,
      ...(local && { local: true }),
      ...(egress !== undefined && { egress: true }),
      ...argumentsPart.manifest,
      ...(confirms.tools.length > 0 && { confirms: [...confirms.tools] }),
      ...(results.manifest && { results: results.manifest }),
    },
    why: [
      ...told.why,
      ...(raised && effect !== told.effect ? [raised.why] : []),
      ...(local ? ['It writes files that stay on the machine, so it is local until something leaves.'] : []),
      ...(egress === undefined ? [] : [egress]),
      ...argumentsPart.why,
      ...confirms.why,
      ...results.why,
    ],
  };
}

interface EffectRaise {
  readonly effect: Effect;
  readonly why: string;
}

/** Arguments that make a tool more than it calls itself. */
function raisedBy(tool: string, found: ArgumentsFound, effect: Effect): EffectRaise | undefined {
  const code = takesCode(found);
  if (code !== undefined) return { effect: 'execute', why: `Its argument ${code} is run, so its effect is execute.` };
  const along = goesAlong(found);
  if (along !== undefined) {
    return { effect: 'send', why: `Its argument ${along} goes to an address, so its effect is send.` };
  }
  const told = effect === 'write' && !wordsOf(tool).includes('draft') ? namesPeople(found) : undefined;
  if (told === undefined) return undefined;
  return { effect: 'send', why: `The people in its argument ${told} may be told of it, so its effect is send.` };
}

function proposeArguments({ all, known }: ArgumentsFound): Proposal {
  if (!known && all.length === 0) {
    return { manifest: {}, why: ['Its arguments are not known, so every one counts as a target.'] };
  }
  const target = all.filter(({ role }) => role === 'target');
  const content = all.filter(({ role }) => role === 'content');
  return {
    manifest: {
      target: target.map(({ path }) => path),
      ...(content.length > 0 && { content: content.map(({ path }) => path) }),
    },
    why: [
      ...target.map(({ path, because }) => `${path} is a target: ${because}.`),
      ...content.map(({ path, because }) => `${path} is content: ${because}.`),
    ],
  };
}

const localEvidence =
  /\blocal(?:ly)?\b|\bworkspace\b|\bsandbox(?:ed)?\b|\bworking (?:directory|folder)\b|\bscratch\b|\b(?:own|session's) disk\b/i;
const remoteEvidence =
  /\b(?:cloud|drive|remote|server|bucket|s3|blob|sharepoint|dropbox|shared?|repositor(?:y|ies)|github|gitlab|upload\w*|publish\w*|network|nfs|smb|everyone|public\w*|team)\b/i;
const fileWords = new Set('file dir directory folder node path attachment download workspace document'.split(' '));

/** Only where the description says so, and nothing is fetched: `create_file` may as well write into a drive that others read. */
function isLocal(name: string, description: string, { all }: ArgumentsFound): boolean {
  if (all.some(({ isAddress }) => isAddress)) return false;
  const words = [...wordsOf(name), ...all.flatMap(({ path }) => wordsOf(path))];
  const text = `${wordsOf(name).join(' ')}. ${description}`;
  return words.some((word) => isOneOf(word, fileWords)) && localEvidence.test(text) && !remoteEvidence.test(text);
}

const outside = /\b(?:web|internet|online|google|bing|duckduckgo)\b/i;

function egressOf({ name, description = '', annotations }: ProposalInput, effect: Effect, { all }: ArgumentsFound) {
  const address = all.find(({ isAddress }) => isAddress);
  if (address) return `${address.path} is an address, and what is fetched from it can carry data out.`;
  if (effect !== 'read') return undefined;
  const word = outside.exec(`${wordsOf(name).join(' ')}. ${description}`)?.[0];
  if (word !== undefined) return `It asks "${word}", and a question can carry data out.`;
  return annotations?.openWorldHint === true
    ? 'Its server says that it asks the outside world, and a question can carry data out.'
    : undefined;
}

function proposeResults({ name, description = '', seen }: ProposalInput, effect: Effect) {
  const { format, why: layout } = proposeFormat(name, effect, seen?.results);
  const { labels, fieldLabels, why } = proposeLabels(name, description, effect, format, seen?.results);
  const echoes = proposeEchoes(effect, description, seen?.results);
  const results = {
    ...(format === 'records' && { format }),
    ...(echoes !== undefined && { echoes: true }),
    ...(labels.length > 0 && { labels: [...labels] }),
    ...(Object.keys(fieldLabels).length > 0 && {
      fieldLabels: Object.fromEntries(Object.entries(fieldLabels).map(([field, each]) => [field, [...each]])),
    }),
  };
  return {
    manifest: Object.keys(results).length > 0 ? results : undefined,
    why: [
      'Its results are untrusted until an operator says otherwise.',
      layout,
      ...(echoes === undefined ? [] : [echoes]),
      ...why,
    ],
  };
}

const needsCode =
  /\bone[- ]time (?:code|password|passcode)|\botp\b|\bverification code\b|\b(?:must|needs? to|has to|have to) be (?:verified|confirmed)\b|\b(?:requires?|needs?) (?:a |an |your |further )?(?:verification|confirmation)\b|\btwo[- ]factor\b|\b2fa\b/i;
/** Words that say nothing about whose tool it is. */
const commonWords = new Set(
  'verify confirm verification confirmation code otp one time password mcp tool api the my'.split(' '),
);

/** A tool that takes a one-time code releases what tools of its family queued, where these say that they need one. */
function confirmsOf({ name, siblings = [] }: ProposalInput, { all }: ArgumentsFound) {
  const code = all.find(({ path }) => isCodeOfOneUse(path));
  if (!code) return { tools: [], why: [] };
  const family = new Set(wordsOf(name).filter((word) => !commonWords.has(word)));
  const tools = siblings
    .filter((other) => other.name !== name && needsCode.test(other.description ?? ''))
    .map((other) => other.name)
    .filter((other) => family.size === 0 || wordsOf(other).some((word) => isOneOf(word, family)))
    .slice(0, 50);
  const which = `say in \`confirms\` which tools' operations it releases`;
  const why =
    tools.length > 0
      ? `It takes a one-time code (${code.path}) and releases what ${tools.join(', ')} queued, which say that they need one.`
      : `It takes a one-time code (${code.path}), and no tool says that it needs one: ${which}.`;
  return { tools, why: [why] };
}
