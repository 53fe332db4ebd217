#!/usr/bin/env node
/**
 * The `sluice` command. Finds Node 24, in a clone rebuilds dist/ when a source is newer than it,
 * and hands over to dist/cli.js. Imports nothing but Node's own modules.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NODE_MAJOR = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR) runWithNode24();
else await runHere();

async function runHere() {
  module.enableCompileCache?.();
  if (process.env.SLUICE_LAUNCHED === '1' && process.channel !== undefined) {
    process.once('disconnect', () => process.exit(1));
    process.channel?.unref();
  }
  if (existsSync(join(root, 'runtime')) && isDistStale() && !(await rebuild())) {
    process.exitCode = 1;
    return;
  }
  const { main } = await import(pathToFileURL(join(root, 'dist', 'cli.js')).href);
  process.exitCode = await main(process.argv.slice(2));
}

/** @returns {Promise<boolean>} false when the engine does not compile; esbuild has said why */
async function rebuild() {
  const { build } = await import(pathToFileURL(join(root, 'scripts', 'build.ts')).href);
  try {
    await build();
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'errors' in error)) throw error;
    process.stderr.write('sluice could not be built from its sources: see above\n');
    return false;
  }
}

/** A folder's own time tells of files that were added, renamed or removed. */
function isDistStale() {
  const stamp = statSync(join(root, 'dist', '.stamp'), { throwIfNoEntry: false });
  if (stamp === undefined) return true;
  /** @param {string} path @returns {boolean} */
  const isNewer = (path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats !== undefined && stats.mtimeMs > stamp.mtimeMs;
  };
  /** @param {string} folder @returns {boolean} */
  const hasNewer = (folder) =>
    isNewer(folder) ||
    readdirSync(folder, { withFileTypes: true }).some((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return hasNewer(path);
      return !/\.test\.tsx?$/.test(entry.name) && isNewer(path);
    });
  return ['runtime', 'scripts/cli', 'console'].some((folder) => hasNewer(join(root, folder)));
}

function runWithNode24() {
  const binary = node24Binary();
  if (binary === undefined) {
    process.stderr.write(
      `sluice needs Node >= ${NODE_MAJOR}: install it, or add the package node@${NODE_MAJOR} ` +
        `to your project; in a clone of sluice run npm ci; node=${process.version}\n`,
    );
    process.exitCode = 1;
    return;
  }
  const script = fileURLToPath(import.meta.url);
  // The channel tells the child when this process is gone, however it went.
  const child = spawn(binary, [script, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, SLUICE_LAUNCHED: '1' },
  });
  // A terminal's Ctrl-C reaches the child as well: it takes the second for an echo.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}

/** @returns {string | undefined} */
function node24Binary() {
  try {
    const resolve = module.createRequire(join(root, 'package.json')).resolve;
    const folder = join(dirname(resolve('node/package.json')), 'bin');
    const binary = join(folder, process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}
