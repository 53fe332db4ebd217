import { readFile } from 'node:fs/promises';
import { reasonOf } from '../store-errors.ts';

/** A process, and not another one that has its pid later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Boot and start of the process; empty where the system does not say. */
  readonly started: string;
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  return { pid: process.pid, started: await startOf(process.pid) };
}

/** False when it is certain that the process is gone. */
export async function isAlive({ pid, started }: ProcessIdentity): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    return reasonOf(thrown) !== 'ESRCH';
  }
  return started === '' || (await startOf(pid)) === started;
}

/** Linux says when a process was started, in ticks since a boot that has an id. */
async function startOf(pid: number): Promise<string> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command, in parentheses, may hold anything; the start is the 20th field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'ended' : `${boot.trim()}:${fields[19] ?? ''}`;
  } catch {
    return '';
  }
}
