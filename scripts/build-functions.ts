/**
 * `node scripts/build-functions.ts`: bundles the AWS functions, each with everything it imports,
 * `functions/<name>/handler.ts` to `dist/functions/<name>/index.mjs`. A file `<x>.worker.ts` beside
 * a handler becomes `<x>.worker.mjs` beside the bundle, for what runs in a thread of its own.
 *
 * I1  The same sources make the same bytes, wherever the clone lies: CDK uploads, and Lambda starts
 *     anew, only what has changed.
 * I2  A folder whose files would be the same is left alone. Another is replaced by rename: builds
 *     may run at the same time.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { REPOSITORY_ROOT } from './source-files.ts';

/** A function's bundle, and what is not in it. */
export interface BuiltFunction {
  readonly name: string;
  /** Of `index.mjs`. */
  readonly sizeBytes: number;
  /** Why it should not be deployed so. */
  readonly warning?: string;
}

/**
 * Lambda compiles and runs the whole bundle in every cold start: the sweeper's 1.0 MB, nearly all
 * of it the AWS SDK, take 90 ms with a core to themselves, and several times as long in the small
 * functions, which get a fraction of one. Lambda's own limit, 250 MB, is no guide.
 */
export const BUNDLE_LIMITS_BYTES: Readonly<Record<string, number>> = {
  api: 2_000_000,
  // These evaluate programs: they have all that a program may import.
  plan: 2_300_000,
  coordinator: 2_300_000,
  taskmanager: 2_000_000,
  settle: 1_200_000,
  sweeper: 1_200_000,
  ticks: 1_000_000,
};

const RENAMES = 5;
/** CommonJS inside a bundle asks for Node's own modules by `require`. */
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module';" +
  'const require = __createRequire(import.meta.url);';

/** Folders of `functions/` with a handler, sorted. */
export function functionNames(root: string = REPOSITORY_ROOT): readonly string[] {
  const folder = join(root, 'functions');
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'handler.ts')))
    .sort();
}

/** Builds all functions below `root` into `outDirectory`. */
export async function buildFunctions(
  root: string = REPOSITORY_ROOT,
  outDirectory: string = join(root, 'dist', 'functions'),
): Promise<readonly BuiltFunction[]> {
  const names = functionNames(root);
  mkdirSync(outDirectory, { recursive: true });
  return await Promise.all(names.map((name) => buildFunction(root, name, outDirectory)));
}

async function buildFunction(
  root: string,
  name: string,
  outDirectory: string,
): Promise<BuiltFunction> {
  const { build } = await import('esbuild');
  const folder = join(root, 'functions', name);
  const workers = readdirSync(folder).filter((file) => file.endsWith('.worker.ts'));
  const entryPoints = [
    { out: 'index', in: join(folder, 'handler.ts') },
    ...workers.map((file) => ({ out: basename(file, '.ts'), in: join(folder, file) })),
  ];
  const target = join(outDirectory, name);
  const { outputFiles } = await build({
    entryPoints,
    outdir: target,
    absWorkingDir: root,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    conditions: ['sluice-source', 'module'],
    banner: { js: REQUIRE },
    // Names stay: metrics and stack traces of user functions show them.
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: true,
    sourcesContent: false,
    sourceRoot: 'sluice',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const files = outputFiles.map(({ path, contents, text }) => ({
    file: basename(path),
    contents: Buffer.from(path.endsWith('.map') ? portableMap(text, root, target) : contents),
  }));
  replaceFolder(target, files);
  const sizeBytes = files.find(({ file }) => file === 'index.mjs')?.contents.length ?? 0;
  return { name, sizeBytes, ...warningOf(name, sizeBytes) };
}

/** I1: sources by their path in the clone, not by the way from the output to them. */
function portableMap(text: string, root: string, target: string): string {
  const map = JSON.parse(text) as { sources: string[] };
  const sources = map.sources.map((source) => relative(root, join(target, source)));
  return JSON.stringify({ ...map, sources: sources.map((path) => path.replaceAll('\\', '/')) });
}

interface OutputFile {
  readonly file: string;
  readonly contents: Buffer;
}

/** I2. */
function replaceFolder(target: string, files: readonly OutputFile[]): void {
  if (holdsExactly(target, files)) return;
  const next = mkdtempSync(`${target}.tmp-`);
  // What mkdtemp makes only its owner may read.
  chmodSync(next, 0o755);
  for (const { file, contents } of files) writeFileSync(join(next, file), contents);
  for (let left = RENAMES; ; left--) {
    rmSync(target, { recursive: true, force: true });
    try {
      renameSync(next, target);
      return;
    } catch (error) {
      // Another build was there first.
      if (left === 0) throw error;
    }
  }
}

function holdsExactly(target: string, files: readonly OutputFile[]): boolean {
  if (!existsSync(target) || readdirSync(target).length !== files.length) return false;
  return files.every(({ file, contents }) => {
    const path = join(target, file);
    return existsSync(path) && readFileSync(path).equals(contents);
  });
}

function warningOf(name: string, sizeBytes: number): Pick<BuiltFunction, 'warning'> {
  const limitBytes = BUNDLE_LIMITS_BYTES[name] ?? 0;
  if (sizeBytes <= limitBytes) return {};
  const sizes = `function=${name} sizeBytes=${sizeBytes} limitBytes=${limitBytes}`;
  const warning = 'a bundle is larger than it should be, and starts slowly: what has it imported?';
  return { warning: `${warning} ${sizes}` };
}

if (import.meta.main) {
  for (const { name, sizeBytes, warning } of await buildFunctions()) {
    process.stderr.write(`${name.padEnd(12)} ${(sizeBytes / 1000).toFixed(0).padStart(6)} KB\n`);
    if (warning !== undefined) process.stderr.write(`warning: ${warning}\n`);
  }
}
