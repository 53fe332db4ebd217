/**
 * Runs the enumerators of a chain of sources one after the other, and sends readers from source to
 * source.
 *
 * Owns the enumerator of the present source, how those before it ended, and the splits of earlier
 * sources that came back. Readers tell when they begin and when they have read their share.
 *
 * I1  The next source begins when every reader has finished the present one. A reader whose splits
 *     came back has not finished.
 * I2  An enumerator hears of a reader once that reader was sent to its source, and once its `start`
 *     has settled.
 * I3  Splits of an earlier source go to the reader of the subtask they came from, which is sent
 *     there before it is sent on. That source's enumerator is closed by then: the reader gets its
 *     splits and hears that no more come, and nothing else.
 * I4  A reader that begins is known by nothing but what it says: where it goes first is the first
 *     source of which it, or the enumerator for it, has splits; else the present one.
 *
 * @see Flink `HybridSourceSplitEnumerator`, which keeps neither how earlier sources ended nor the
 * splits that came back in its checkpoints
 */
import { StreamError } from '../../core/index.ts';
import type { EnumeratorContext, SplitEnumerator } from '../source.ts';
import {
  checkSourceIndex,
  type FinalState,
  type HybridReaderEvent,
  type HybridReaderState,
  type HybridSourceEnumeratorState,
  type HybridSourceEvent,
  type HybridSourceSplit,
  type ReturnedSplit,
  wrapSplit,
} from './hybrid-split.ts';
import { type AnySource, type SourceListEntry, SwitchedSources } from './switched-sources.ts';

const BEGINS = { sourceIndex: null, isFinished: false, isTold: false, isAsking: false } as const;

export class HybridSourceSplitEnumerator<T>
  implements SplitEnumerator<HybridSourceSplit, HybridSourceEnumeratorState>
{
  readonly #name: string;
  readonly #ctx: EnumeratorContext<HybridSourceSplit>;
  readonly #sources: SwitchedSources<T>;
  readonly #finalStates: FinalState[];
  readonly #totals: (number | null)[];
  readonly #readers: Map<number, HybridReaderState>;
  #returned: readonly ReturnedSplit[];
  #sourceIndex: number;
  #enumerator: SplitEnumerator<unknown, unknown>;
  /** I2. */
  #hasStarted = false;
  #closed = false;

  constructor(
    name: string,
    entries: readonly SourceListEntry<T>[],
    ctx: EnumeratorContext<HybridSourceSplit>,
    state?: HybridSourceEnumeratorState,
  ) {
    this.#name = name;
    this.#ctx = ctx;
    this.#sources = new SwitchedSources(entries, ctx);
    if (state !== undefined) checkSourceIndex(state?.sourceIndex, name, entries.length);
    this.#sourceIndex = state?.sourceIndex ?? 0;
    this.#finalStates = [...(state?.finalStates ?? [])];
    this.#totals = [...(state?.totals ?? [])];
    this.#returned = (state?.returned ?? []).map(({ subtaskIndex, split }) => ({
      subtaskIndex: subtaskIndex % ctx.parallelism,
      split,
    }));
    this.#readers = new Map(state?.readers?.map((reader) => [reader.subtaskIndex, reader]));
    const source = this.#sources.sourceOf(this.#sourceIndex, this.#finalStates);
    this.#enumerator = this.#enumeratorOf(source, this.#sourceIndex, state?.enumerator);
  }

  async start(): Promise<void> {
    await this.#startSource();
  }

  /** I4. */
  addReader(): void {}

  /** Readers ask by source. */
  handleSplitRequest(): void {}

  async handleEvent(subtaskIndex: number, payload: unknown): Promise<void> {
    const event = payload as HybridReaderEvent;
    const { sourceIndex } = event;
    if (event.type === 'source-finished') {
      await this.#finished(subtaskIndex, sourceIndex, event.heldSourceIndex);
    } else if (this.#isAt(subtaskIndex, event.sourceIndex)) {
      if (event.type === 'request-split') this.#answer(subtaskIndex, event.sourceIndex);
      else if (sourceIndex === this.#sourceIndex) {
        await this.#enumerator.handleEvent?.(subtaskIndex, event.payload);
      }
    }
  }

  addSplitsBack(splits: readonly HybridSourceSplit[], subtaskIndex: number): void {
    // I1.
    this.#readers.delete(subtaskIndex);
    const isPresent = (s: HybridSourceSplit): boolean => s.sourceIndex === this.#sourceIndex;
    const present = splits.filter(isPresent).map(({ split }) => split);
    const earlier = splits.filter((split) => !isPresent(split));
    this.#returned = [...this.#returned, ...earlier.map((split) => ({ subtaskIndex, split }))];
    if (present.length > 0) this.#enumerator.addSplitsBack(present, subtaskIndex);
  }

  snapshotState(): HybridSourceEnumeratorState {
    return {
      sourceIndex: this.#sourceIndex,
      ...stateOf(this.#enumerator.snapshotState()),
      finalStates: [...this.#finalStates],
      totals: [...this.#totals],
      returned: this.#returned,
    };
  }

  sleepState(): HybridSourceEnumeratorState {
    const enumerator = this.#enumerator;
    return {
      ...this.snapshotState(),
      ...(enumerator.sleepState === undefined ? {} : stateOf(enumerator.sleepState())),
      readers: [...this.#readers.values()],
    };
  }

  /** Known while the last source is read: those before it are known by then. */
  totalProgress(): number | undefined {
    if (this.#sourceIndex < this.#sources.lastIndex) return undefined;
    const totals = [...this.#totals, this.#enumerator.totalProgress?.() ?? null];
    return totals.reduce<number | undefined>(
      (sum, total) => (sum === undefined || total === null ? undefined : sum + total),
      0,
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#enumerator.close();
  }

  async #finished(
    subtaskIndex: number,
    sourceIndex: number | null,
    heldSourceIndex: number | null,
  ): Promise<void> {
    if (sourceIndex === null) {
      this.#readers.set(subtaskIndex, { ...BEGINS, subtaskIndex, heldSourceIndex });
    } else {
      const reader = this.#readers.get(subtaskIndex);
      if (reader?.sourceIndex !== sourceIndex || reader.isFinished) return;
      this.#readers.set(subtaskIndex, { ...reader, heldSourceIndex, isFinished: true });
    }
    this.#sendOn(subtaskIndex);
    await this.#switchIfFinished();
  }

  /** I1. */
  async #switchIfFinished(): Promise<void> {
    const isLast = this.#sourceIndex === this.#sources.lastIndex;
    if (isLast || !this.#hasStarted || this.#closed) return;
    for (let subtaskIndex = 0; subtaskIndex < this.#ctx.parallelism; subtaskIndex += 1) {
      const reader = this.#readers.get(subtaskIndex);
      if (reader?.sourceIndex !== this.#sourceIndex || !reader.isFinished) return;
    }
    await this.#switch();
  }

  /** What can fail comes before anything has changed. */
  async #switch(): Promise<void> {
    const ended = this.#enumerator;
    const isAskedFor = this.#sources.isAskedFor(this.#sourceIndex);
    const finalState = isAskedFor ? plain(stateOf(ended.snapshotState())) : null;
    const sourceIndex = this.#sourceIndex + 1;
    const source = this.#sources.sourceOf(sourceIndex, [...this.#finalStates, finalState]);
    this.#hasStarted = false;
    this.#enumerator = this.#enumeratorOf(source, sourceIndex, undefined);
    this.#finalStates.push(finalState);
    this.#totals.push(ended.totalProgress?.() ?? null);
    this.#sourceIndex = sourceIndex;
    const fields = { source: this.#name, next: source.name };
    this.#ctx.logger.log('info', 'a hybrid source goes on with its next source', fields);
    await Promise.all([this.#closeEnded(ended), this.#startSource()]);
  }

  /** All of its source is read: that it cannot be closed keeps nobody from going on. */
  async #closeEnded(ended: SplitEnumerator<unknown, unknown>): Promise<void> {
    try {
      await ended.close();
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      const fields = { source: this.#name, reason };
      this.#ctx.logger.log('warn', 'the enumerator of a source could not be closed', fields);
    }
  }

  /** I2. */
  async #startSource(): Promise<void> {
    await this.#enumerator.start();
    if (this.#closed) return;
    this.#hasStarted = true;
    // Only of one that woke.
    const present = [...this.#readers.values()].filter(
      ({ sourceIndex, isFinished }) => sourceIndex === this.#sourceIndex && !isFinished,
    );
    for (const { subtaskIndex } of present) this.#enumerator.addReader(subtaskIndex);
    for (const { subtaskIndex, isAsking } of present) {
      if (isAsking) this.#enumerator.handleSplitRequest(subtaskIndex);
    }
    for (const subtaskIndex of [...this.#readers.keys()].sort((a, b) => a - b)) {
      this.#sendOn(subtaskIndex);
    }
  }

  /** To its next source, if it has one now (I3, I4). */
  #sendOn(subtaskIndex: number): void {
    const reader = this.#readers.get(subtaskIndex);
    if (reader === undefined || (reader.sourceIndex !== null && !reader.isFinished)) return;
    const next = this.#nextOf(reader);
    if (next === undefined || (next === this.#sourceIndex && !this.#hasStarted)) return;
    const sent = { ...BEGINS, subtaskIndex, sourceIndex: next, heldSourceIndex: null };
    this.#readers.set(subtaskIndex, sent);
    const isNext = (returned: ReturnedSplit): boolean =>
      returned.subtaskIndex === subtaskIndex && returned.split.sourceIndex === next;
    const splits = this.#returned.filter(isNext).map(({ split }) => split);
    this.#returned = this.#returned.filter((returned) => !isNext(returned));
    // Before the reader can ask whether there are any.
    if (splits.length > 0) this.#ctx.assignSplits(subtaskIndex, splits);
    const finalStates = this.#sources.statesFor(next, this.#finalStates);
    this.#send(subtaskIndex, { type: 'switch-source', sourceIndex: next, finalStates });
    if (next === this.#sourceIndex) this.#enumerator.addReader(subtaskIndex);
    else this.#signalNoMoreSplits(subtaskIndex, next);
  }

  /** Undefined: it has finished the present source. */
  #nextOf({ subtaskIndex, sourceIndex, heldSourceIndex }: HybridReaderState): number | undefined {
    const returned = this.#returned
      .filter((split) => split.subtaskIndex === subtaskIndex)
      .map(({ split }) => split.sourceIndex);
    const held = heldSourceIndex === null ? [] : [heldSourceIndex];
    const later = [...held, ...returned, this.#sourceIndex].filter(
      (index) => index > (sourceIndex ?? -1) && index <= this.#sourceIndex,
    );
    return later.length === 0 ? undefined : Math.min(...later);
  }

  #isAt(subtaskIndex: number, sourceIndex: number): boolean {
    const reader = this.#readers.get(subtaskIndex);
    return reader?.sourceIndex === sourceIndex && !reader.isFinished;
  }

  /** One that is not there yet keeps what it is given. */
  #hasRead(subtaskIndex: number, sourceIndex: number): boolean {
    const reader = this.#readers.get(subtaskIndex);
    if (reader === undefined || reader.sourceIndex === null) return false;
    return reader.sourceIndex === sourceIndex
      ? reader.isFinished
      : reader.sourceIndex > sourceIndex;
  }

  #answer(subtaskIndex: number, sourceIndex: number): void {
    if (sourceIndex !== this.#sourceIndex) {
      this.#signalNoMoreSplits(subtaskIndex, sourceIndex);
      return;
    }
    this.#change(subtaskIndex, { isAsking: true });
    this.#enumerator.handleSplitRequest(subtaskIndex);
  }

  #change(subtaskIndex: number, change: Partial<HybridReaderState>): void {
    const reader = this.#readers.get(subtaskIndex);
    if (reader !== undefined) this.#readers.set(subtaskIndex, { ...reader, ...change });
  }

  #enumeratorOf(
    source: AnySource<T>,
    sourceIndex: number,
    state: unknown,
  ): SplitEnumerator<unknown, unknown> {
    const { parallelism, clock, timers, logger, fileSystem } = this.#ctx;
    return source.createEnumerator(
      {
        ...{ parallelism, clock, timers, logger, fileSystem },
        assignSplits: (subtaskIndex, splits) => {
          if (this.#hasRead(subtaskIndex, sourceIndex)) throw lostSplits(source, subtaskIndex);
          this.#change(subtaskIndex, { isAsking: false });
          const wrapped = splits.map((split) => wrapSplit(sourceIndex, source, split));
          this.#ctx.assignSplits(subtaskIndex, wrapped);
        },
        signalNoMoreSplits: (subtaskIndex) => this.#signalNoMoreSplits(subtaskIndex, sourceIndex),
        sendEvent: (subtaskIndex, payload) => {
          if (!this.#isAt(subtaskIndex, sourceIndex)) return;
          this.#send(subtaskIndex, { type: 'custom', sourceIndex, payload });
        },
      },
      state,
    );
  }

  #signalNoMoreSplits(subtaskIndex: number, sourceIndex: number): void {
    const reader = this.#readers.get(subtaskIndex);
    if (reader?.sourceIndex !== sourceIndex) return;
    this.#change(subtaskIndex, { isAsking: false, isTold: true });
    if (reader.isTold) return;
    if (sourceIndex === this.#sources.lastIndex) this.#ctx.signalNoMoreSplits(subtaskIndex);
    else this.#send(subtaskIndex, { type: 'no-more-splits', sourceIndex });
  }

  #send(subtaskIndex: number, event: HybridSourceEvent): void {
    this.#ctx.sendEvent(subtaskIndex, event);
  }
}

function stateOf(enumerator: unknown): { readonly enumerator?: unknown } {
  return enumerator === undefined ? {} : { enumerator };
}

/** As those find it who restore it. */
function plain<StateT>(state: StateT): StateT {
  return JSON.parse(JSON.stringify(state)) as StateT;
}

function lostSplits({ name }: AnySource<unknown>, subtaskIndex: number): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'SPLITS_TOO_LATE',
    message:
      `the enumerator of "${name}", a part of a hybrid source, assigned splits to a reader that ` +
      'has read its share of that source: tell a reader that no more splits come when that is so ' +
      `subtask=${subtaskIndex}`,
    details: { source: name, subtaskIndex },
  });
}
