/**
 * A source of one's own, by the split contract: reads a Parquet file, one split a row group.
 *
 * The enumerator (one a job) reads the file's footer and hands out the row groups in order, one
 * at a time, to readers that ask. A reader (one a subtask) fetches and decodes the row group's
 * columns asynchronously, then emits its records synchronously.
 *
 * I1  A split carries its position: records of it emitted so far. A reader that gets it back
 *     after a failure decodes the row group again and goes on from there.
 * I2  With one reader, row groups are read in the file's order.
 * I3  A reader may ask before the footer is read: it is answered afterwards.
 */

import { zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet';
import {
  type EnumeratorContext,
  NO_TIMESTAMP_MS,
  type ReaderContext,
  type ReaderOutput,
  type Source,
  type SourceEvent,
  type SourceReader,
  type SplitEnumerator,
  StreamError,
} from 'sluice';

/** Decoded columns of one row group, by name; index = row in the group. */
export type ParquetColumns = Readonly<Record<string, readonly unknown[]>>;

/** The records of a row group. */
export interface RowGroupRecords<T> {
  readonly count: number;
  at(index: number): T;
}

export interface ParquetSourceOptions<T> {
  readonly path: string;
  readonly columns: readonly string[];
  /** Turns a row group's columns into its records; the same columns give the same records. */
  readonly decode: (columns: ParquetColumns) => RowGroupRecords<T>;
  /** Reads the first so many rows only. */
  readonly maxRowCount?: number;
}

/** Rows `rowStart` to `rowEnd` - 1 of the file, all in one row group. */
export interface ParquetSplit {
  readonly splitId: string;
  readonly rowStart: number;
  readonly rowEnd: number;
  /** Records emitted so far (I1). */
  readonly position: number;
}

/** Row groups not yet handed out, and the rows of them all. */
export interface ParquetEnumeratorState {
  readonly pending: readonly ParquetSplit[];
  readonly totalRowCount: number;
}

export function parquetSource<T>(
  options: ParquetSourceOptions<T>,
): Source<T, ParquetSplit, ParquetEnumeratorState | null> {
  return {
    name: `parquet(${options.path})`,
    boundedness: 'BOUNDED',
    splitId: ({ splitId }) => splitId,
    createEnumerator: (ctx, state) => new ParquetEnumerator(options, ctx, state),
    createReader: (ctx) => new ParquetReader(options, ctx),
  };
}

class ParquetEnumerator<T> implements SplitEnumerator<ParquetSplit, ParquetEnumeratorState | null> {
  readonly #options: ParquetSourceOptions<T>;
  readonly #ctx: EnumeratorContext<ParquetSplit>;
  #state: { pending: ParquetSplit[]; totalRowCount: number } | undefined;
  readonly #asking: number[] = [];

  constructor(
    options: ParquetSourceOptions<T>,
    ctx: EnumeratorContext<ParquetSplit>,
    state: ParquetEnumeratorState | null | undefined,
  ) {
    this.#options = options;
    this.#ctx = ctx;
    if (state) this.#state = { ...state, pending: [...state.pending] };
  }

  async start(): Promise<void> {
    this.#state ??= await this.#findSplits();
    for (const subtaskIndex of this.#asking.splice(0)) this.handleSplitRequest(subtaskIndex);
  }

  addReader(): void {}

  handleSplitRequest(subtaskIndex: number): void {
    if (this.#state === undefined) {
      this.#asking.push(subtaskIndex); // I3
      return;
    }
    const split = this.#state.pending.shift();
    if (split === undefined) this.#ctx.signalNoMoreSplits(subtaskIndex);
    else this.#ctx.assignSplits(subtaskIndex, [split]);
  }

  addSplitsBack(splits: readonly ParquetSplit[]): void {
    this.#state?.pending.unshift(...splits);
  }

  snapshotState(): ParquetEnumeratorState | null {
    return this.#state === undefined ? null : { ...this.#state, pending: [...this.#state.pending] };
  }

  totalProgress(): number | undefined {
    return this.#state?.totalRowCount;
  }

  close(): void {}

  async #findSplits(): Promise<{ pending: ParquetSplit[]; totalRowCount: number }> {
    const { path, maxRowCount = Number.POSITIVE_INFINITY } = this.#options;
    const metadata = await parquetMetadataAsync(await openFile(path));
    const pending: ParquetSplit[] = [];
    let rowStart = 0;
    for (const [index, group] of metadata.row_groups.entries()) {
      const rowEnd = Math.min(rowStart + Number(group.num_rows), maxRowCount);
      if (rowEnd <= rowStart) break;
      pending.push({ splitId: `row-group-${index}`, rowStart, rowEnd, position: 0 });
      rowStart = rowEnd;
    }
    return { pending, totalRowCount: rowStart };
  }
}

interface OpenSplit<T> {
  readonly split: ParquetSplit;
  readonly records: RowGroupRecords<T>;
  position: number;
}

class ParquetReader<T> implements SourceReader<T, ParquetSplit> {
  readonly #options: ParquetSourceOptions<T>;
  readonly #ctx: ReaderContext;
  readonly #waiting: ParquetSplit[] = [];
  #open: OpenSplit<T> | undefined;
  #opening: Promise<void> | undefined;
  #noMoreSplits = false;
  #wake = Promise.withResolvers<void>();
  #emittedCount = 0;

  constructor(options: ParquetSourceOptions<T>, ctx: ReaderContext) {
    this.#options = options;
    this.#ctx = ctx;
  }

  /** Asks for a split, unless it has been given some: after a restore they may be several. */
  start(): void {
    if (this.#waiting.length === 0) this.#ctx.sendToEnumerator({ type: 'request-split' });
  }

  pollNext(output: ReaderOutput<T>, maxRecords: number): 'more' | 'nothing' | 'end' {
    const open = this.#open;
    if (open === undefined) return this.#openNext();
    const { records, split } = open;
    const end = Math.min(open.position + maxRecords, records.count);
    if (open.position === split.position) output.beginSplit(split.splitId);
    this.#emittedCount += end - open.position;
    while (open.position < end) output.collect(records.at(open.position++), NO_TIMESTAMP_MS);
    if (end < records.count) return 'more';
    output.endSplit(split.splitId);
    this.#open = undefined;
    this.start();
    return this.#openNext();
  }

  available(): Promise<void> {
    if (this.#open !== undefined) return Promise.resolve();
    return this.#opening ?? this.#wake.promise;
  }

  handleEvent(event: SourceEvent): void {
    if (event.type === 'add-splits') this.#waiting.push(...(event.splits as ParquetSplit[]));
    if (event.type === 'no-more-splits') this.#noMoreSplits = true;
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  snapshotState(): readonly ParquetSplit[] {
    const open = this.#open;
    if (open === undefined) return [...this.#waiting];
    return [{ ...open.split, position: open.position }, ...this.#waiting];
  }

  progress(): number {
    return this.#emittedCount;
  }

  close(): void {}

  #openNext(): 'nothing' | 'end' {
    const [split] = this.#waiting;
    if (split !== undefined) this.#opening ??= this.#read(split);
    else if (this.#noMoreSplits) return 'end';
    return 'nothing';
  }

  async #read(split: ParquetSplit): Promise<void> {
    const columns = await readColumns(this.#options, split);
    this.#open = { split, records: this.#options.decode(columns), position: split.position };
    this.#waiting.shift();
    this.#opening = undefined;
  }
}

async function readColumns(
  { path, columns }: { readonly path: string; readonly columns: readonly string[] },
  { rowStart, rowEnd }: ParquetSplit,
): Promise<ParquetColumns> {
  const result: Record<string, unknown[]> = {};
  for (const name of columns) result[name] = new Array(rowEnd - rowStart);
  await parquetRead({
    file: await openFile(path),
    columns: [...columns],
    rowStart,
    rowEnd,
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    onChunk: (chunk) => {
      const column = result[chunk.columnName] ?? [];
      const first = Math.max(rowStart, chunk.rowStart);
      const end = Math.min(rowEnd, chunk.rowEnd);
      for (let row = first; row < end; row++) {
        column[row - rowStart] = chunk.columnData[row - chunk.rowStart];
      }
    },
  });
  return result;
}

async function openFile(path: string): ReturnType<typeof asyncBufferFromFile> {
  try {
    return await asyncBufferFromFile(path);
  } catch (cause) {
    throw new StreamError({
      kind: 'invalid',
      code: 'FILE_NOT_READABLE',
      message: `the parquet file cannot be read, run from the repository's root or name it: path=${path}`,
      cause,
    });
  }
}
