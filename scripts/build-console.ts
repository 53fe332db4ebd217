/**
 * Bundles the web console into dist/console: `index.html`, and under `assets/` what it loads, each
 * with its hash in its name.
 *
 * I1  Nothing of it comes from elsewhere, and nothing stands inline: it works under the policy
 *     `script-src 'self'; style-src 'self'`.
 * I2  index.html appears last, by rename; assets of former builds stay for an hour.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { REPOSITORY_ROOT } from './source-files.ts';

/** A file below dist/console. */
export interface ConsoleFile {
  readonly path: string;
  readonly contents: Uint8Array;
}

/** Output name → source. */
const ENTRIES: Readonly<Record<string, string>> = {
  main: 'console/main.tsx',
  theme: 'console/theme.ts',
  'layout-worker': 'console/graph/layout-worker.ts',
  styles: 'console/styles/index.css',
};
/** Bundled libraries, whose licences ask for their notices. */
const LIBRARIES = ['preact', 'uplot', '@dagrejs/dagre', '@dagrejs/graphlib'];
const STALE_AFTER_MS = 3_600_000;

/** The console's files, index.html last; none when there is no console below `root`. */
export async function bundleConsole(root: string = REPOSITORY_ROOT): Promise<ConsoleFile[]> {
  if (!existsSync(join(root, 'console', 'index.html'))) return [];
  const { build: bundle } = await import('esbuild');
  const { outputFiles, metafile } = await bundle({
    entryPoints: Object.entries(ENTRIES).map(([out, source]) => ({ out, in: join(root, source) })),
    outdir: join(root, 'dist', 'console', 'assets'),
    absWorkingDir: root,
    ...{ bundle: true, write: false, splitting: true, minify: true, metafile: true },
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: '[name]-[hash]',
    chunkNames: 'chunk-[hash]',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const names = new Map<string, string>();
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
    const name = Object.keys(ENTRIES).find((key) => ENTRIES[key] === entryPoint);
    if (name !== undefined) names.set(name, `assets/${basename(path)}`);
  }
  const encoder = new TextEncoder();
  return [
    ...outputFiles.map(({ path, contents }) => ({ path: `assets/${basename(path)}`, contents })),
    { path: 'licenses.txt', contents: encoder.encode(notices(root)) },
    { path: 'index.html', contents: encoder.encode(indexPage(root, names)) },
  ];
}

/** Writes {@link bundleConsole} into `<root>/dist/console`. */
export async function buildConsole(root: string = REPOSITORY_ROOT): Promise<void> {
  const files = await bundleConsole(root);
  if (files.length === 0) return;
  const folder = join(root, 'dist', 'console');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  for (const { path, contents } of files) {
    const temporary = join(folder, `${path}.${process.pid}.tmp`);
    writeFileSync(temporary, contents);
    renameSync(temporary, join(folder, path));
  }
  removeStale(join(folder, 'assets'), new Set(files.map(({ path }) => basename(path))));
}

/** `{{name}}` in index.html is where the entry of this name lies. */
function indexPage(root: string, names: ReadonlyMap<string, string>): string {
  const template = readFileSync(join(root, 'console', 'index.html'), 'utf8');
  return template.replaceAll(/\{\{([\w-]+)\}\}/g, (_match, name: string) => {
    const path = names.get(name);
    if (path === undefined) throw new Error(`index.html asks for what is not built: ${name}`);
    return path;
  });
}

function notices(root: string): string {
  const texts = LIBRARIES.map((name) => {
    const folder = join(root, 'node_modules', name);
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`a library of the console has no licence: ${name}`);
    return `${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return texts.join('\n----\n\n');
}

function removeStale(folder: string, current: ReadonlySet<string>): void {
  for (const name of readdirSync(folder)) {
    if (current.has(name)) continue;
    const path = join(folder, name);
    const ageMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (ageMs > STALE_AFTER_MS) rmSync(path, { force: true });
  }
}
