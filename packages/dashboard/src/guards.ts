import { injectionActions } from './found.ts';

/*
 * What the configuration says of each guard, told for people. A guard or a key that is not known here is still listed, as it
 * stands: the list must not be shorter than what runs.
 */

export type GuardMode = 'enforce' | 'observe' | 'off';

export interface GuardView {
  /** Under `guards` in sallyport.yaml. */
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly mode: GuardMode;
  readonly facts: readonly (readonly [string, string])[];
}

type Settings = Readonly<Record<string, unknown>>;

interface Known {
  readonly title: string;
  readonly summary: string;
  readonly facts?: (settings: Settings) => readonly (readonly [string, string])[];
}

/** In the order in which they are told: first what decides, then what looks at content. */
const known: Readonly<Record<string, Known>> = {
  permissions: { title: 'Permissions', summary: 'Denies what no rule permits.' },
  flow: {
    title: 'Information flow',
    summary: 'Holds calls whose targets came from text that strangers can write.',
  },
  scope: { title: 'Scope', summary: 'Denies what lies outside the task for which a session was opened.' },
  arguments: {
    title: 'Arguments',
    summary: 'Denies calls that do not fit their tool’s schema, or are too large.',
    facts: ({ maxBytes, maxDepth }) => [['At most', `${text(maxBytes)} bytes, ${text(maxDepth)} levels deep`]],
  },
  settings: {
    title: 'Model settings',
    summary: 'Denies requests whose settings are unknown or out of range.',
    facts: ({ temperature, topP, maxOutputTokens }) => [
      ['Temperature', range(temperature)],
      ['top_p', range(topP)],
      ['Output tokens', `at most ${text(maxOutputTokens)}`],
    ],
  },
  redact: {
    title: 'Personal data and secrets',
    summary: 'Puts tokens such as <US_SSN_1> in the place of values before a model, and values back where they may be.',
    facts: ({ profile, types, rules, own, restore, answers }) => [
      ['Profile', profile === 'strict' ? 'strict: tokens for every type' : text(profile)],
      ['Types', pairs(types)],
      ['Rules', many(rules)],
      ['Own types', names(own, 'name')],
      ['Back into', restored(restore)],
      ['Answers', answers === 'keep' ? 'users read tokens' : 'users read values, never secrets'],
    ],
  },
  fence: {
    title: 'Tenant fence',
    summary: 'Keeps one customer’s identifiers out of answers and calls for another, where manifests name owners.',
    facts: ({ answers, calls, exemptRoles }) => [
      ['Answers', answers === 'mask' ? 'the identifier alone is taken out' : 'denied'],
      ['Calls', calls === 'mask' ? 'run without the identifier' : 'denied'],
      ['Not for', list(exemptRoles, 'role ')],
    ],
  },
  injection: {
    title: 'Injection detector',
    summary: 'Looks for signs of injections in what users write and tools return. A signal, not a boundary.',
    facts: ({ user, results, tools, detectors }) => [
      ['From users', verdicts(user)],
      ['From tools', verdicts(results)],
      ...Object.entries(object(tools)).map(([tool, actions]) => [tool, verdicts(actions)] as const),
      ['Also asks', names(detectors, 'name')],
    ],
  },
  exfiltration: {
    title: 'Images and links in answers',
    summary: 'Takes out what a page would fetch by itself from a foreign host.',
    facts: ({ allowedHosts }) => [['Allowed hosts', list(allowedHosts)]],
  },
  agreements: {
    title: 'Provider agreements',
    summary: 'Denies data to providers that have signed nothing for it.',
    facts: ({ require }) => [['Beyond the usual', pairs(require)]],
  },
  spotlight: {
    title: 'Spotlighting',
    summary: 'Marks what strangers can write for the model. It makes models obey it less often; nothing relies on it.',
  },
  canary: { title: 'Canary', summary: 'Plants a secret word in system prompts, and denies what carries it out.' },
};

/** @param config the effective configuration, as the runtime tells it */
export function guardsIn(config: unknown): GuardView[] {
  const guards = object(object(config)['guards']);
  const order = [...Object.keys(known).filter((name) => Object.hasOwn(guards, name)), ...Object.keys(guards)];
  return [...new Set(order)].map((name) => {
    const settings = object(guards[name]);
    const about = Object.hasOwn(known, name) ? known[name] : undefined;
    const facts = about ? (about.facts?.(settings) ?? []) : [['Settings', JSON.stringify(settings)] as const];
    return {
      name,
      title: about?.title ?? name,
      summary: about?.summary ?? '',
      mode: modeOf(settings['mode']),
      facts: [...kindOf(settings['mode']), ...facts.filter(([, value]) => value !== '')],
    };
  });
}

/** Spotlighting has kinds where others enforce. */
const modeOf = (mode: unknown): GuardMode => (mode === 'off' || mode === 'observe' ? mode : 'enforce');
const kindOf = (mode: unknown): readonly (readonly [string, string])[] =>
  mode === 'off' || mode === 'observe' || mode === 'enforce' || mode === undefined ? [] : [['How', text(mode)]];

const object = (value: unknown): Settings =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settings) : {};
const array = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? value.toLocaleString('en') : '';

const range = (value: unknown): string => array(value).map(text).join(' to ');
const many = (value: unknown): string => (array(value).length === 0 ? '' : `${array(value).length} of your own`);
const list = (value: unknown, before = ''): string =>
  array(value)
    .map((each) => before + text(each))
    .join(', ');
const names = (value: unknown, key: string): string => list(array(value).map((each) => object(each)[key]));
const pairs = (value: unknown): string =>
  Object.entries(object(value))
    .map(([key, each]) => `${key}: ${Array.isArray(each) ? list(each) : text(each)}`)
    .join('; ');

const restored = (value: unknown): string =>
  array(value).length === 0
    ? 'no tool'
    : array(value)
        .map((rule) => {
          const { tools, arguments: places, types } = object(rule);
          const tool = list(tools) === '*' ? 'any tool' : list(tools);
          return `${tool}${places === undefined ? '' : ` (${list(places)})`}: ${list(types)}`;
        })
        .join('; ');

/** `{ suspicious: 'flag', block: 'distrust' }` */
function verdicts(value: unknown): string {
  const { suspicious, block } = object(value);
  const parts = [
    ['signs of one', suspicious],
    ['almost surely one', block],
  ] as const;
  return parts.flatMap(([when, action]) => (action === undefined ? [] : [`${when}: ${actionText(action)}`])).join('; ');
}

const actionText = (action: unknown): string => {
  const name = text(action);
  const meaning = Object.hasOwn(injectionActions, name) ? injectionActions[name] : undefined;
  return meaning === undefined ? name : `${name} (${meaning})`;
};
