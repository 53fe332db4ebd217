/**
 * Runs before `npm start`, `npm test` and the like: installs the dependencies when they are
 * missing or are not those of package-lock.json. Needs nothing but Node >= 20 and npm.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST_NODE_MAJOR = 20;

/**
 * Why `npm ci` has to run, or undefined when what is installed is what the lock file asks for.
 * npm keeps a copy of the lock file inside node_modules, written last; optional packages of other
 * platforms are not in it.
 *
 * @param {string} root the package's folder
 * @returns {string | undefined}
 */
export function reasonToInstall(root) {
  const installedLock = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedLock)) return 'node_modules is absent';
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(installedLock);
  for (const [path, { version, optional }] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined ? !optional : found.version !== version) {
      return `package-lock.json has ${path.replace(/^.*node_modules\//, '')} ${version}`;
    }
  }
  const hasNode = wanted['node_modules/node'] === undefined || existsSync(nodeBinary(root));
  return hasNode ? undefined : 'the binary of the package node is absent';
}

/** @param {string} root @returns {string} */
function nodeBinary(root) {
  const folder = join(root, 'node_modules', 'node', 'bin');
  return join(folder, process.platform === 'win32' ? 'node.exe' : 'node');
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}

/** @param {string} root @returns {boolean} whether the dependencies are there now */
function install(root) {
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    process.stderr.write('npm ci failed: see above; is the package registry reachable?\n');
    return false;
  }
  if (existsSync(nodeBinary(root))) return true;
  process.stderr.write(
    'the package node (Node 24) was not installed, because install scripts are turned off; ' +
      'run: npm ci --ignore-scripts=false\n',
  );
  return false;
}

function main() {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE_MAJOR) {
    process.stderr.write(`sluice needs Node >= 20 to install itself: node=${process.version}\n`);
    process.exit(1);
  }
  const reason = reasonToInstall(root);
  if (reason === undefined) return;
  process.stderr.write(`installing dependencies with npm ci: ${reason}\n`);
  if (install(root)) return;
  if (['pretest', 'preverify'].includes(process.env.npm_lifecycle_event ?? '')) {
    process.stdout.write('0 passed, 1 failed\n');
  }
  process.exit(1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
