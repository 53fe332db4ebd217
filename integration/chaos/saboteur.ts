/**
 * Loaded before a process under test and into each of its threads (`--import`): makes file
 * operations below the round's directory fail, and slots' threads die, as a control file says.
 *
 * I1  The engine is the one that is shipped: nothing in it knows of this file. What fails are
 *     Node's own calls below its ports.
 * I2  Orders come in through files, so that they reach every process and thread: `disk.json`
 *     holds while it is there; a `kill-thread` file is taken by one thread, by renaming it.
 */
import { existsSync, promises, readFileSync, renameSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import type { DiskFault } from './plan.ts';

/** Names of the control files. */
export const DISK_ORDER = 'disk.json';
export const THREAD_ORDERS = { exit: 'kill-thread-exit', throw: 'kill-thread-throw' } as const;

const POLL_MS = 20;
const CHANGING_CALLS = ['link', 'mkdir', 'rename', 'rm', 'unlink'] as const;
const HANDLE_CALLS = ['datasync', 'sync', 'write', 'writeFile'] as const;

type Call = (...args: unknown[]) => Promise<unknown>;

const url = new URL(import.meta.url);
const control = url.searchParams.get('control');
if (control !== null) install(control, url.searchParams.get('below') ?? control);

function install(controlDirectory: string, below: string): void {
  breakDisk(join(controlDirectory, DISK_ORDER), below);
  if (!isMainThread) watchForDeath(controlDirectory);
}

function breakDisk(order: string, below: string): void {
  const calls = promises as unknown as Record<string, Call>;
  for (const name of CHANGING_CALLS) {
    const real = calls[name];
    if (real === undefined) continue;
    calls[name] = (...args) =>
      isBelow(args[0], below) ? faulty(order, name, args, real) : real(...args);
  }
  const open = calls.open;
  if (open === undefined) return;
  calls.open = async (...args) => {
    if (!isBelow(args[0], below)) return await open(...args);
    const isWriting = args[1] !== 'r';
    const handle = await (isWriting ? faulty(order, 'open', args, open) : open(...args));
    return breakHandle(handle as FileHandle, order);
  };
  syncBuiltinESMExports();
}

function breakHandle(handle: FileHandle, order: string): FileHandle {
  const calls = handle as unknown as Record<string, Call>;
  for (const name of HANDLE_CALLS) {
    const real = calls[name];
    if (real !== undefined) {
      calls[name] = (...args) => faulty(order, name, args, real.bind(handle));
    }
  }
  return handle;
}

async function faulty(
  order: string,
  name: string,
  args: readonly unknown[],
  real: Call,
): Promise<unknown> {
  const fault = readFault(order);
  if (fault === undefined || Math.random() >= fault.share) return await real(...args);
  if (fault.when === 'after') {
    const result = await real(...args);
    // An open file that nobody closes would be this file's fault.
    if (name === 'open') await (result as FileHandle).close();
  }
  if (fault.when === 'partly' && args[0] instanceof Uint8Array) {
    const part = args[0].subarray(0, Math.floor(Math.random() * args[0].length));
    const result = await real(part, ...args.slice(1));
    // A full disk says so at the next write only.
    if (name === 'write') return result;
  }
  throw Object.assign(new Error(`${fault.code}: made by the chaos test, ${name}`), {
    code: fault.code,
    syscall: name,
  });
}

function readFault(order: string): DiskFault | undefined {
  if (!existsSync(order)) return undefined;
  try {
    return JSON.parse(readFileSync(order, 'utf8')) as DiskFault;
  } catch {
    return undefined;
  }
}

function isBelow(path: unknown, below: string): boolean {
  return typeof path === 'string' && path.startsWith(`${below}/`);
}

function watchForDeath(controlDirectory: string): void {
  const timer = setInterval(() => {
    for (const [how, name] of Object.entries(THREAD_ORDERS)) {
      const order = join(controlDirectory, name);
      if (!existsSync(order) || !takes(order)) continue;
      if (how === 'exit') process.exit(3);
      throw new Error('thrown by the chaos test in a slot’s thread');
    }
  }, POLL_MS);
  timer.unref();
}

function takes(order: string): boolean {
  try {
    renameSync(order, `${order}.${process.pid}-${threadId}`);
    return true;
  } catch {
    return false;
  }
}
