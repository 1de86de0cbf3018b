import type { JsonObject, ToolDefinition } from '../events.ts';
import type { Manifest } from '../flow/manifest.ts';
import { isSink } from '../flow/manifest.ts';
import { isEverything, parseGlob } from '../policy/glob.ts';
import { nearest } from '../normalize/nearest.ts';
import { showText } from '../normalize/show.ts';

/** What is wrong with a manifest, and where in it. */
export interface ManifestProblem {
  readonly path: readonly string[];
  readonly message: string;
}

type Complain = (path: readonly string[], message: string) => void;

/** Whether `to` reaches `to`, `to.*` and `to.*.address`, as information flow reads paths. */
const reaches = (path: string, other: string): boolean => other === path || other.startsWith(`${path}.`);

/**
 * What the schema cannot say of one manifest: keys which contradict each other, or have no effect where they stand.
 *
 * @param definition where it is known, arguments that the tool does not have are found too
 */
export function checkManifest(manifest: Manifest, definition?: ToolDefinition): readonly ManifestProblem[] {
  const problems: ManifestProblem[] = [];
  const complain: Complain = (path, message) => problems.push({ path, message });
  checkPaths(manifest, complain);
  checkArguments(manifest, complain);
  checkEffect(manifest, complain);
  checkResults(manifest, complain);
  if (definition?.parameters) checkNames(manifest, definition.parameters, complain);
  return problems;
}

/** The same for a manifest in the configuration, under the name or pattern that it stands for. */
export function checkConfigured(name: string, manifest: Manifest): readonly ManifestProblem[] {
  const glob = parseGlob(name);
  if ('problem' in glob) return [{ path: [], message: `the name ${glob.problem}` }];
  const problems = [...checkManifest(manifest)];
  if (isEverything(glob)) {
    const laxer = [
      !isSink(manifest) && 'effect: read or sink: false',
      manifest.local && 'local: true',
      manifest.results.trust === 'trusted' && 'results.trust: trusted',
    ].filter((each) => each !== false);
    if (laxer.length > 0) {
      const message = `* would say ${laxer.join(', ')} of tools that nobody has seen; name the tools, or a family such as crm_*`;
      problems.push({ path: [], message });
    }
  }
  return problems;
}

/** The manifest's places, each with where in the manifest it stands. */
function placesOf({ target = [], content, demand, caps, results }: Manifest) {
  const each = (paths: readonly string[], ...at: string[]) =>
    paths.map((path, index) => ({ path, at: [...at, String(index)] }));
  const keys = (record: object, ...at: string[]) => Object.keys(record).map((path) => ({ path, at: [...at, path] }));
  return {
    arguments: [
      ...each(target, 'target'),
      ...each(content, 'content'),
      ...keys(demand, 'demand'),
      ...keys(caps, 'caps'),
    ],
    results: [
      ...keys(results.fields, 'results', 'fields'),
      ...keys(results.fieldLabels, 'results', 'fieldLabels'),
      ...(results.owner === undefined ? [] : [{ path: results.owner, at: ['results', 'owner'] }]),
      ...each(results.identifiers ?? [], 'results', 'identifiers'),
      ...(results.minimise ?? []).flatMap(({ fields }, index) =>
        each(fields, 'results', 'minimise', String(index), 'fields'),
      ),
    ],
  };
}

function checkPaths(manifest: Manifest, complain: Complain): void {
  const places = placesOf(manifest);
  for (const { path, at } of [...places.arguments, ...places.results]) {
    const written = path.replaceAll(/\[[^\]]*\]/g, '.*').replace(/^\$?\.?arguments\./, '');
    if (written !== path) complain(at, `paths are written with dots and * for items: ${showText(written)}`);
    else if (path.split('.').includes('')) complain(at, `${showText(path)} has an empty part`);
  }
}

function checkArguments({ target, content, demand, caps }: Manifest, complain: Complain): void {
  const isTarget = (path: string) =>
    target?.some((each) => reaches(each, path)) ?? !content.some((each) => reaches(each, path));
  for (const [at, path] of content.entries()) {
    const over = target?.find((each) => reaches(each, path));
    if (over === undefined) continue;
    const message =
      over === path
        ? `${showText(path)} is a target too; it is one or the other, so take it out of one of the two`
        : `${showText(path)} lies in the target ${showText(over)}, which wins; name the parts of ${showText(over)} that are targets instead`;
    complain(['content', String(at)], message);
  }
  for (const [key, record] of Object.entries({ demand, caps })) {
    for (const path of Object.keys(record)) {
      if (isTarget(path)) continue;
      const why = key === 'caps' ? 'an amount is free only as a target' : 'only targets have to be vouched for';
      complain([key, path], `${showText(path)} is no target, and ${why}; put it under target`);
    }
  }
}

function checkEffect({ effect, sink, egress, local }: Manifest, complain: Complain): void {
  if (local && effect !== 'write') {
    complain(['local'], `local is for tools that write into the session's own workspace, and the effect is ${effect}`);
  }
  if (local && egress === true)
    complain(['local'], 'egress: true says that it fetches from an address, local that nothing leaves');
  if (local && sink === true) complain(['local'], 'sink: true says that it leaves the session, local that it does not');
}

function checkResults({ results }: Manifest, complain: Complain): void {
  const { format, fields, fieldLabels, owner, identifiers } = results;
  if (format === 'text' && owner !== undefined && owner !== 'user') {
    const why = 'in a text an attacker can write whose it is';
    complain(['results', 'owner'], `needs format: records: ${why}; or say owner: user`);
  }
  if (owner === undefined && identifiers) complain(['results', 'identifiers'], 'says nothing without results.owner');
  if (format === 'text' && Object.keys(fields).length > 0) {
    const why = 'in a text the layout is written by whoever wrote the text, an attacker too';
    complain(['results', 'fields'], `needs format: records: ${why}, so no field of it can be told from a forged one`);
  }
  if (format === 'text' && Object.keys(fieldLabels).length > 0) {
    const why = 'in a text no field can be found, so the labels would not be put on';
    complain(['results', 'fieldLabels'], `needs format: records: ${why}; put them under labels`);
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A mistyped argument would leave the one that was meant as it is by default; better to hear of it. */
function checkNames(manifest: Manifest, { properties, additionalProperties }: JsonObject, complain: Complain): void {
  if (!isObject(properties) || isObject(additionalProperties) || additionalProperties === true) return;
  const known = Object.keys(properties);
  for (const { path, at } of placesOf(manifest).arguments) {
    const [name = ''] = path.split('.');
    if (name === '*' || known.includes(name) || known.some((each) => reaches(each, path))) continue;
    const meant = nearest(name, known);
    const hint = meant === undefined ? `it has ${known.join(', ') || 'none'}` : `did you mean ${meant}?`;
    complain(at, `the tool has no argument ${showText(name)}; ${showText(hint, 400)}`);
  }
}
