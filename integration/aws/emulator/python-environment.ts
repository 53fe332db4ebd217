/**
 * The virtual environment with the pinned emulator: made once, kept in the user's cache.
 *
 * I1  A directory under its final name is complete: it is made under another name and renamed, so
 *     two processes may make it at once and one that dies leaves nothing to be trusted.
 * I2  Its name is a hash of the pinned requirements and of the interpreter: other pins, another
 *     directory.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ProcessFailure, runProcess } from './run-process.ts';

const OLDEST_PYTHON = [3, 10] as const;
const CANDIDATES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
const PROBE = 'import json, sys; print(json.dumps([sys.executable, list(sys.version_info[:3])]))';
const VENV_PROBE = 'import ensurepip, venv';
const INSTALL_TIMEOUT_MS = 300_000;
const PROBE_TIMEOUT_MS = 30_000;

/** An interpreter that is recent enough. */
export interface Python {
  readonly path: string;
  readonly version: string;
}

/** Says what is missing before the emulator can start, and how to get it. */
export class EmulatorUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EmulatorUnavailable';
  }
}

/**
 * The interpreter of a virtual environment that holds `requirementsFile`; makes it when absent,
 * with pip's configured index.
 *
 * @param cacheDirectory where environments are kept; made when absent.
 * @param candidates commands to look for an interpreter, the first recent one is taken.
 * @throws {EmulatorUnavailable} without Python 3.10, without its venv module, without the index.
 */
export async function pythonEnvironment(
  requirementsFile: string,
  cacheDirectory: string = defaultCacheDirectory(),
  candidates: readonly string[] = pythonCandidates(),
): Promise<string> {
  const python = await findPython(candidates);
  const key = createHash('sha256')
    .update(readFileSync(requirementsFile))
    .update(`${python.path} ${python.version}`);
  const directory = join(cacheDirectory, `emulator-${key.digest('hex').slice(0, 16)}`);
  if (!existsSync(directory)) await make(directory, python, requirementsFile);
  return interpreterOf(directory);
}

/** Finds an interpreter of at least Python 3.10. @throws {EmulatorUnavailable} without one. */
export async function findPython(candidates: readonly string[]): Promise<Python> {
  const seen: string[] = [];
  for (const command of candidates) {
    const found = await probe(command);
    if (found === undefined) continue;
    const [path, version] = found;
    if (isRecent(version)) return { path, version: version.join('.') };
    seen.push(`${command} is ${version.join('.')}`);
  }
  const found = seen.length === 0 ? 'no Python was found' : seen.join(', ');
  throw new EmulatorUnavailable(
    `the AWS emulator needs Python ${OLDEST_PYTHON.join('.')} or newer, but ${found}. Install it ` +
      '(apt install python3 python3-venv, dnf install python3, brew install python) or name one ' +
      'with SLUICE_PYTHON=/path/to/python3',
  );
}

function pythonCandidates(): readonly string[] {
  const named = process.env.SLUICE_PYTHON;
  return named === undefined || named === '' ? CANDIDATES : [named];
}

function defaultCacheDirectory(): string {
  const { SLUICE_CACHE_DIR: own, XDG_CACHE_HOME: xdg } = process.env;
  if (own !== undefined && own !== '') return own;
  const home = process.platform === 'darwin' ? 'Library/Caches' : '.cache';
  return join(xdg === undefined || xdg === '' ? join(homedir(), home) : xdg, 'sluice');
}

async function probe(command: string): Promise<readonly [string, readonly number[]] | undefined> {
  try {
    const { stdout } = await runProcess(command, ['-c', PROBE], { timeoutMs: PROBE_TIMEOUT_MS });
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

function isRecent([major = 0, minor = 0]: readonly number[]): boolean {
  const [oldestMajor, oldestMinor] = OLDEST_PYTHON;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

async function make(directory: string, python: Python, requirementsFile: string): Promise<void> {
  const draft = `${directory}.${process.pid}`;
  mkdirSync(dirname(directory), { recursive: true });
  try {
    await makeVenv(python, draft);
    await install(draft, requirementsFile);
    renameSync(draft, directory);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // I1: another process may have been quicker.
    if (!existsSync(directory)) throw error;
  }
}

async function makeVenv(python: Python, directory: string): Promise<void> {
  const options = { timeoutMs: INSTALL_TIMEOUT_MS };
  try {
    await runProcess(python.path, ['-c', VENV_PROBE], options);
    await runProcess(python.path, ['-m', 'venv', directory], options);
  } catch (cause) {
    throw new EmulatorUnavailable(
      `the AWS emulator needs a virtual environment, but ${python.path} (${python.version}) ` +
        'cannot make one. Install its venv module (apt install python3-venv) or name another ' +
        `Python with SLUICE_PYTHON=/path/to/python3: ${outputOf(cause)}`,
      { cause },
    );
  }
}

async function install(directory: string, requirementsFile: string): Promise<void> {
  const flags = ['--quiet', '--disable-pip-version-check', '--no-input'];
  try {
    await runProcess(
      interpreterOf(directory),
      ['-m', 'pip', 'install', ...flags, '-r', requirementsFile],
      { timeoutMs: INSTALL_TIMEOUT_MS },
    );
  } catch (cause) {
    throw new EmulatorUnavailable(
      'the AWS emulator could not be installed with pip: is the package index that pip is ' +
        `configured for (pip config list) reachable? ${outputOf(cause)}`,
      { cause },
    );
  }
}

function interpreterOf(directory: string): string {
  return join(directory, 'bin', 'python');
}

function outputOf(error: unknown): string {
  return error instanceof ProcessFailure ? error.lastLines(5) : String(error);
}
