/**
 * Reads the sources of a chain in order, each with a reader of its own.
 *
 * Owns the reader of the source it was sent to, and the splits of those it has not come to. The
 * enumerator says which source is next; a reader tells when it has read its share.
 *
 * I1  One reader is open at a time. Splits of later sources, as a restored reader may have them,
 *     wait; they are part of its snapshot.
 * I2  A source is left when its reader is at its end, and never entered again.
 * I3  Words for an earlier reader of this subtask may come: a switch to where it is, or past splits
 *     it still has, changes nothing; it is sent again once the enumerator has heard of this one.
 */
import { StreamError } from '../../core/index.ts';
import type { ReaderEvent, SourceEvent } from '../../operators/index.ts';
import { Availability } from '../availability.ts';
import type { PauseOrResumeSplits, ReaderContext, ReaderOutput, SourceReader } from '../source.ts';
import { HybridOutput } from './hybrid-output.ts';
import {
  checkSourceIndex,
  type FinalState,
  type HybridReaderEvent,
  type HybridSourceEvent,
  type HybridSourceSplit,
  ownIds,
  wrapSplit,
} from './hybrid-split.ts';
import { type AnySource, type SourceListEntry, SwitchedSources } from './switched-sources.ts';

interface OpenSource<T> {
  readonly sourceIndex: number;
  readonly source: AnySource<T>;
  readonly reader: SourceReader<T, unknown>;
  /** See {@link HybridOutput}. */
  readonly openIds: Set<string>;
  output: HybridOutput<T> | undefined;
}

export class HybridSourceReader<T> implements SourceReader<T, HybridSourceSplit> {
  readonly #name: string;
  readonly #ctx: ReaderContext;
  readonly #sources: SwitchedSources<T>;
  readonly #available = new Availability();
  /** Sources of which no more splits come. */
  readonly #complete = new Set<number>();
  /** I1. */
  #waiting: HybridSourceSplit[] = [];
  #open: OpenSource<T> | undefined;
  /** The last source that was read to its end; -1: none. */
  #finishedIndex = -1;
  #finishedProgress = 0;
  #failure: { readonly thrown: unknown } | undefined;
  #closing: Promise<unknown>[] = [];

  constructor(name: string, entries: readonly SourceListEntry<T>[], ctx: ReaderContext) {
    this.#name = name;
    this.#ctx = ctx;
    this.#sources = new SwitchedSources(entries, ctx);
  }

  start(): void {
    this.#tellFinished(null);
  }

  pollNext(output: ReaderOutput<T>, maxRecords: number): 'more' | 'nothing' | 'end' {
    if (this.#failure !== undefined) throw this.#failure.thrown;
    const open = this.#open;
    if (open === undefined) return 'nothing';
    if (open.output?.target !== output) {
      open.output = new HybridOutput(output, open.sourceIndex, open.openIds);
    }
    const polled = open.reader.pollNext(open.output, maxRecords);
    if (polled !== 'end' || open.sourceIndex === this.#sources.lastIndex) return polled;
    open.output.end();
    this.#leave(open);
    return 'nothing';
  }

  available(): Promise<void> {
    if (this.#failure !== undefined) return Promise.resolve();
    return this.#open === undefined ? this.#available.wait() : this.#open.reader.available();
  }

  handleEvent(event: SourceEvent): void {
    try {
      if (event.type === 'add-splits') this.#addSplits(event.splits as HybridSourceSplit[]);
      else if (event.type === 'no-more-splits') this.#setComplete(this.#sources.lastIndex);
      else if (event.type === 'custom') this.#handle(event.payload as HybridSourceEvent);
    } catch (thrown) {
      this.#failure ??= { thrown };
    }
    this.#available.notify();
  }

  /** I1. */
  snapshotState(): readonly HybridSourceSplit[] {
    const open = this.#open;
    if (open === undefined) return [...this.#waiting];
    const { sourceIndex, source, reader } = open;
    const splits = reader.snapshotState().map((split) => wrapSplit(sourceIndex, source, split));
    return [...splits, ...this.#waiting];
  }

  /** Undefined: the reader of the present source cannot. */
  get pauseOrResumeSplits(): PauseOrResumeSplits | undefined {
    const open = this.#open;
    // Between sources there is nothing to pause.
    if (open === undefined) return () => undefined;
    const { reader, sourceIndex } = open;
    if (reader.pauseOrResumeSplits === undefined) return undefined;
    return (pause, resume) =>
      reader.pauseOrResumeSplits?.(ownIds(sourceIndex, pause), ownIds(sourceIndex, resume));
  }

  progress(): number {
    return this.#finishedProgress + (this.#open?.reader.progress?.() ?? 0);
  }

  idleUntilEpochMs(): number | undefined {
    return this.#open?.reader.idleUntilEpochMs?.();
  }

  async close(): Promise<void> {
    const closing = this.#closing;
    this.#closing = [];
    this.#available.notify();
    await Promise.all([...closing, this.#open?.reader.close()]);
  }

  #addSplits(splits: readonly HybridSourceSplit[]): void {
    for (const { sourceIndex } of splits) {
      checkSourceIndex(sourceIndex, this.#name, this.#sources.lastIndex + 1);
      if (sourceIndex > this.#finishedIndex) continue;
      throw new StreamError({
        kind: 'internal',
        code: 'HYBRID_SPLIT_TOO_LATE',
        message: `a split of source ${sourceIndex + 1} of ${this.#name} came to a reader that had read its share of it`,
      });
    }
    const open = this.#open;
    const isPresent = (split: HybridSourceSplit): boolean =>
      split.sourceIndex === open?.sourceIndex;
    if (open !== undefined) give(open, splits.filter(isPresent));
    this.#waiting.push(...splits.filter((split) => !isPresent(split)));
  }

  #handle(event: HybridSourceEvent): void {
    const { sourceIndex } = event;
    if (event.type === 'switch-source') this.#switchTo(sourceIndex, event.finalStates);
    else if (event.type === 'no-more-splits') this.#setComplete(sourceIndex);
    else if (this.#open?.sourceIndex === sourceIndex) {
      this.#open.reader.handleEvent({ type: 'custom', payload: event.payload });
    }
  }

  #setComplete(sourceIndex: number): void {
    this.#complete.add(sourceIndex);
    if (this.#open?.sourceIndex !== sourceIndex) return;
    this.#open.reader.handleEvent({ type: 'no-more-splits' });
  }

  #switchTo(sourceIndex: number, finalStates: readonly FinalState[]): void {
    // I3.
    if (this.#open !== undefined) return;
    if (sourceIndex <= this.#finishedIndex) {
      this.#tellFinished(this.#finishedIndex);
      return;
    }
    if (sourceIndex > (this.#heldIndex() ?? sourceIndex)) return;
    const source = this.#sources.sourceOf(sourceIndex, finalStates);
    const reader = source.createReader({
      ...this.#ctx,
      sendToEnumerator: (event) => this.#sendOf(sourceIndex, event),
    });
    const open = { sourceIndex, source, reader, openIds: new Set<string>(), output: undefined };
    this.#open = open;
    give(
      open,
      this.#waiting.filter((split) => split.sourceIndex === sourceIndex),
    );
    this.#waiting = this.#waiting.filter((split) => split.sourceIndex !== sourceIndex);
    reader.start();
    if (this.#complete.has(sourceIndex)) reader.handleEvent({ type: 'no-more-splits' });
  }

  /** I2. */
  #leave({ sourceIndex, reader }: OpenSource<T>): void {
    this.#finishedProgress += reader.progress?.() ?? 0;
    this.#finishedIndex = sourceIndex;
    this.#open = undefined;
    this.#closing.push(this.#closed(reader));
    this.#tellFinished(sourceIndex);
  }

  async #closed(reader: SourceReader<T, unknown>): Promise<void> {
    try {
      await reader.close();
    } catch (thrown) {
      this.#failure ??= { thrown };
      this.#available.notify();
    }
  }

  #heldIndex(): number | null {
    const indexes = this.#waiting.map(({ sourceIndex }) => sourceIndex);
    return indexes.length === 0 ? null : Math.min(...indexes);
  }

  #tellFinished(sourceIndex: number | null): void {
    this.#send({ type: 'source-finished', sourceIndex, heldSourceIndex: this.#heldIndex() });
  }

  #sendOf(sourceIndex: number, event: ReaderEvent): void {
    if (event.type === 'request-split') this.#send({ type: 'request-split', sourceIndex });
    else if (event.type === 'custom') this.#send({ ...event, sourceIndex });
  }

  #send(payload: HybridReaderEvent): void {
    this.#ctx.sendToEnumerator({ type: 'custom', payload });
  }
}

function give<T>({ reader, openIds }: OpenSource<T>, splits: readonly HybridSourceSplit[]): void {
  if (splits.length === 0) return;
  for (const { id } of splits) if (id !== undefined) openIds.add(id);
  reader.handleEvent({ type: 'add-splits', splits: splits.map(({ split }) => split) });
}
