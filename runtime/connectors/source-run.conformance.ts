/** Runs a source as a job would: one enumerator, some readers, polled in turn. */
import { defined } from '../core/index.ts';
import { type ConnectorWorld, throughJson } from './connector-world.conformance.ts';
import type { ReaderOutput, Source, SourceReader, SplitEnumerator } from './source.ts';

export interface SourceSnapshot<SplitT, StateT> {
  readonly enumerator: StateT;
  /** By subtask. */
  readonly splits: readonly (readonly SplitT[])[];
}

interface RunReader<T, SplitT> {
  readonly reader: SourceReader<T, SplitT>;
  readonly output: ReaderOutput<T>;
  ended: boolean;
}

export class SourceRun<T, SplitT, StateT> {
  readonly values: T[] = [];
  readonly side: { readonly tagId: string; readonly value: unknown }[] = [];
  readonly splitEvents: string[] = [];
  readonly assigned: SplitT[] = [];
  readonly #world: ConnectorWorld;
  readonly #enumerator: SplitEnumerator<SplitT, StateT>;
  readonly #readers: RunReader<T, SplitT>[];
  #closed = false;

  constructor(
    source: Source<T, SplitT, StateT>,
    world: ConnectorWorld,
    parallelism = 1,
    snapshot?: SourceSnapshot<SplitT, StateT>,
  ) {
    this.#world = world;
    const { clock, timers, logger, fileSystem, metrics } = world;
    const shared = { parallelism, clock, timers, logger, fileSystem };
    this.#enumerator = source.createEnumerator(
      {
        ...shared,
        assignSplits: (subtaskIndex, splits) => {
          this.assigned.push(...splits);
          this.reader(subtaskIndex).handleEvent({
            type: 'add-splits',
            splits: throughJson(splits),
          });
        },
        signalNoMoreSplits: (subtaskIndex) =>
          this.reader(subtaskIndex).handleEvent({ type: 'no-more-splits' }),
        sendEvent: (subtaskIndex, payload) =>
          this.reader(subtaskIndex).handleEvent({ type: 'custom', payload }),
      },
      snapshot?.enumerator,
    );
    this.#readers = Array.from({ length: parallelism }, (_, subtaskIndex) => {
      const reader = source.createReader({
        ...shared,
        metrics,
        subtaskIndex,
        sendToEnumerator: (event) => {
          if (event.type === 'request-split') this.#enumerator.handleSplitRequest(subtaskIndex);
        },
      });
      const splits = snapshot?.splits[subtaskIndex] ?? [];
      if (splits.length > 0) reader.handleEvent({ type: 'add-splits', splits });
      return { reader, output: this.#output(), ended: false };
    });
  }

  get enumerator(): SplitEnumerator<SplitT, StateT> {
    return this.#enumerator;
  }

  reader(subtaskIndex: number): SourceReader<T, SplitT> {
    return defined(this.#readers[subtaskIndex], 'the subtask exists').reader;
  }

  /** Readers start before the splits are found, as slots do. */
  async start(): Promise<void> {
    for (const { reader } of this.#readers) reader.start();
    await this.#enumerator.start();
  }

  poll(subtaskIndex: number, maxRecords: number): 'more' | 'nothing' | 'end' {
    const entry = defined(this.#readers[subtaskIndex], 'the subtask exists');
    const polled = entry.reader.pollNext(entry.output, maxRecords);
    entry.ended = polled === 'end';
    return polled;
  }

  /** Polls in turn until `count` records came or all readers are at the end. */
  async readUpTo(count: number, maxRecords: number): Promise<void> {
    while (this.values.length < count) {
      const before = this.values.length + this.splitEvents.length + this.side.length;
      for (const [subtaskIndex] of this.#readers.entries()) {
        if (this.values.length < count) this.poll(subtaskIndex, maxRecords);
      }
      const running = this.#readers.filter(({ ended }) => !ended);
      if (running.length === 0) return;
      if (this.values.length + this.splitEvents.length + this.side.length > before) continue;
      const available = Promise.race(running.map(({ reader }) => reader.available()));
      if (!this.#world.advanceToNextTimer()) await available;
    }
  }

  readAll(maxRecords = 7): Promise<void> {
    return this.readUpTo(Number.POSITIVE_INFINITY, maxRecords);
  }

  progress(): number {
    return this.#readers.reduce((sum, { reader }) => sum + (reader.progress?.() ?? 0), 0);
  }

  snapshot(): SourceSnapshot<SplitT, StateT> {
    return throughJson({
      enumerator: this.#enumerator.snapshotState(),
      splits: this.#readers.map(({ reader }) => reader.snapshotState()),
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const { reader } of this.#readers) await reader.close();
    await this.#enumerator.close();
  }

  #output(): ReaderOutput<T> {
    return {
      collect: (value) => this.values.push(value),
      beginSplit: (splitId) => this.splitEvents.push(`begin ${splitId}`),
      endSplit: (splitId) => this.splitEvents.push(`end ${splitId}`),
      collectSide: (tagId, value) => this.side.push({ tagId, value }),
    };
  }
}

/** All records of a bounded source read at the given parallelism. */
export async function readSource<T, SplitT, StateT>(
  source: Source<T, SplitT, StateT>,
  world: ConnectorWorld,
  parallelism = 1,
): Promise<SourceRun<T, SplitT, StateT>> {
  const run = new SourceRun(source, world, parallelism);
  try {
    await run.start();
    await run.readAll();
  } finally {
    await run.close();
  }
  return run;
}
