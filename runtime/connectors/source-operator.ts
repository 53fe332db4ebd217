/**
 * The head of a source vertex: drives a reader and gives its records timestamps and watermarks.
 *
 * Owns the reader and its output. The task polls; the reader calls the output it is given during
 * a poll only.
 *
 * I1  The final watermark precedes the answer `end`; nothing is emitted after it.
 * I2  A checkpoint holds the reader's splits with the positions of the records emitted before it.
 * I3  A restored reader is given its splits before it starts, so before any other. That there are
 *     no more splits is no part of a checkpoint: a reader whose splits are read asks again.
 */
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type {
  OperatorContext,
  ReaderEvent,
  SourceEvent,
  SourceFactory,
  SourceOperator,
  SourcePoll,
} from '../operators/index.ts';
import type { OperatorFacts } from '../protocol/index.ts';
import { type ListState, ListStateDescriptor } from '../state/index.ts';
import type { WatermarkStrategy } from '../time/index.ts';
import type { Source, SourceReader } from './source.ts';
import { SourceAlignment } from './source-alignment.ts';
import { SourceOutput, type SourceWatermarks } from './source-output.ts';
import { splitIdOf } from './split-id.ts';

/**
 * A split of a reader, or of a reader without splits how far it was. Persisted; JSON. Not a union
 * list: of a source that has ended in part none could be kept.
 */
interface ReaderStateItem {
  readonly split?: unknown;
  /** Where the split was begun. */
  readonly begun?: { readonly splitId: string; readonly watermarkMs: number };
  /** The watermark of the subtask that had it. */
  readonly reachedMs: number;
}

/** Name as in Flink's SourceOperator. */
const READER_STATE = new ListStateDescriptor<ReaderStateItem>('SourceReaderState');

/** Makes the source operator of a graph node. */
export function sourceOperator<T, SplitT, EnumeratorStateT>(
  source: Source<T, SplitT, EnumeratorStateT>,
  strategy: WatermarkStrategy<T>,
): SourceFactory<T> {
  return (ctx, output) => {
    const { subtaskIndex, parallelism, clock, timers, logger, fileSystem, metrics } = ctx;
    const world = { subtaskIndex, parallelism, clock, timers, logger, fileSystem, metrics };
    const sendToEnumerator = (event: ReaderEvent): void => ctx.sendToCoordinator(event);
    const reader = source.createReader({ ...world, sendToEnumerator });
    const idOf = (split: unknown): string | undefined => splitIdOf(source, split as SplitT);
    const out = new SourceOutput(strategy, ctx, output);
    const { alignment } = strategy;
    const aligned = alignment && new SourceAlignment({ alignment, reader, output: out, ctx });
    return new ReaderSourceOperator(reader, out, ctx, idOf, aligned);
  };
}

class ReaderSourceOperator<T, SplitT> implements SourceOperator {
  readonly #reader: SourceReader<T, SplitT>;
  readonly #output: SourceOutput<T>;
  readonly #ctx: OperatorContext;
  readonly #idOf: (split: unknown) => string | undefined;
  /** Undefined: it waits for no other source. */
  readonly #alignment: SourceAlignment | undefined;
  #state: ListState<ReaderStateItem> | undefined;
  #cancelPeriodic: (() => void) | undefined;
  #begun = false;
  #ended = false;
  #givenSplitCount = 0;
  #noMoreSplits = false;

  constructor(
    reader: SourceReader<T, SplitT>,
    output: SourceOutput<T>,
    ctx: OperatorContext,
    idOf: (split: unknown) => string | undefined,
    alignment: SourceAlignment | undefined,
  ) {
    this.#alignment = alignment;
    this.#reader = reader;
    this.#output = output;
    this.#ctx = ctx;
    this.#idOf = idOf;
  }

  open(): void {
    this.#state = this.#ctx.operatorState.getListState(READER_STATE);
    this.#restore([...this.#state.get()]);
    this.#schedule();
    this.#alignment?.open();
    this.#reader.start();
  }

  poll(maxRecords: number): SourcePoll {
    if (this.#ended) return 'end';
    if (!this.#begun) {
      this.#begun = true;
      this.#output.begin();
    }
    if (this.#alignment?.mayPoll() === false) return 'nothing';
    const polled = this.#reader.pollNext(this.#output, maxRecords);
    if (polled !== 'end') return polled;
    this.#ended = true;
    this.#cancelPeriodic?.();
    this.#output.end();
    this.#alignment?.end();
    return 'end';
  }

  available(): Promise<void> {
    return this.#alignment?.waits ? this.#alignment.wait() : this.#reader.available();
  }

  handleEvent(event: SourceEvent): void {
    if (event.type === 'max-watermark') {
      this.#alignment?.allow(event.maxWatermarkMs);
      return;
    }
    if (event.type === 'add-splits') this.#addSplits(event.splits);
    else if (event.type === 'no-more-splits') this.#noMoreSplits = true;
    this.#reader.handleEvent(event);
  }

  progress(): number {
    return this.#reader.progress?.() ?? 0;
  }

  idleUntilEpochMs(): number | undefined {
    // There is more to read.
    if (this.#alignment?.waits) return this.#ctx.clock.nowEpochMs();
    return this.#reader.idleUntilEpochMs?.();
  }

  /** I2. */
  snapshotState(): void {
    const { reachedMs, splits: watermarks } = this.#output.watermarks();
    const splits = this.#reader.snapshotState();
    const items = splits.map((split): ReaderStateItem => {
      const splitId = this.#idOf(split);
      const watermarkMs = splitId === undefined ? undefined : watermarks.get(splitId);
      if (splitId === undefined || watermarkMs === undefined) return { split, reachedMs };
      return { split, begun: { splitId, watermarkMs }, reachedMs };
    });
    const isBetweenSplits = items.length === 0 && !this.#ended;
    this.#state?.update(isBetweenSplits ? [{ reachedMs }] : items);
  }

  close(): void | Promise<void> {
    this.#cancelPeriodic?.();
    this.#alignment?.close();
    return this.#reader.close();
  }

  /** I3. */
  #restore(items: readonly ReaderStateItem[]): void {
    if (items.length > 0) this.#output.restore(restoredWatermarks(items));
    const splits = items.map(({ split }) => split).filter((split) => split !== undefined);
    if (splits.length > 0) this.handleEvent({ type: 'add-splits', splits });
  }

  facts(): OperatorFacts {
    const open = this.#output.openSplits();
    return {
      watermarks: this.#output.maker,
      splits: {
        givenCount: this.#givenSplitCount,
        noMoreSplits: this.#noMoreSplits,
        ...(open === undefined ? {} : { open }),
      },
      ...(this.#alignment === undefined ? {} : { alignment: this.#alignment.facts() }),
    };
  }

  #addSplits(splits: readonly unknown[]): void {
    this.#givenSplitCount += splits.length;
    for (const split of splits) {
      const splitId = this.#idOf(split);
      if (splitId !== undefined) this.#output.addSplit(splitId);
    }
  }

  #schedule(): void {
    const { autoWatermarkIntervalMs, processingTime } = this.#ctx;
    if (autoWatermarkIntervalMs <= 0) return;
    const atMs = processingTime.nowEpochMs() + autoWatermarkIntervalMs;
    const emit = (): void => {
      this.#output.emitPeriodic();
      this.#schedule();
    };
    this.#cancelPeriodic = processingTime.schedule(atMs, emit, () => !this.#output.isSettled);
  }
}

/**
 * The subtask goes on at the lowest watermark of those whose splits it got; its splits are not
 * behind what their subtasks had emitted.
 */
function restoredWatermarks(items: readonly ReaderStateItem[]): SourceWatermarks {
  const splits = new Map<string, number>();
  for (const { begun, reachedMs } of items) {
    if (begun === undefined) continue;
    splits.set(begun.splitId, Math.max(begun.watermarkMs, withoutFinal(reachedMs)));
  }
  const reachedMs = Math.min(...items.map((item) => withoutFinal(item.reachedMs)));
  return { reachedMs, splits };
}

/** A final watermark says that the input was drained; what goes on has not ended. */
function withoutFinal(watermarkMs: number): number {
  return watermarkMs === MAX_WATERMARK_MS ? MIN_TIMESTAMP_MS : watermarkMs;
}
