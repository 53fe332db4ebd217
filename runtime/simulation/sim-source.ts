/**
 * A source whose records are functions of split and index. Splits are dealt out before anything is
 * read and read side by side, so that no record is ever late.
 */
import type {
  EnumeratorContext,
  ReaderContext,
  ReaderOutput,
  Source,
  SourceReader,
  SplitEnumerator,
} from '../connectors/index.ts';
import type { SourceEvent } from '../protocol/index.ts';
import { recordAt, type SimRecord, type SourceSpec } from './job-spec.ts';
import type { BugSwitch } from './planted-bugs.ts';
import type { SimArrivals } from './sim-arrivals.ts';

/** JSON. */
export interface SimSplit {
  readonly id: string;
  readonly splitIndex: number;
  /** The first record that was not emitted. */
  readonly next: number;
}

/** JSON. */
export interface SimEnumeratorState {
  readonly unassigned: readonly SimSplit[];
}

export function simSource(
  spec: SourceSpec,
  bugs: BugSwitch,
  arrivals: SimArrivals,
): Source<SimRecord, SimSplit, SimEnumeratorState> {
  return {
    name: spec.name,
    boundedness: Number.isFinite(spec.recordsPerSplit) ? 'BOUNDED' : 'CONTINUOUS_UNBOUNDED',
    createEnumerator: (ctx, state) => {
      return new SimEnumerator(spec, ctx, bugs.is('forget-enumerator-state') ? undefined : state);
    },
    createReader: (ctx) => new SimReader(spec, ctx, bugs, arrivals),
  };
}

class SimEnumerator implements SplitEnumerator<SimSplit, SimEnumeratorState> {
  readonly #ctx: EnumeratorContext<SimSplit>;
  #unassigned: readonly SimSplit[];

  constructor(spec: SourceSpec, ctx: EnumeratorContext<SimSplit>, state?: SimEnumeratorState) {
    this.#ctx = ctx;
    this.#unassigned = state?.unassigned ?? allSplits(spec);
  }

  start(): void {}

  addReader(subtaskIndex: number): void {
    const { parallelism } = this.#ctx;
    const isMine = (split: SimSplit): boolean => split.splitIndex % parallelism === subtaskIndex;
    const mine = this.#unassigned.filter(isMine);
    this.#unassigned = this.#unassigned.filter((split) => !isMine(split));
    if (mine.length > 0) this.#ctx.assignSplits(subtaskIndex, mine);
    this.#ctx.signalNoMoreSplits(subtaskIndex);
  }

  handleSplitRequest(): void {}

  addSplitsBack(splits: readonly SimSplit[]): void {
    this.#unassigned = [...this.#unassigned, ...splits];
  }

  snapshotState(): SimEnumeratorState {
    return { unassigned: this.#unassigned };
  }

  close(): void {}
}

function allSplits(spec: SourceSpec): readonly SimSplit[] {
  return Array.from({ length: spec.splitCount }, (_, splitIndex) => ({
    id: `${spec.name}-${splitIndex}`,
    splitIndex,
    next: 0,
  }));
}

class SimReader implements SourceReader<SimRecord, SimSplit> {
  readonly #spec: SourceSpec;
  readonly #ctx: ReaderContext;
  readonly #bugs: BugSwitch;
  readonly #arrivals: SimArrivals;
  #splits: SimSplit[] = [];
  #complete = false;
  #begun = false;
  #turn = 0;
  #pausing: Promise<void> | undefined;
  #arrived = Promise.withResolvers<void>();

  constructor(spec: SourceSpec, ctx: ReaderContext, bugs: BugSwitch, arrivals: SimArrivals) {
    this.#bugs = bugs;
    this.#arrivals = arrivals;
    this.#spec = spec;
    this.#ctx = ctx;
  }

  start(): void {}

  pollNext(output: ReaderOutput<SimRecord>, maxRecords: number): 'more' | 'nothing' | 'end' {
    if (!this.#complete || this.#pausing !== undefined) return 'nothing';
    if (!this.#begun) for (const { id } of this.#splits) output.beginSplit(id);
    this.#begun = true;
    const count = Math.min(this.#spec.batchRecords, maxRecords);
    let emitted = 0;
    while (emitted < count && this.#hasSome) {
      this.#emit(output);
      emitted += 1;
    }
    if (this.#splits.length === 0) return 'end';
    this.#pause();
    return emitted === 0 ? 'nothing' : 'more';
  }

  available(): Promise<void> {
    if (!this.#complete) return this.#arrived.promise;
    return this.#pausing ?? Promise.resolve();
  }

  handleEvent(event: SourceEvent): void {
    if (event.type === 'add-splits') {
      this.#splits.push(...(event.splits as SimSplit[]).map((split) => this.#begin(split)));
    }
    if (event.type !== 'no-more-splits') return;
    this.#complete = true;
    this.#arrived.resolve();
  }

  snapshotState(): readonly SimSplit[] {
    return [...this.#splits];
  }

  close(): void {
    this.#arrived.resolve();
  }

  #begin(split: SimSplit): SimSplit {
    if (split.next === 0) return split;
    if (this.#bugs.is('lose-reader-position')) return { ...split, next: 0 };
    return this.#bugs.is('skip-a-record') ? { ...split, next: split.next + 1 } : split;
  }

  /** Of some split a record has come, or its end. */
  get #hasSome(): boolean {
    return this.#splits.some((split) => this.#isThere(split));
  }

  #isThere({ next }: SimSplit): boolean {
    return this.#arrivals.isThere(this.#spec, next);
  }

  #emit(output: ReaderOutput<SimRecord>): void {
    do this.#turn = (this.#turn + 1) % this.#splits.length;
    while (!this.#splits.some((split, i) => i === this.#turn && this.#isThere(split)));
    const split = this.#splits[this.#turn];
    if (split === undefined) return;
    output.beginSplit(split.id);
    if (split.next < this.#spec.recordsPerSplit) {
      const record = recordAt(this.#spec, split.splitIndex, split.next);
      this.#splits[this.#turn] = { ...split, next: split.next + 1 };
      output.collect(record, record.timeMs);
      return;
    }
    output.endSplit(split.id);
    this.#splits.splice(this.#turn, 1);
  }

  #pause(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pausing = promise;
    this.#ctx.timers.schedule(this.#spec.pauseMs, () => {
      this.#pausing = undefined;
      resolve();
    });
  }
}
