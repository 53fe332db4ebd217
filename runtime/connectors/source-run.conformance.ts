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
  readonly assigned: SplitT[];
  readonly values: T[];
  ended: boolean;
}

export class SourceRun<T, SplitT, StateT> {
  readonly splitEvents: string[] = [];
  readonly assigned: SplitT[] = [];
  readonly side: { readonly tagId: string; readonly value: unknown }[] = [];
  /** In the order they came, but for what readers that were replaced have read. */
  values: T[] = [];
  readonly #source: Source<T, SplitT, StateT>;
  readonly #world: ConnectorWorld;
  readonly #parallelism: number;
  readonly #enumerator: SplitEnumerator<SplitT, StateT>;
  readonly #readers: RunReader<T, SplitT>[];
  /** What the enumerator could not do with an event. */
  readonly #failed = Promise.withResolvers<void>();
  #closed = false;

  constructor(
    source: Source<T, SplitT, StateT>,
    world: ConnectorWorld,
    parallelism = 1,
    snapshot?: SourceSnapshot<SplitT, StateT>,
  ) {
    this.#source = source;
    this.#world = world;
    this.#parallelism = parallelism;
    const { clock, timers, logger, fileSystem } = world;
    this.#enumerator = source.createEnumerator(
      {
        ...{ parallelism, clock, timers, logger, fileSystem },
        assignSplits: (subtaskIndex, splits) => {
          this.assigned.push(...splits);
          const { reader, assigned } = this.#at(subtaskIndex);
          assigned.push(...splits);
          reader.handleEvent({ type: 'add-splits', splits: throughJson(splits) });
        },
        signalNoMoreSplits: (subtaskIndex) =>
          this.reader(subtaskIndex).handleEvent({ type: 'no-more-splits' }),
        sendEvent: (subtaskIndex, payload) =>
          this.reader(subtaskIndex).handleEvent({ type: 'custom', payload }),
      },
      snapshot?.enumerator,
    );
    this.#readers = Array.from({ length: parallelism }, (_, subtaskIndex) =>
      this.#createReader(subtaskIndex, snapshot?.splits[subtaskIndex] ?? []),
    );
  }

  get enumerator(): SplitEnumerator<SplitT, StateT> {
    return this.#enumerator;
  }

  reader(subtaskIndex: number): SourceReader<T, SplitT> {
    return this.#at(subtaskIndex).reader;
  }

  /** Readers start before the splits are found, as slots do. */
  async start(): Promise<void> {
    this.startReaders();
    await this.#enumerator.start();
  }

  startReaders(): void {
    for (const { reader } of this.#readers) reader.start();
  }

  /** A reader fails before any checkpoint: what it read is void, its splits go back. */
  async replaceReader(subtaskIndex: number): Promise<void> {
    const failed = this.#at(subtaskIndex);
    await failed.reader.close();
    this.values = this.values.filter((value) => !failed.values.includes(value));
    const next = this.#createReader(subtaskIndex, []);
    this.#readers[subtaskIndex] = next;
    this.#enumerator.addSplitsBack(throughJson(failed.assigned), subtaskIndex);
    next.reader.start();
  }

  poll(subtaskIndex: number, maxRecords: number): 'more' | 'nothing' | 'end' {
    const entry = this.#at(subtaskIndex);
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
      const available = running.map(({ reader }) => reader.available());
      const either = Promise.race([this.#failed.promise, ...available]);
      if (!this.#world.advanceToNextTimer()) await either;
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

  #at(subtaskIndex: number): RunReader<T, SplitT> {
    return defined(this.#readers[subtaskIndex], 'the subtask exists');
  }

  #tell(subtaskIndex: number, payload: unknown): void {
    const done = this.#enumerator.handleEvent?.(subtaskIndex, payload);
    if (done instanceof Promise) done.catch(this.#failed.reject);
  }

  #createReader(subtaskIndex: number, splits: readonly SplitT[]): RunReader<T, SplitT> {
    const { clock, timers, logger, fileSystem, metrics } = this.#world;
    const reader = this.#source.createReader({
      ...{ subtaskIndex, parallelism: this.#parallelism },
      ...{ clock, timers, logger, fileSystem, metrics },
      sendToEnumerator: (event) => {
        if (event.type === 'request-split') this.#enumerator.handleSplitRequest(subtaskIndex);
        else if (event.type === 'custom') this.#tell(subtaskIndex, throughJson(event.payload));
      },
    });
    if (splits.length > 0) reader.handleEvent({ type: 'add-splits', splits });
    const values: T[] = [];
    return { reader, output: this.#output(values), assigned: [], values, ended: false };
  }

  #output(values: T[]): ReaderOutput<T> {
    return {
      collect: (value) => {
        this.values.push(value);
        values.push(value);
      },
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
