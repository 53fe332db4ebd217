/**
 * Rows as a file that is only appended to. The rows are what the lines of the file, in their
 * order, make of an empty table.
 *
 * - I1: a write is one line. Whoever reads it decides by the lines before it whether its
 *   conditions hold; all decide alike. So a writer appends, reads on up to its line, and knows.
 *   No locks are held, and it holds across processes.
 * - I2: what a call answers follows from all lines that were there when it began.
 * - I3: a file that has grown is replaced by one that begins with its rows. A line of the old file
 *   says so, and has an effect only if no other came since the rows were copied. So no write is
 *   lost, and whoever has the old file open follows.
 * - I4: of the files of one generation one at most is adopted, and the one before it is deleted
 *   only then. `rows.log`, the first, always stays. So the adopted file of the lowest generation,
 *   or else `rows.log`, is where to start reading.
 */
import { randomUUID } from 'node:crypto';
import { readdir, unlink } from 'node:fs/promises';
import type { Row, RowQuery, RowStore, RowWrite } from '../../checkpoint/index.ts';
import { isStreamError } from '../../core/index.ts';
import { checkSteps, RowTable } from '../row-table.ts';
import { rowConflict, rowLogLost, rowStoreError } from '../store-errors.ts';
import { syncDirectory } from './directory-blob-store.ts';
import { type ReadEntry, RowLogFile } from './row-log-file.ts';

const FIRST_FILE = 'rows.log';
const NEXT_FILE = /^rows-(\d+)-[0-9a-f-]+\.log$/;
const MAX_BATCH = 200;
const MAX_LISTINGS = 3;
const DEFAULT_COMPACT_ABOVE_BYTES = 4 * 1024 * 1024;

interface PendingWrite {
  readonly sequence: number;
  readonly steps: readonly RowWrite[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Generation {
  readonly file: RowLogFile;
  readonly number: number;
  table: RowTable;
  isAdopted: boolean;
  /** Where the last line that counts ends. */
  lastEndBytes: number;
}

export class LogRowStore implements RowStore {
  readonly #directory: string;
  readonly #writer = randomUUID();
  readonly #waiting: PendingWrite[] = [];
  /** Appended, and not yet read back. */
  readonly #appended = new Map<number, PendingWrite>();
  #generation: Generation;
  #sequence = 0;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(directory: string, generation: Generation) {
    this.#directory = directory;
    this.#generation = generation;
  }

  /**
   * @param directory exists.
   * @param compactAboveBytes a file that is larger, and much larger than its rows, is replaced.
   * @throws {StreamError} `ROW_STORE_NOT_READABLE`, `ROW_STORE_NOT_WRITABLE`.
   */
  static async open(
    directory: string,
    compactAboveBytes = DEFAULT_COMPACT_ABOVE_BYTES,
  ): Promise<LogRowStore> {
    const store = new LogRowStore(directory, await startOf(directory));
    await store
      .#alone(() => store.#readOn())
      .catch(async (thrown: unknown) => {
        await store.close();
        throw thrown;
      });
    if (store.#generation.lastEndBytes > compactAboveBytes) {
      // It can wait for a better time, with more space on the disk.
      await store.#alone(() => store.#compact()).catch(() => {});
    }
    return store;
  }

  get(partitionKey: string, sortKey: string): Promise<Row | undefined> {
    return this.#read((table) => table.get(partitionKey, sortKey));
  }

  query(partitionKey: string, query?: RowQuery): Promise<readonly Row[]> {
    return this.#read((table) => table.query(partitionKey, query));
  }

  async write(steps: readonly RowWrite[]): Promise<void> {
    checkSteps(steps);
    const written = new Promise<void>((resolve, reject) => {
      const sequence = this.#sequence++;
      this.#waiting.push({ sequence, steps: structuredClone(steps), resolve, reject });
    });
    void this.#alone(() => this.#flush());
    await written;
  }

  async close(): Promise<void> {
    await this.#alone(() => this.#generation.file.close());
  }

  #read<T>(look: (table: RowTable) => T): Promise<T> {
    return this.#alone(async () => {
      await this.#readOn();
      return look(this.#generation.table);
    });
  }

  /** One after the other. */
  #alone<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(call);
    this.#tail = result.catch(() => {});
    return result;
  }

  /** Appends what waits, in one write, and settles it. */
  async #flush(): Promise<void> {
    let batch = this.#waiting.splice(0, MAX_BATCH);
    try {
      while (batch.length > 0) {
        const { file } = this.#generation;
        for (const write of batch) this.#appended.set(write.sequence, write);
        await file.append(
          batch.map(({ sequence, steps }) => ({
            type: 'write',
            writer: this.#writer,
            sequence,
            steps,
          })),
        );
        await this.#readOn();
        // I3: those after the line that moves the rows have had no effect.
        batch = [...this.#appended.values()];
      }
    } catch (thrown) {
      for (const { reject } of this.#appended.values()) reject(thrown);
      this.#appended.clear();
    }
    if (this.#waiting.length > 0) await this.#flush();
  }

  /** Brings the table up to date with the files. */
  async #readOn(): Promise<void> {
    for (let isBehind = true; isBehind; ) {
      isBehind = false;
      const generation = this.#generation;
      for (const read of await generation.file.readOn()) {
        const next = this.#apply(generation, read);
        if (next === undefined) continue;
        await this.#moveTo(next.file, next.generation);
        isBehind = true;
        break;
      }
      const { isAdopted, file, number } = this.#generation;
      if (!isBehind && number > 1 && !isAdopted) {
        await file.append([{ type: 'adopted' }]);
        isBehind = true;
      }
    }
  }

  /** The file to go on with, when the rows have moved. */
  #apply(
    generation: Generation,
    { entry, endBytes }: ReadEntry,
  ): { readonly file: string; readonly generation: number } | undefined {
    const lastEndBytes = generation.lastEndBytes;
    if (entry.type === 'moved') return entry.afterBytes === lastEndBytes ? entry : undefined;
    generation.lastEndBytes = endBytes;
    if (entry.type === 'row') generation.table.restore(entry.row);
    if (entry.type === 'adopted') generation.isAdopted = true;
    if (entry.type === 'write') {
      const refused = generation.table.apply(entry.steps);
      const own = entry.writer === this.#writer ? this.#appended.get(entry.sequence) : undefined;
      if (own !== undefined) this.#appended.delete(own.sequence);
      if (refused === undefined) own?.resolve();
      else own?.reject(rowConflict(refused));
    }
    return undefined;
  }

  async #moveTo(fileName: string, number: number): Promise<void> {
    const old = this.#generation.file;
    const path = `${this.#directory}/${fileName}`;
    const file = await openExisting(path);
    this.#generation =
      file === undefined ? await this.#laterThan(number, path) : generationOf(file, number);
    await old.close();
  }

  /** A file that has been replaced and deleted has an adopted successor. */
  async #laterThan(number: number, path: string): Promise<Generation> {
    // A listing may miss what changes while it is made.
    for (let tries = 0; tries < MAX_LISTINGS; tries++) {
      const start = await startOf(this.#directory);
      if (start.number > number) return start;
      await start.file.close();
    }
    throw rowLogLost(path);
  }

  /** Replaces the file (I3); when another process writes meanwhile, another time. */
  async #compact(): Promise<void> {
    await this.#readOn();
    const { file: old, number, table, lastEndBytes } = this.#generation;
    const rows = table.all().map((row) => ({ type: 'row', row }) as const);
    if (JSON.stringify(rows).length * 4 > lastEndBytes) return;
    const generation = number + 1;
    const file = `rows-${generation}-${randomUUID()}.log`;
    const path = `${this.#directory}/${file}`;
    const candidate = await RowLogFile.open(path, 'new');
    try {
      await candidate.append(rows);
      await syncDirectory(this.#directory);
    } catch (thrown) {
      await unlink(path);
      throw thrown;
    } finally {
      await candidate.close();
    }
    await old.append([{ type: 'moved', file, generation, afterBytes: lastEndBytes }]);
    await this.#readOn();
    await this.#sweep(path);
  }

  /** Deletes files that have been replaced, or that never will be adopted. */
  async #sweep(candidate: string): Promise<void> {
    const { file, number } = this.#generation;
    const stale = (await namesIn(this.#directory))
      .filter((name) => (generationNumber(name) ?? Number.POSITIVE_INFINITY) <= number)
      .map((name) => `${this.#directory}/${name}`)
      .filter((path) => path !== file.path);
    if (candidate !== file.path) stale.push(candidate);
    for (const path of stale) await unlink(path).catch(() => {});
  }
}

/** I4. */
async function startOf(directory: string): Promise<Generation> {
  const later = (await namesIn(directory))
    .map((name) => ({ name, number: generationNumber(name) ?? 0 }))
    .filter(({ number }) => number > 0)
    .sort((a, b) => a.number - b.number);
  for (const { name, number } of later) {
    const file = await openExisting(`${directory}/${name}`);
    const entries = (await file?.readOn()) ?? [];
    if (file !== undefined && entries.some(({ entry }) => entry.type === 'adopted')) {
      file.rewind();
      return generationOf(file, number);
    }
    await file?.close();
  }
  const first = await openFile(`${directory}/${FIRST_FILE}`, 'any');
  await syncDirectory(directory);
  return generationOf(first, 1);
}

function generationOf(file: RowLogFile, number: number): Generation {
  return { file, number, table: new RowTable(), isAdopted: false, lastEndBytes: 0 };
}

async function openFile(path: string, mode: 'existing' | 'any'): Promise<RowLogFile> {
  try {
    return await RowLogFile.open(path, mode);
  } catch (thrown) {
    throw rowStoreError('written', path, thrown);
  }
}

/** Undefined when it has been deleted. */
async function openExisting(path: string): Promise<RowLogFile | undefined> {
  return await openFile(path, 'existing').catch((thrown: unknown) => {
    if (isStreamError(thrown) && thrown.details.reason === 'ENOENT') return undefined;
    throw thrown;
  });
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (thrown) {
    throw rowStoreError('read', directory, thrown);
  }
}

function generationNumber(name: string): number | undefined {
  const match = NEXT_FILE.exec(name);
  return match === null ? undefined : Number(match[1]);
}
