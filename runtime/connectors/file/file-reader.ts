/**
 * Reads files one after the other: takes the regions that were fetched ahead and emits the
 * records in them.
 *
 * I1  Between polls, the position of a split is that of the first record that was not emitted.
 */
import { defined, NO_TIMESTAMP_MS } from '../../core/index.ts';
import type { CounterMetric, SourceEvent } from '../../operators/index.ts';
import { Availability } from '../availability.ts';
import type { ReaderContext, ReaderOutput, SourceReader } from '../source.ts';
import type { DecoderOutput, FileFormat, MalformedRecord, RecordDecoder } from './file-format.ts';
import type { FileSplit } from './file-split.ts';
import {
  type MalformedFileRecord,
  malformedRecordError,
  type OnMalformedRecord,
  sideOutputTagOf,
} from './malformed-record-policy.ts';
import { ReadAhead, type ReadAheadItem } from './read-ahead.ts';

interface OpenSplit<T> {
  readonly split: FileSplit;
  readonly decoder: RecordDecoder<T>;
  /** Of the start of the decoder's region. */
  regionOffset: number;
  regionLine: number;
  recordCount: number;
  /** Regions that wait for the decoder. */
  regions: Buffer[];
  regionBytes: number;
}

export class FileReader<T> implements SourceReader<T, FileSplit> {
  readonly #format: FileFormat<T>;
  readonly #onError: OnMalformedRecord;
  readonly #readAhead: ReadAhead;
  readonly #available = new Availability();
  readonly #skipped: CounterMetric;
  readonly #inErrors: CounterMetric;
  readonly #decoderOutput: DecoderOutput<T>;
  #output: ReaderOutput<T> | undefined;
  #open: OpenSplit<T> | undefined;
  #failure: { readonly thrown: unknown } | undefined;

  constructor(ctx: ReaderContext, format: FileFormat<T>, onError: OnMalformedRecord) {
    this.#format = format;
    this.#onError = onError;
    this.#skipped = ctx.metrics.counter('numRecordsSkipped');
    this.#inErrors = ctx.metrics.counter('numRecordsInErrors');
    this.#readAhead = new ReadAhead({
      fileSystem: ctx.fileSystem,
      format: format as FileFormat<unknown>,
      requestSplit: () => ctx.sendToEnumerator({ type: 'request-split' }),
      onItem: () => this.#available.notify(),
      onFailure: (thrown) => {
        this.#failure = { thrown };
        this.#available.fail(thrown);
      },
    });
    this.#decoderOutput = {
      record: (value) => this.#output?.collect(value, NO_TIMESTAMP_MS),
      malformed: (record) => this.#handleMalformed(record),
    };
  }

  start(): void {
    this.#readAhead.start();
  }

  pollNext(output: ReaderOutput<T>, maxRecords: number): 'more' | 'nothing' | 'end' {
    this.#output = output;
    let left = maxRecords;
    while (left > 0) {
      const open = this.#open;
      if (open?.decoder.hasMore()) {
        const taken = open.decoder.decode(this.#decoderOutput, left);
        open.recordCount += taken;
        left -= taken;
      } else if (open !== undefined && open.regions.length > 0) {
        loadNextRegion(open);
      } else {
        const item = this.#readAhead.take();
        if (item === undefined) return this.#starved();
        this.#handleItem(item, output);
      }
    }
    return 'more';
  }

  available(): Promise<void> {
    const isReady = !this.#readAhead.isEmpty || this.#open?.decoder.hasMore() === true;
    return isReady || this.#isAtEnd() ? Promise.resolve() : this.#available.wait();
  }

  handleEvent(event: SourceEvent): void {
    if (event.type === 'add-splits') this.#readAhead.addSplits(event.splits as FileSplit[]);
    else if (event.type === 'no-more-splits') this.#readAhead.noMoreSplits();
    this.#available.notify();
  }

  snapshotState(): readonly FileSplit[] {
    const open = this.#open === undefined ? [] : [positioned(this.#open)];
    return [...open, ...this.#readAhead.untouchedSplits];
  }

  progress(): number {
    return this.#readAhead.bytesRead;
  }

  async close(): Promise<void> {
    await this.#readAhead.close();
    this.#available.notify();
  }

  #starved(): 'nothing' | 'end' {
    if (this.#failure !== undefined) throw this.#failure.thrown;
    return this.#isAtEnd() ? 'end' : 'nothing';
  }

  #isAtEnd(): boolean {
    return this.#open === undefined && this.#readAhead.isDone;
  }

  #handleItem(item: ReadAheadItem, output: ReaderOutput<T>): void {
    if (item.type === 'begin') {
      this.#open = openSplit(item.split, item.bomBytes, this.#format);
      output.beginSplit(item.split.id);
      return;
    }
    const open = defined(this.#open, 'a region and an end belong to a split that was begun');
    if (item.type === 'regions') {
      open.regions.push(...item.regions);
      return;
    }
    output.endSplit(open.split.id);
    this.#open = undefined;
  }

  #handleMalformed(record: MalformedRecord): void {
    const open = defined(this.#open, 'records come from an open split');
    const { path } = open.split;
    const line = open.regionLine + record.lineInRegion + 1;
    if (this.#onError === 'fail' || record.isFatal) throw malformedRecordError(path, line, record);
    this.#inErrors.inc();
    const tag = sideOutputTagOf(this.#onError);
    if (tag === undefined) {
      this.#skipped.inc();
      return;
    }
    const { text, reason } = record;
    const value: MalformedFileRecord = { file: path, line, text, error: reason };
    this.#output?.collectSide(tag, value);
  }
}

function openSplit<T>(split: FileSplit, bomBytes: number, format: FileFormat<T>): OpenSplit<T> {
  const { byteOffset, recordCount, lineCount, decoderState } = split.position;
  return {
    split,
    decoder: format.createDecoder(decoderState ?? undefined),
    regionOffset: byteOffset + bomBytes,
    regionLine: lineCount,
    recordCount,
    regions: [],
    regionBytes: 0,
  };
}

function loadNextRegion<T>(open: OpenSplit<T>): void {
  open.regionOffset += open.regionBytes;
  open.regionLine += open.decoder.consumed().lineCount;
  const region = defined(open.regions.shift(), 'there is a region to load');
  open.regionBytes = region.length;
  open.decoder.load(region);
}

/** I1. */
function positioned<T>(open: OpenSplit<T>): FileSplit {
  const { split, decoder, regionOffset, regionLine, recordCount } = open;
  const { sizeBytes, lineCount } = decoder.consumed();
  const position = {
    byteOffset: regionOffset + sizeBytes,
    recordCount,
    lineCount: regionLine + lineCount,
    decoderState: decoder.state() ?? null,
  };
  return { ...split, position };
}
