import type { Field } from '../sources.ts';
import type { Finding } from '../provenance.ts';
import type { Judging } from './rule.ts';
import type { Label } from '../labels.ts';
import type { Leaf } from '../leaves.ts';
import { fold, wordsOf } from '../text.ts';
import { wordsOfName } from '../intent.ts';

/** Words by which a user asks for a class of data to be used. */
const classWords: Readonly<Record<string, RegExp>> = {
  secret:
    /password|passcode|credential|\blog ?in\b|\bsign ?in\b|\baccount (?:info|details|data|and)|token|secret|\bkeys?\b|\bcode\b|\botp\b|information|register|authori[sz]/,
  pii: /address|phone|e-?mail|contact|birth|passport|\bid\b|\bssn\b|name|personal|profile|information|details|account|invoice|customer/,
  phi: /patient|health|medical|diagnos|prescri|treatment|record/,
  private: /.*/,
};

/** Values of secrets that were read, as they stand in a text. */
export function secretsIn(text: string, secrets: ReadonlyMap<string, number>): string[] {
  if (secrets.size === 0) return [];
  const found = fold(text)
    .split(/[\s"'<>,;()[\]{}=&]+/)
    .map((word) => word.replace(/^[:.]+|[:.!?]+$/g, ''));
  return [...new Set(found.filter((word) => secrets.has(word)))];
}

/** Private data goes only where the task calls for its class, even to a target that the user named. */
export function classes(
  labels: readonly Label[],
  scope: readonly Label[] | undefined,
  judging: Judging,
): Finding | undefined {
  const said = judging.sources.requests;
  const outside = labels.filter((label) => {
    if (scope) return !scope.includes(label);
    return classWords[label] ? !said.some((text) => classWords[label]?.test(text)) : false;
  });
  const named =
    outside.length > 0
      ? `data labelled ${outside.join(', ')}`
      : (unaskedSecret(judging) ?? strangersFind(judging) ?? unnamedFile(judging) ?? encoded(judging));
  if (named === undefined) return undefined;
  return {
    rule: 'classes',
    code: 'data_out_of_scope',
    detail: `${judging.tool} would carry ${named}, which the request does not call for`,
  };
}

const texts = ({ leaves }: Judging): string[] =>
  leaves.flatMap(({ value }) => (typeof value === 'string' ? [value] : []));

/** A passport number needs more than a wish for "my details": its own name in the request. */
function unaskedSecret(judging: Judging): string | undefined {
  const { memory, sources, asked } = judging;
  for (const text of texts(judging)) {
    for (const value of secretsIn(text, memory.secrets)) {
      const key = sources.fields[memory.secrets.get(value) ?? -1]?.key ?? '';
      const words = wordsOfName(key);
      if (!/pass(?!port)|secret|token|key|pin|otp|^$/i.test(key) && !words.some((word) => asked.words.has(word)))
        return `a value of ${key}`;
    }
  }
  return undefined;
}

/** What was looked up by a stranger's words goes nowhere unasked: the data of another customer, say. */
function strangersFind(judging: Judging): string | undefined {
  const { sources } = judging;
  const finds = sources.texts.filter(
    ({ strangersQuery, tool, lookup, integrity }) =>
      strangersQuery && tool !== undefined && (lookup || integrity !== 'untrusted'),
  );
  if (finds.length === 0) return undefined;
  const content = fold(texts(judging).join('\n'));
  const isTaken = (found: Field): boolean =>
    found.structural &&
    found.text.length >= 6 &&
    content.includes(found.text) &&
    sources.valuesIn(found, 'date').every(({ kind }) => kind !== 'date') &&
    !sources.holding(found.text).some((field) => !field.source.strangersQuery);
  const taken = finds
    .slice(-20)
    .flatMap(({ id }) => sources.ofSource(id))
    .find(isTaken);
  return taken && `${taken.key} out of ${taken.source.tool}, which was asked by a stranger's words`;
}

const fileKey = /attach|file|path|document/i;

/** A listing names every file of a folder; which of them leaves is for the user to say, with a word of its name at least. */
function unnamedFile({ leaves, memory, asked, manifest }: Judging): string | undefined {
  if (manifest.effect === 'read' || manifest.local) return undefined;
  const isUnnamed = ({ value, role, pattern }: Leaf): boolean => {
    if (role !== 'target' || typeof value !== 'string' || !fileKey.test(pattern) || !/\.\w{1,5}$/.test(value))
      return false;
    if (memory.files.has(fold(value))) return false;
    const words = wordsOf(fold(value.slice(value.lastIndexOf('/') + 1).replace(/\.\w+$/, '')))
      .flatMap((word) => word.split(/\d+/))
      .filter((word) => word.length >= 3);
    return (
      words.length > 0 &&
      !words.some((word) =>
        [...asked.words].some(
          (said) => said.startsWith(word.slice(0, 5)) || (said.length >= 4 && word.startsWith(said)),
        ),
      )
    );
  };
  const leaf = leaves.find(isUnnamed);
  return leaf && `the file ${String(leaf.value).slice(-80)}`;
}

const blob = /(?<![a-z0-9+/_-])(?:[a-z0-9+/_-]{16,}={0,2})(?![a-z0-9+/_=-])/gi;

/** Text in another form, made by the model: nobody sees what leaves. */
function encoded(judging: Judging): string | undefined {
  for (const { value, role } of judging.leaves) {
    if (typeof value !== 'string' || role === 'target') continue;
    for (const [match] of value.matchAll(blob)) {
      const words = wordsOf(fold(match));
      if (!words.every((word) => judging.sources.has(word)) && isReadable(decode(match)))
        return 'text in an encoded form';
    }
  }
  return undefined;
}

function decode(text: string): string {
  if (/^(?:[0-9a-f]{2})+$/i.test(text))
    return text.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
  // Names such as `security_maintenance` are made of the same letters; an encoding mixes cases or digits.
  if (!/[a-z]/.test(text) || !/[A-Z]/.test(text) || !/\d|[A-Z].*[a-z].*[A-Z]/.test(text)) return '';
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return '';
  }
}

const isReadable = (text: string): boolean => text.length >= 8 && /^[\x20-\x7e\s]+$/.test(text);
