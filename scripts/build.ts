/**
 * `node scripts/build.ts [--types]`: bundles the package and its console into dist/; with `--types`
 * also writes the declarations and bundles the AWS functions. `scripts/sluice.mjs` calls
 * {@link build} in a clone whenever a source changed.
 *
 * I1  A process may import dist/ while another builds it: chunks carry their hash in their name
 *     and stay for an hour after they were replaced; entries appear by rename, after the chunks.
 * I2  The stamp is written last, and bears the time at which the build began to read sources.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { BuildOptions, OutputFile } from 'esbuild';
import { buildConsole } from './build-console.ts';
import { buildFunctions } from './build-functions.ts';
import { REPOSITORY_ROOT } from './source-files.ts';

/** Output name → source. An entry whose source is not there (yet) is left out. */
const ENTRIES: Readonly<Record<string, string>> = {
  index: 'runtime/index.ts',
  testing: 'runtime/testing/index.ts',
  cep: 'runtime/cep/index.ts',
  'state-processor': 'runtime/state-processor/index.ts',
  cdk: 'cdk/index.ts',
  cli: 'scripts/cli/main.ts',
  'slot-worker': 'runtime/slot-worker.ts',
  'task-manager-process': 'runtime/task-manager-process.ts',
};
/** As {@link ENTRIES}, with their libraries: the package is installed without them. */
const BUNDLED_ENTRIES: Readonly<Record<string, string>> = {
  prometheus: 'runtime/prometheus.ts',
  'open-telemetry': 'runtime/open-telemetry.ts',
};
const STALE_AFTER_MS = 3_600_000;

/** Bundles everything that exists of {@link ENTRIES} into `<root>/dist`. */
export async function build(root: string = REPOSITORY_ROOT): Promise<void> {
  const startedAt = new Date();
  const outputFiles = [
    ...(await bundled(root, ENTRIES, { packages: 'external', splitting: true, sourcemap: true })),
    ...(await bundled(root, BUNDLED_ENTRIES, { minify: true, banner: { js: REQUIRE } })),
  ];
  mkdirSync(join(root, 'dist'), { recursive: true });
  const entries = { ...ENTRIES, ...BUNDLED_ENTRIES };
  const isEntry = (path: string): boolean =>
    Object.hasOwn(entries, basename(path).split('.')[0] ?? '');
  // I1: what is imported before what imports it.
  const ordered = outputFiles.toSorted((a, b) => +isEntry(a.path) - +isEntry(b.path));
  for (const { path, contents } of ordered) {
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, contents);
    renameSync(temporary, path);
  }
  await buildConsole(root);
  removeStaleChunks(join(root, 'dist'), new Set(ordered.map(({ path }) => basename(path))));
  const stamp = join(root, 'dist', '.stamp');
  writeFileSync(stamp, '');
  utimesSync(stamp, startedAt, startedAt);
}

/** Libraries that are CommonJS call it. */
const REQUIRE =
  "import { createRequire as sluiceRequire } from 'node:module';" +
  'const require = sluiceRequire(import.meta.url);';

async function bundled(
  root: string,
  entries: Readonly<Record<string, string>>,
  more: Pick<BuildOptions, 'packages' | 'splitting' | 'sourcemap' | 'minify' | 'banner'>,
): Promise<readonly OutputFile[]> {
  const { build: bundle } = await import('esbuild');
  const entryPoints = Object.entries(entries)
    .filter(([, source]) => existsSync(join(root, source)))
    .map(([out, source]) => ({ out, in: join(root, source) }));
  if (entryPoints.length === 0) return [];
  const { outputFiles } = await bundle({
    entryPoints,
    outdir: join(root, 'dist'),
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    conditions: ['sluice-source'],
    keepNames: true,
    chunkNames: '[name]-[hash]',
    logLevel: 'warning',
    ...more,
  });
  return outputFiles;
}

function removeStaleChunks(dist: string, current: ReadonlySet<string>): void {
  for (const name of readdirSync(dist)) {
    if (!/\.(js|map|tmp)$/.test(name) || current.has(name)) continue;
    const path = join(dist, name);
    const ageMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (ageMs > STALE_AFTER_MS) rmSync(path, { force: true });
  }
}

/** Writes dist/types. Answers false, after the compiler's messages, when a type is wrong. */
export function buildTypes(root: string = REPOSITORY_ROOT): boolean {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  rmSync(join(root, 'dist', 'types'), { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status === 0) pointDeclarationsAtDeclarations(join(root, 'dist', 'types'));
  return status === 0;
}

/** `from './x.ts'` → `from './x.js'`: a consumer has the declarations only. */
function pointDeclarationsAtDeclarations(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.name.endsWith('.d.ts')) continue;
    const path = join(entry.parentPath, entry.name);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replaceAll(/(["']\.{1,2}\/[^"'\n]*)\.ts(["'])/g, '$1.js$2'));
  }
}

if (import.meta.main) {
  const withTypes = process.argv.includes('--types');
  // A package that is published has no chunks of former builds.
  if (withTypes) rmSync(join(REPOSITORY_ROOT, 'dist'), { recursive: true, force: true });
  await build();
  if (withTypes) {
    await buildFunctions();
    if (!buildTypes()) process.exitCode = 1;
  }
}
