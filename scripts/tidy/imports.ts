import { dirname, posix } from 'node:path';
import type { Finding } from './finding.ts';
import { lineAt, type SourceText } from './source-text.ts';

/** Ranks of style.md §1: a folder imports only from folders of strictly lower rank. */
export const FOLDER_RANKS: Readonly<Record<string, number>> = {
  'runtime/core': 0,
  'runtime/protocol': 1,
  'runtime/state': 2,
  'runtime/exchange': 2,
  'runtime/time': 3,
  'runtime/sort': 3,
  'runtime/operators': 4,
  'runtime/checkpoint': 4,
  'runtime/windowing': 5,
  'runtime/connectors': 5,
  'runtime/graph': 6,
  'runtime/api': 7,
  'runtime/cep': 8,
  'runtime/state-processor': 8,
  'runtime/taskmanager': 8,
  'runtime/jobmaster': 8,
  'runtime/adapters': 9,
  // runtime/index.ts, the package's front door: it plugs the local cluster into the API.
  runtime: 9.5,
  'runtime/testing': 10,
  'runtime/simulation': 11,
  functions: 12,
  cdk: 12,
  console: 12,
  scripts: 12,
  examples: 13,
  integration: 14,
};

const TESTING_RANK = 10;
const EXTERNAL_HOMES: readonly (readonly [start: string, homes: readonly string[]])[] = [
  ['@aws-sdk/', ['runtime/adapters/aws/', 'integration/']],
  ['@middy/', ['functions/']],
  ['aws-cdk-lib', ['cdk/', 'integration/']],
];
const EFFECT_MODULES =
  /^node:(fs|worker_threads|child_process|cluster|net|http|https|http2|dgram|tls|timers|perf_hooks|process|os)(\/|$)/;

interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** True for files that only tests load. */
export function isTestFile(path: string): boolean {
  return /\.(test|conformance|bench|itest)\.tsx?$/.test(path);
}

/** The ranked folder a file belongs to. */
export function unitOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  const isInFolder = path.split('/').length > 2;
  return top === 'runtime' && isInFolder ? `runtime/${second}` : top;
}

/** Every static, dynamic and re-exporting import of a file. */
export function importsOf({ codeAndStrings }: SourceText): Import[] {
  const pattern =
    /(?:^|[\s;}])(?:import|export)\s(?:[^'";]*?\sfrom\s*)?['"]([^'"\n]+)['"]|\bimport\s*\(\s*['"]([^'"\n]+)['"]/g;
  return [...codeAndStrings.matchAll(pattern)].map((match) => ({
    specifier: match[1] ?? match[2] ?? '',
    line: lineAt(codeAndStrings, match.index + match[0].length),
  }));
}

/** Checks where a file's imports lead. */
export function checkImports(source: SourceText): Finding[] {
  const findings: Finding[] = [];
  for (const { specifier, line } of importsOf(source)) {
    const message = specifier.startsWith('.')
      ? relativeImportFault(source.path, posix.join(dirname(source.path), specifier), specifier)
      : packageImportFault(source.path, specifier);
    if (message !== undefined) findings.push({ path: source.path, line, rule: 'imports', message });
  }
  return findings;
}

/** A cycle of ranked folders, or of the folders below one, as `a → b → a`. */
export function folderCycle(sources: readonly SourceText[]): string | undefined {
  const edges = new Map<string, Set<string>>();
  for (const source of sources) {
    if (isTestFile(source.path)) continue;
    const from = dirname(source.path);
    for (const { specifier } of importsOf(source)) {
      if (!specifier.startsWith('.')) continue;
      const to = dirname(posix.join(from, specifier));
      // A folder and the folders below it are one room: its index names what they hold.
      if (to === from || `${to}/`.startsWith(`${from}/`) || `${from}/`.startsWith(`${to}/`))
        continue;
      const targets = edges.get(from) ?? new Set();
      edges.set(from, targets.add(to));
    }
  }
  return findCycle(edges);
}

function findCycle(edges: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const done = new Set<string>();
  const visit = (folder: string, trail: readonly string[]): string | undefined => {
    const seenAt = trail.indexOf(folder);
    if (seenAt >= 0) return [...trail.slice(seenAt), folder].join(' → ');
    if (done.has(folder)) return undefined;
    for (const next of edges.get(folder) ?? []) {
      const cycle = visit(next, [...trail, folder]);
      if (cycle !== undefined) return cycle;
    }
    done.add(folder);
    return undefined;
  };
  for (const folder of edges.keys()) {
    const cycle = visit(folder, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function relativeImportFault(path: string, target: string, specifier: string): string | undefined {
  if (!/\.(tsx?|mjs|json)$/.test(specifier)) return `'${specifier}' needs its extension, .ts`;
  const [from, to] = [unitOf(path), unitOf(target)];
  const isIndex = posix.basename(target) === 'index.ts';
  if (from === to) {
    const [folder, targetFolder] = [dirname(path), dirname(target)];
    const isBelow = `${targetFolder}/`.startsWith(`${folder}/`);
    const isAbove = `${folder}/`.startsWith(`${targetFolder}/`) || from === 'scripts';
    const ok = isBelow || isAbove || isIndex || isTestFile(path);
    return ok ? undefined : `'${specifier}' reaches into another folder; import its index.ts`;
  }
  if (to === '..' || target.startsWith('..')) return `'${specifier}' leaves the repository`;
  if (/\.json$/.test(target)) return undefined;
  const [rank, targetRank] = [FOLDER_RANKS[from], FOLDER_RANKS[to]];
  if (rank === undefined || targetRank === undefined) return undefined;
  if (isTestFile(path) && targetRank === TESTING_RANK) {
    return isIndex ? undefined : `'${specifier}' is a deep import; import ${to}/index.ts`;
  }
  if (isTestFile(path) && rank === FOLDER_RANKS.examples && to === 'scripts') return undefined;
  // The front door shows the local cluster too.
  if (from === 'runtime' && to === 'runtime/adapters' && isIndex) return undefined;
  if (targetRank >= rank) {
    return `${from} (rank ${rank}) must not import ${to} (rank ${targetRank}): style.md §1`;
  }
  return isIndex || to === 'scripts'
    ? undefined
    : `'${specifier}' is a deep import; import ${to}/index.ts`;
}

function packageImportFault(path: string, specifier: string): string | undefined {
  for (const [start, homes] of EXTERNAL_HOMES) {
    if (specifier.startsWith(start) && !homes.some((home) => path.startsWith(home))) {
      return `'${specifier}' may be imported only in ${homes.join(', ')}`;
    }
  }
  const isPure =
    path.startsWith('runtime/') &&
    !/^runtime\/(adapters|connectors|testing)\//.test(path) &&
    !isTestFile(path);
  if (isPure && EFFECT_MODULES.test(specifier)) {
    return `'${specifier}' reaches the world; use a port, implemented in runtime/adapters`;
  }
  return undefined;
}
