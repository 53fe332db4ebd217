/**
 * The logs of a cluster's processes: a folder for each below the data directory.
 *
 * I1  A name from outside is only ever compared with what this class has put there.
 * I2  The folders of the newest processes are kept, and of all that run.
 */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { LogLevel } from '../../core/index.ts';
import { HttpContent, type LogFile } from '../http/index.ts';
import { BoundedLogFile, OLDER_SUFFIX } from './bounded-log-file.ts';

const MAX_FOLDERS = 50;
/** Ids of processes are names of folders. */
const FOLDER = /^[a-z0-9-]{1,100}$/;
const PROFILES = 'profiler';
const TEXT = 'text/plain; charset=UTF-8';

export class ProcessLogs {
  readonly #root: string;
  /** Ids of processes whose logs are open. */
  readonly #open = new Set<string>(['jobmanager']);

  constructor(root: string) {
    this.#root = root;
  }

  /** Of a process that has just started. @param id letters, digits and dashes. */
  open(id: string, kind: 'jobmanager' | 'taskmanager'): ProcessLog {
    this.#prune();
    this.#open.add(id);
    return new ProcessLog(join(this.#root, id), kind, () => this.#open.delete(id));
  }

  /** Of a process that is gone. Undefined: nothing is left of it. */
  find(id: string): ProcessLog | undefined {
    // I1.
    if (!FOLDER.test(id) || !namesIn(this.#root).includes(id)) return undefined;
    return new ProcessLog(join(this.#root, id), 'taskmanager');
  }

  /** I2. */
  #prune(): void {
    const folders = namesIn(this.#root)
      .filter((name) => !this.#open.has(name))
      .map((name) => join(this.#root, name))
      .map((path) => ({ path, atMs: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }));
    const old = folders.toSorted((a, b) => b.atMs - a.atMs).slice(MAX_FOLDERS - 1);
    for (const { path } of old) rmSync(path, { recursive: true, force: true });
  }
}

/** The log of one process. */
export class ProcessLog {
  readonly #folder: string;
  readonly logName: string;
  readonly stdoutName: string;
  readonly #log: BoundedLogFile;
  readonly #stdout: BoundedLogFile;
  readonly #onClose: () => void;

  constructor(
    folder: string,
    kind: 'jobmanager' | 'taskmanager',
    onClose: () => void = () => undefined,
  ) {
    this.#folder = folder;
    this.#onClose = onClose;
    this.logName = `${kind}.log`;
    this.stdoutName = `${kind}.out`;
    this.#log = new BoundedLogFile(join(folder, this.logName));
    this.#stdout = new BoundedLogFile(join(folder, this.stdoutName));
  }

  /** A line of its log. */
  line(atEpochMs: number, level: LogLevel, text: string): void {
    const at = new Date(atEpochMs).toISOString().replace('T', ' ').replace('Z', '');
    this.#log.append(`${at} ${level.toUpperCase().padEnd(5)} ${text}\n`);
  }

  /** What it printed. */
  printed(text: string | Uint8Array): void {
    this.#stdout.append(text);
  }

  /** Newest first. */
  files(): readonly LogFile[] {
    this.#log.flush();
    this.#stdout.flush();
    const files = namesIn(this.#folder).flatMap((name): LogFile[] => {
      const status = lstatSync(join(this.#folder, name), { throwIfNoEntry: false });
      if (!this.#isKnown(name) || status?.isFile() !== true) return [];
      return [{ name, sizeBytes: status.size, changedAtEpochMs: status.mtimeMs }];
    });
    return files.toSorted((a, b) => b.changedAtEpochMs - a.changedAtEpochMs);
  }

  /** I1. Empty: nothing was written to it yet. */
  read(name: string): HttpContent | undefined {
    if (!this.files().some((file) => file.name === name)) {
      const isCurrent = name === this.logName || name === this.stdoutName;
      return isCurrent && !namesIn(this.#folder).includes(name)
        ? new HttpContent(TEXT, new Uint8Array())
        : undefined;
    }
    return new HttpContent(TEXT, readFileSync(join(this.#folder, name)));
  }

  /** @param name of this class' user: no name from outside. */
  keepProfile(name: string, text: string): void {
    const folder = join(this.#folder, PROFILES);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  }

  /** @param name as {@link keepProfile}'s. */
  profile(name: string): Uint8Array {
    return readFileSync(join(this.#folder, PROFILES, name));
  }

  /** @param name as {@link keepProfile}'s. */
  dropProfile(name: string): void {
    rmSync(join(this.#folder, PROFILES, name), { force: true });
  }

  close(): void {
    this.#log.close();
    this.#stdout.close();
    this.#onClose();
  }

  #isKnown(name: string): boolean {
    const known = [this.logName, this.stdoutName];
    return known.includes(name) || known.some((one) => name === `${one}${OLDER_SUFFIX}`);
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Nothing was put there yet.
    return [];
  }
}
