import type { Manifest } from '../flow/manifest.ts';
import type { OwnedIdentifier } from '../ports.ts';
import { declaredType, keysOf } from './keys.ts';
import { findSensitive } from '../sensitive/engine.ts';
import { isNode, parsePath, placesOf, scalarsIn, textsOf, type Node, type Scalar } from '../records/paths.ts';
import { readResult } from '../records/read.ts';

/** Identifiers that one owner's records hold. */
export interface OwnedRecords {
  readonly owner: string;
  readonly identifiers: readonly OwnedIdentifier[];
}

/**
 * Whose identifiers a result holds, by the manifest: of each record those of its owner; with `owner: user` all of them of
 * the session's user. A record within another that has an owner of its own is that one's.
 */
export function ownedIn(
  text: string,
  { results: { owner, identifiers = [] } }: Manifest,
  user: string,
  types: ReadonlySet<string>,
): OwnedRecords[] {
  if (owner === undefined) return [];
  const value = readResult(text);
  if (!isNode(value)) return owner === 'user' ? [{ owner: user, identifiers: inText(text, types) }] : [];
  const declared = declaredIn(value, identifiers);
  if (owner === 'user') return [{ owner: user, identifiers: inRecord(value, new Set(), declared, types) }];
  const records = new Map<Node, Set<string>>();
  for (const { record, value: id } of placesOf(value, parsePath(owner))) {
    const owners = records.get(record) ?? new Set();
    for (const each of textsOf(id)) if (each.trim() !== '') owners.add(each.trim());
    records.set(record, owners);
  }
  const apart = new Set(records.keys());
  return [...records].flatMap(([record, owners]) => {
    const held = inRecord(record, apart, declared, types);
    return [...owners].map((each) => ({ owner: each, identifiers: [...held, ...ownId(each)] }));
  });
}

/** An owner's id tells of its owner too, unless it is a mere word. */
const ownId = (owner: string): OwnedIdentifier[] =>
  /[\p{N}@]/u.test(owner) ? keysOf(declaredType, owner).map((key) => ({ type: declaredType, key })) : [];

type Declared = ReadonlyMap<Node, ReadonlySet<string>>;

function declaredIn(value: Node, paths: readonly string[]): Declared {
  const declared = new Map<Node, Set<string>>();
  const add = (parent: Node, name: string) => declared.set(parent, (declared.get(parent) ?? new Set()).add(name));
  for (const path of paths) {
    for (const { parent, name, value: at } of placesOf(value, parsePath(path))) {
      add(parent, name);
      if (isNode(at)) for (const scalar of scalarsIn(at, new Set())) add(scalar.parent, scalar.name);
    }
  }
  return declared;
}

function inRecord(
  record: Node,
  apart: ReadonlySet<Node>,
  declared: Declared,
  types: ReadonlySet<string>,
): OwnedIdentifier[] {
  const found = new Map<string, OwnedIdentifier>();
  for (const scalar of scalarsIn(record, apart)) {
    for (const each of inScalar(scalar, declared, types)) found.set(each.key, each);
  }
  return [...found.values()];
}

function inScalar({ text, names, parent, name }: Scalar, declared: Declared, types: ReadonlySet<string>) {
  const found = inText(text, types, names);
  if (declared.get(parent)?.has(name)) {
    for (const key of keysOf(declaredType, text))
      if (found.every((each) => each.key !== key)) found.push({ type: declaredType, key });
  }
  return found;
}

const inText = (text: string, types: ReadonlySet<string>, field: readonly string[] = []): OwnedIdentifier[] =>
  findSensitive(text, { types, field }).flatMap(({ type, start, end }) =>
    keysOf(type, text.slice(start, end)).map((key) => ({ type, key })),
  );
