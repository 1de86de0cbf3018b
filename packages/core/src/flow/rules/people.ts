import type { Field } from '../sources.ts';
import type { Judging, VouchRule } from './rule.ts';
import { isEchoed, isOwnLookup } from './rule.ts';
import { openKinds } from '../intent.ts';

/**
 * A person whom the user named is bound to an address through contacts, a calendar or earlier messages of the user's own
 * data: never by resemblance alone. Two addresses that fit the name are none, because anyone can register the second.
 */
export const people: VouchRule = {
  rule: 'people',
  vouches({ part, fields }, judging) {
    if (part.kind !== 'email' || !judging.isAsked || judging.isGrave) return undefined;
    const names = part.value.slice(0, part.value.indexOf('@')).match(/\p{L}{3,}/gu) ?? [];
    const said = names.filter((name) => isSaid(name, judging));
    if (said.length === 0) return undefined;
    const rivals = said.map((name) => judging.memory.people.get(name) ?? new Set<string>());
    const fits = [...(rivals[0] ?? [])].filter((address) => rivals.every((others) => others.has(address)));
    if (fits.length !== 1 || fields.some((field) => hasNamesake(field, part.value, judging))) return undefined;
    return fields.some((field) => isOwnLookup(field) && binds(field, judging) && !isEchoed(field, part, judging.memory))
      ? 'trusted'
      : undefined;
  },
};

/** Keys under which the user's own programs put addresses. Who sent a message put his own there. */
const bindingKeys =
  /^(?:recipients?|to|cc|participants?|attendees?|members?|email|emails|e_mail|mail|address|contact|owner|shared_with|assignee|organi[sz]er)$/i;
const senderKeys = /^(?:sender|from|author)$/i;
const binds = ({ key, path }: Field, { on }: Judging): boolean =>
  bindingKeys.test(key) || /(?:^|\.)shared_with\b/.test(path) || (on('senders') && senderKeys.test(key));

/** By the user; or, where the user left it to a source to say what is to be done, by that source. */
function isSaid(name: string, { memory, on, kinds, asked }: Judging): boolean {
  if (memory.names.has(name)) return true;
  if (!on('delegation') || !asked.open || ![...kinds].some((kind) => openKinds.has(kind))) return false;
  return memory.namedNames.has(name);
}

/** Another record of the same name with another address: which of the two the user means only the user knows. */
function hasNamesake({ source, record }: Field, address: string, { sources }: Judging): boolean {
  const names = sources
    .ofSource(source.id)
    .filter((field) => field.record === record && /^(?:full_?|display_?)?name$/i.test(field.key));
  return names.some(({ text }) =>
    sources
      .holding(text)
      .filter((other) => other.text === text && other.structural)
      .some((other) =>
        sources
          .ofSource(other.source.id)
          .filter((field) => field.record === other.record)
          .some((field) => sources.valuesIn(field, 'email').some(({ value }) => value !== address)),
      ),
  );
}
