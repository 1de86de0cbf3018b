import type { EventKind } from '@sallyport/core/admin';
import { injectionFamilies, sensitiveTypes } from '@sallyport/core/admin';
import type { ReasonView } from './timeline.ts';
import { capital } from './text/format.ts';

/*
 * What content guards found and did, in plain words. They record types, counts, rules and places, never values; here that
 * record is read again. What it does not fit stands as it is.
 */

export interface Found {
  /** Instead of the reason's own, where that says less. */
  readonly title?: string;
  /** For a line of its own, without a full stop. */
  readonly summary: string;
  /** Under the title. */
  readonly says: string;
  readonly facts: readonly (readonly [string, string])[];
}

/** @returns undefined for reasons of other guards, and of details in a form that is not known here */
export function foundIn(reason: ReasonView, kind: EventKind): Found | undefined {
  const { code, detail = '' } = reason;
  switch (code) {
    case 'sensitive_replaced':
      return replaced(detail, kind);
    case 'sensitive_blocked':
      return counted('May not pass here', detail);
    case 'other_owner':
      return counted('Of another owner', detail);
    case 'injection_suspected':
    case 'injection_blocked':
    case 'after_injection':
      return injection(detail);
    case 'exfiltration_link':
      return exfiltration(detail);
    case 'result_minimised':
      return detail === '' ? undefined : simply(`Fields of the result: ${detail}`);
    default:
      return undefined;
  }
}

/** For one line: what all reasons of a decision say, counts of the same kind added up. */
export function summaryOf(reasons: readonly ReasonView[], kind: EventKind): string {
  const sums = new Map<string, Map<string, number>>();
  const others = new Set<string>();
  for (const reason of reasons) {
    const heads = headOf(reason, kind);
    const counts = heads && countsIn(reason.detail?.replace(/^restored /, '') ?? '');
    if (!heads || !counts) {
      const found = foundIn(reason, kind);
      if (found) others.add(found.summary);
      continue;
    }
    const sum = sums.get(heads) ?? new Map<string, number>();
    sums.set(heads, sum);
    for (const [type, count] of counts) sum.set(type, (sum.get(type) ?? 0) + count);
  }
  return [...[...sums].map(([head, sum]) => `${head}: ${listed([...sum])}`), ...others].join('; ');
}

type Counts = readonly (readonly [type: string, count: number])[];

function headOf({ code, detail = '' }: ReasonView, kind: EventKind): string | undefined {
  if (code === 'sensitive_blocked') return 'May not pass here';
  if (code === 'other_owner') return 'Of another owner';
  if (code !== 'sensitive_replaced') return undefined;
  if (detail.startsWith('restored ')) {
    return kind === 'tool_call' ? 'Put back for the tool' : 'Put back for the user';
  }
  if (kind === 'model_request') return 'Kept from the model';
  return kind === 'tool_call' ? 'Replaced in the arguments' : 'Replaced in the answer';
}

function replaced(detail: string, kind: EventKind): Found | undefined {
  const head = headOf({ code: 'sensitive_replaced', detail }, kind);
  const found = head === undefined ? undefined : counted(head, detail.replace(/^restored /, ''));
  return found && detail.startsWith('restored ') ? { title: 'Values were put back', ...found } : found;
}

const simply = (summary: string): Found => ({ summary, says: summary, facts: [] });

function counted(head: string, detail: string): Found | undefined {
  const counts = countsIn(detail);
  return counts && simply(`${head}: ${listed(counts)}`);
}

/** `2 × EMAIL, 1 × US_SSN` */
function countsIn(detail: string): Counts | undefined {
  const counts = detail.split(', ').map((part) => /^(\d{1,9}) × (.{1,100})$/.exec(part));
  return counts.every((part) => part !== null)
    ? counts.map(([, count = '', type = '']) => [type, Number(count)] as const)
    : undefined;
}

const titles: Readonly<Record<string, { readonly title: string }>> = sensitiveTypes;

const listed = (counts: Counts): string => counts.map(([type, count]) => `${count} × ${nameOf(type)}`).join(', ');

/** "e-mail address", "US social security number"; a type of the operator's stands as it is. */
function nameOf(type: string): string {
  const title = Object.hasOwn(titles, type) ? titles[type]?.title : undefined;
  if (title === undefined) return type;
  return /^[A-Z]{2}/.test(title) ? title : title.charAt(0).toLowerCase() + title.slice(1);
}

/** What the injection guard does about a text, by the name of the action. */
export const injectionActions: Readonly<Record<string, string>> = {
  flag: 'recorded, and nothing more',
  distrust: 'its values vouch for nothing',
  strip: 'the words were taken out before the model',
  quarantine: 'withheld from the model as a whole',
  hold: 'consequential calls wait for a person from here on',
  block: 'refused',
};

/** `distrust: override-instructions (AML.T0051.000); score 0.95; at 73–189` */
function injection(detail: string): Found | undefined {
  const [head = '', ...rest] = detail.split('; ');
  const [, action = '', signs = ''] = /^(\w+): (.*)$/s.exec(head) ?? [];
  const done = Object.hasOwn(injectionActions, action) ? injectionActions[action] : undefined;
  if (done === undefined) return undefined;
  const after = (begin: string) => rest.find((part) => part.startsWith(begin))?.slice(begin.length);
  const score = after('score ');
  const places = [...new Set(after('at ')?.split(', '))];
  const hidden = after('hidden by ');
  const own = rest.filter((part) => !/^(?:score|at|hidden by) /.test(part));
  return {
    summary: `Looks like an injection${hidden === undefined ? '' : `, hidden by ${hidden}`}: ${done}`,
    says: capital(done),
    facts: [
      ['Signs', signs.split(', ').map(withCatalogue).join('\n')],
      ...(score === undefined ? [] : [['Score', `${score} of 1; from 0.50 on suspicious`] as const]),
      ...(places.length === 0 ? [] : [['Characters', places.join(', ')] as const]),
      ...(hidden === undefined ? [] : [['Hidden by', hidden] as const]),
      ...own.map((part) => ['Note', part] as const),
    ],
  };
}

const catalogue = new Map(Object.values(injectionFamilies).map(({ atlas, owasp }) => [atlas as string, owasp]));

/** `override-instructions (AML.T0051.000)`, with the id under which OWASP has it. */
const withCatalogue = (sign: string): string =>
  sign.replace(/\((AML\.T[\d.]+)\)$/, (all, atlas: string) => {
    const owasp = catalogue.get(atlas);
    return owasp === undefined ? all : `(${atlas}, ${owasp})`;
  });

/** `1 × image; asked of attacker.com` */
function exfiltration(detail: string): Found | undefined {
  const [what = '', hosts] = detail.split('; asked of ');
  if (!/^\d/.test(what)) return undefined;
  const asked = hosts === undefined ? '' : `, which would have asked ${hosts}`;
  return simply(`Taken out of the answer: ${what}${asked}`);
}

/** `messages[3].calls[0]` as people count: "message 4, call 1". What is no place in a conversation stands as it is. */
export function placeName(path: string): string {
  if (path === 'text') return 'its text';
  const [, message, call] = /^messages\[(\d+)\](?:\.calls\[(\d+)\])?$/.exec(path) ?? [];
  if (message === undefined) return path;
  return `message ${Number(message) + 1}${call === undefined ? '' : `, call ${Number(call) + 1}`}`;
}
