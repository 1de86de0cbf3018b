import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

/**
 * Imports run one way. A room may import from the rooms named after it; what is not named is refused. The most specific
 * room that a file lies in counts.
 */
const rooms: Record<string, { mayImport: readonly string[]; packages?: readonly string[]; node: boolean }> = {
  'packages/core/src': {
    mayImport: [],
    packages: [
      'zod',
      'yaml',
      '@cedar-policy/cedar-wasm/nodejs',
      '@cfworker/json-schema',
      'canonicalize',
      'tldts',
      'fastest-levenshtein',
      're2js',
      'libphonenumber-js/max',
      'stdnum',
    ],
    node: false,
  },
  'packages/core/src/admin': { mayImport: ['packages/core/src'], packages: ['zod'], node: false },
  // Drivers: behind core's ports.
  'packages/runtime/src/store': { mayImport: ['packages/core/src', 'packages/runtime/src/audit'], node: true },
  'packages/runtime/src/audit': { mayImport: ['packages/core/src'], node: true },
  'packages/runtime/src/providers': { mayImport: ['packages/core/src'], node: true },
  'packages/runtime/src/policies': { mayImport: ['packages/core/src'], node: true },
  'packages/runtime/src/detectors': { mayImport: ['packages/core/src'], node: true },
  // Services: core's ports and each other.
  'packages/runtime/src/identity': {
    mayImport: ['packages/core/src', 'packages/runtime/src/agents', 'packages/runtime/src/sessions'],
    node: true,
  },
  'packages/runtime/src/agents': { mayImport: ['packages/core/src', 'packages/runtime/src/identity'], node: true },
  'packages/runtime/src/sessions': {
    mayImport: ['packages/core/src', 'packages/runtime/src/identity', 'packages/runtime/src/agents'],
    node: true,
  },
  'packages/runtime/src/operators': {
    mayImport: ['packages/core/src', 'packages/core/src/admin', 'packages/runtime/src/identity'],
    node: true,
  },
  'packages/runtime/src/flow': { mayImport: ['packages/core/src'], node: true },
  'packages/runtime/src/vault': { mayImport: ['packages/core/src', 'packages/runtime/src/flow'], node: true },
  'packages/runtime/src/approvals': { mayImport: ['packages/core/src', 'packages/runtime/src/flow'], node: true },
  'packages/runtime/src/tools': { mayImport: ['packages/core/src', 'packages/core/src/admin'], node: true },
  'packages/runtime/src/owners': { mayImport: ['packages/core/src'], node: true },
  // Drivers: behind core's ports.
  'packages/runtime/src/upstreams': { mayImport: ['packages/core/src'], node: true },
  'packages/runtime/src/credentials': { mayImport: ['packages/core/src'], node: true },
  'packages/runtime/src/packages': { mayImport: ['packages/core/src'], node: true },
  // Services.
  'packages/runtime/src/pins': { mayImport: ['packages/core/src', 'packages/core/src/admin'], node: true },
  'packages/runtime/src/gateway': {
    mayImport: ['packages/core/src', 'packages/runtime/src/flow', 'packages/runtime/src/sessions'],
    node: true,
  },
  'packages/runtime/src/marks': { mayImport: ['packages/core/src', 'packages/runtime/src/identity'], node: true },
  'packages/runtime/src/second-model': {
    mayImport: ['packages/core/src', 'packages/runtime/src/identity'],
    node: true,
  },
  // Surfaces: never a driver.
  'packages/runtime/src/surfaces': {
    mayImport: [
      'packages/core/src',
      'packages/core/src/admin',
      'packages/runtime/src/identity',
      'packages/runtime/src/agents',
      'packages/runtime/src/sessions',
      'packages/runtime/src/second-model',
      'packages/runtime/src/operators',
      'packages/runtime/src/approvals',
      'packages/runtime/src/gateway',
      'packages/runtime/src/pins',
    ],
    node: true,
  },
  'packages/runtime/src/cli': {
    mayImport: [
      'packages/core/src',
      'packages/core/src/admin',
      'packages/runtime/src/compose.ts',
      'packages/runtime/src/policies',
      'packages/runtime/src/tools',
      'packages/runtime/src/pins',
      'packages/runtime/src/packages',
      'packages/runtime/src/providers/scripted',
      'examples/support-agent',
    ],
    node: true,
  },
  'packages/runtime/src/main.ts': { mayImport: ['packages/runtime/src/cli'], node: true },
  'packages/runtime/src/clock.ts': { mayImport: ['packages/core/src'], node: true },
  'packages/runtime/src/composition': { mayImport: ['packages'], node: true },
  'packages/runtime/src/compose.ts': { mayImport: ['packages'], node: true },
  'packages/dashboard/src': { mayImport: ['packages/core/src/admin'], node: false },
  'examples/support-agent': { mayImport: ['packages/runtime/src/providers/scripted'], node: true },
  'examples/orders-api': { mayImport: ['packages/core/src', 'packages/runtime/src/compose.ts'], node: true },
};

const root = join(import.meta.dirname, '..');
const specifier =
  /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s+'([^']+)'|(?:^|\n)\s*import\s+'([^']+)'|import\('([^']+)'\)/g;

interface Import {
  readonly file: string;
  readonly target: string;
}

const sources = globSync(['packages/*/src/**/*.{ts,tsx}', 'examples/*/*.ts'], { cwd: root });
const imports: Import[] = sources.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(specifier)].map((match) => ({ file, target: match[1] ?? match[2] ?? match[3] ?? '' }));
});

const workspace: Record<string, string> = {
  '@sallyport/core': 'packages/core/src/index.ts',
  '@sallyport/core/admin': 'packages/core/src/admin/index.ts',
  sallyport: 'packages/runtime/src/compose.ts',
};
const inside = (path: string, room: string) => path === room || path.startsWith(`${room}/`);
const roomOf = (file: string) =>
  Object.keys(rooms)
    .filter((room) => inside(file, room))
    .toSorted((a, b) => b.length - a.length)[0];

function problemWith({ file, target }: Import): string | undefined {
  const room = roomOf(file);
  if (room === undefined) return `${file} lies in no room: give it one in scripts/architecture.test.ts`;
  const { mayImport, packages, node } = rooms[room] ?? { mayImport: [], node: false };
  if (target.startsWith('node:')) return node ? undefined : `${file} imports ${target}: ${room} is pure`;
  const path = target.startsWith('.') ? relative(root, join(root, dirname(file), target)) : workspace[target];
  if (path === undefined)
    return packages && !packages.includes(target) ? `${file} imports the package ${target}` : undefined;
  const other = roomOf(path);
  const allowed =
    other === room ||
    mayImport.some((each) => inside(path, each) && (other === undefined || inside(each, other) || inside(other, each)));
  return allowed ? undefined : `${file} imports ${path}: ${room} may not`;
}

it('imports run one way, and the check has seen them', () => {
  const problems = imports.map(problemWith).filter((problem) => problem !== undefined);
  expect(problems).toEqual([]);
  // A check that sees nothing finds nothing: there are hundreds of imports.
  // oxlint-disable-next-line no-console
  console.info(`architecture: ${imports.length} imports in ${sources.length} files`);
  expect(sources.length).toBeGreaterThan(100);
  expect(imports.length).toBeGreaterThan(500);
});

it('only the composition root and the command line read the environment', () => {
  const readers = sources.filter(
    (file) => !inside(file, 'packages/dashboard') && /process\.env\b/.test(readFileSync(join(root, file), 'utf8')),
  );
  const allowed = [
    'packages/runtime/src/compose.ts',
    'packages/runtime/src/main.ts',
    'packages/runtime/src/cli',
    'examples',
  ];
  expect(readers.filter((file) => !allowed.some((place) => inside(file, place)))).toEqual([]);
});

it('files, folders and import lists stay small enough to understand', () => {
  const long = sources.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 420);
  const crowded = sources.filter((file) => imports.filter((each) => each.file === file).length > 20);
  const vague = sources.filter((file) => /\/(utils?|helpers?|common|misc|shared)(\/|\.tsx?$)/.test(file));
  expect({
    long,
    crowded: crowded.filter((file) => !['compose.ts', 'index.ts'].includes(basename(file))),
    vague,
  }).toEqual({
    long: [],
    crowded: [],
    vague: [],
  });
});
