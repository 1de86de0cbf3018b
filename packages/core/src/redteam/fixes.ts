import { stringify } from 'yaml';
import type { CellValue } from '../policy/cells.ts';
import type { ManifestInput } from '../flow/manifest.ts';
import type { Forces } from './simulate.ts';
import type { Group, Target } from './index.ts';
import { contradicts } from './attempts.ts';
import { covers } from '../flow/leaves.ts';
import { flowRules } from '../flow/provenance.ts';
import { manifestSchema } from '../flow/manifest.ts';
import { simulate } from './simulate.ts';

/** What to write where, so that what got through is held. Tried out before it is proposed. */
export interface Fix {
  readonly file: 'sallyport.yaml' | 'permissions.yaml';
  readonly text: string;
}

export type WithCell = (
  tool: string,
  cell: CellValue,
) => { readonly forces: Forces; readonly roles: readonly string[] } | undefined;

interface Candidate extends Fix {
  readonly forces: Forces;
}

export interface FixContext {
  readonly forces: Forces;
  readonly targets: readonly Target[];
  readonly withCell: WithCell;
}

/** The first and least change under which none of the group's attempts runs; undefined where none is known to help. */
export async function findFix(group: Group, context: FixContext): Promise<Fix | undefined> {
  for (const { file, text, forces } of candidates(group, context)) {
    const decisions = await Promise.all(group.attempts.map((attempt) => simulate(attempt, forces)));
    if (decisions.every(({ outcome }) => outcome === 'require_approval' || outcome === 'deny')) return { file, text };
  }
  return undefined;
}

function* candidates(group: Group, context: FixContext): Generator<Candidate> {
  yield* switches(context.forces);
  yield* manifests(group, context);
  yield* cells(group, context);
}

/** Guards that only observe, and rules of information flow that are off. */
function* switches(forces: Forces): Generator<Candidate> {
  const observing = forces.guards.filter(({ mode }) => mode === 'observe').map(({ guard }) => guard.name);
  if (observing.length > 0) {
    const guards = Object.fromEntries(observing.map((name) => [name, { mode: 'enforce' }]));
    const enforced = forces.guards.map((armed) => ({ ...armed, mode: 'enforce' as const }));
    yield yaml('sallyport.yaml', { guards }, { ...forces, guards: enforced });
  }
  for (const rule of flowRules.filter((each) => judges.has(each) && !forces.rules.has(each))) {
    yield yaml(
      'sallyport.yaml',
      { flow: { rules: { [rule]: true } } },
      { ...forces, rules: new Set([...forces.rules, rule]) },
    );
  }
}

/** The others free something; these hold. */
const judges: ReadonlySet<string> = new Set(['targets', 'links', 'intent', 'classes', 'confirmations']);

function* manifests(
  { tool, argument, technique, reads }: Group,
  { forces, targets }: FixContext,
): Generator<Candidate> {
  const target = targets.find(({ definition }) => definition.name === tool);
  if (!target) return;
  const { manifest, seeming } = target;
  const say = (change: ManifestInput, about = tool, was = manifest) =>
    yaml(
      'sallyport.yaml',
      { tools: { [about]: change } },
      overruled(forces, about, manifestSchema.parse({ ...was, ...change })),
    );
  if (contradicts(target)) yield say({ effect: seeming.effect, sink: true });
  if (manifest.local) yield say({ local: false });
  if (argument !== undefined && (technique === 'one_target' || technique === 'picked')) {
    const content = manifest.content.filter((path) => !covers(path, argument));
    if (content.length < manifest.content.length)
      yield say({ content, target: [...(manifest.target ?? []), argument] });
    yield say({ demand: { ...manifest.demand, [argument]: 'user' } });
  }
  if (Object.keys(manifest.caps).length > 0) yield say({ caps: {} });
  for (const reader of targets.filter(({ definition }) => reads.includes(definition.name))) {
    const { results } = reader.manifest;
    if (results.labels.includes('secret')) continue;
    const labels = [...results.labels, 'secret'];
    yield say({ results: { ...results, labels } }, reader.definition.name, reader.manifest);
  }
}

/** As a manifest in the file would overrule what is known now. */
const overruled = (forces: Forces, tool: string, manifest: ReturnType<typeof manifestSchema.parse>): Forces => ({
  ...forces,
  manifestOf: (name) => (name === tool ? manifest : forces.manifestOf(name)),
});

function* cells({ tool, argument, technique }: Group, { withCell }: FixContext): Generator<Candidate> {
  const demanding = technique === 'link' ? { links: 'user' as const } : { from: 'user' as const };
  const tried: CellValue[] =
    argument === undefined
      ? ['ask']
      : [{ decision: 'allow', when: { [argument]: demanding }, otherwise: 'ask' }, 'ask'];
  for (const cell of tried) {
    const made = withCell(tool, cell);
    if (!made) continue;
    const roles = Object.fromEntries(made.roles.map((role) => [role, { tools: { [tool]: cell } }]));
    yield yaml('permissions.yaml', { roles }, made.forces);
  }
}

const yaml = (file: Fix['file'], value: object, forces: Forces): Candidate => ({
  file,
  text: stringify(value),
  forces,
});
