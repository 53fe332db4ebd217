/** Runs a job with a fault for some virtual time, and asks why nothing comes out of it. */
import { VirtualTime } from '../adapters/index.ts';
import type { JobFunction } from '../api/index.ts';
import type { ReaderContext, ReaderOutput, Source, SourceReader } from '../connectors/index.ts';
import { defined } from '../core/index.ts';
import type { Diagnosis, Finding, FindingCode, JobMaster } from '../jobmaster/index.ts';
import { type StartJobOptions, startJob } from './run-job.ts';

export interface DiagnosedRun extends StartJobOptions {
  /** When it is asked. @defaultValue 10 s */
  readonly atMs?: number;
  /** Before it is asked. */
  readonly prepare?: (master: JobMaster, time: VirtualTime) => void;
}

/** What is said of the job at a moment; it is canceled then. */
export async function diagnoseAt(job: JobFunction, options: DiagnosedRun = {}): Promise<Diagnosis> {
  const { atMs = 10_000, prepare, time = new VirtualTime() } = options;
  const started = await startJob(job, { metricsIntervalMs: 500, ...options, time });
  let diagnosis: Diagnosis | undefined;
  prepare?.(started.master, time);
  time.schedule(atMs, () => {
    diagnosis = started.master.diagnosis();
    started.master.cancel();
  });
  const { result } = await started.outcome;
  if (diagnosis === undefined) diagnosis = started.master.diagnosis();
  return defined(diagnosis, `the job was asked before it ended ${result.status}`);
}

/** The finding with this code. @throws {Error} with what there is instead. */
export function findingOf({ findings, verdict, summary }: Diagnosis, code: FindingCode): Finding {
  const found = findings.find((finding) => finding.code === code);
  if (found !== undefined) return found;
  const codes = findings.map((finding) => `${finding.code}: ${finding.sentence}`);
  throw new Error(`no ${code}; ${verdict}: ${summary}\n${codes.join('\n')}`);
}

/** A partition of {@link partitions}: one record each so many milliseconds, its value the time. */
export interface Partition {
  readonly id: string;
  /** 0: it is empty. */
  readonly everyMs: number;
  /** It falls silent then. */
  readonly untilMs?: number;
  /** Event time is so much behind the clock. */
  readonly behindMs?: number;
  /** @defaultValue the clock's, less `behindMs` */
  readonly timestampOf?: (atMs: number) => number;
  /** @defaultValue 0 */
  readonly key?: number;
}

/** What partitions give. */
export interface PartitionRecord {
  readonly partition: string;
  readonly key: number;
  readonly at: number;
}

/** An endless source whose subtasks read these partitions in turn: partition i by subtask i mod n. */
export function partitions(all: readonly Partition[]): Source<PartitionRecord, Partition, null> {
  const ids = all.map(({ id }) => ({ id }));
  return {
    name: 'partitions',
    boundedness: 'CONTINUOUS_UNBOUNDED',
    createEnumerator: (ctx) => ({
      start: () => undefined,
      addReader: (subtaskIndex) => {
        const mine = ids.filter((_, index) => index % ctx.parallelism === subtaskIndex);
        if (mine.length > 0) ctx.assignSplits(subtaskIndex, mine as Partition[]);
      },
      handleSplitRequest: () => undefined,
      addSplitsBack: (splits, subtaskIndex) => ctx.assignSplits(subtaskIndex, splits),
      snapshotState: () => null,
      close: () => undefined,
    }),
    createReader: (ctx) => new PartitionReader(ctx, all),
  };
}

class PartitionReader implements SourceReader<PartitionRecord, Partition> {
  readonly #ctx: ReaderContext;
  readonly #all: readonly Partition[];
  readonly #next = new Map<string, number>();
  #wake: (() => void) | undefined;

  constructor(ctx: ReaderContext, all: readonly Partition[]) {
    this.#ctx = ctx;
    this.#all = all;
  }

  start(): void {}

  pollNext(output: ReaderOutput<PartitionRecord>): 'more' | 'nothing' {
    const nowMs = this.#ctx.clock.nowEpochMs();
    let any = false;
    for (const [id, dueMs] of this.#next) {
      const partition = defined(
        this.#all.find((one) => one.id === id),
        'it is one of them',
      );
      const { everyMs, untilMs = Number.POSITIVE_INFINITY, behindMs = 0, key = 0 } = partition;
      const isSilent = everyMs === 0 || dueMs > untilMs;
      if (isSilent || dueMs > nowMs) continue;
      output.beginSplit(id);
      const timestampMs = partition.timestampOf?.(dueMs) ?? dueMs - behindMs;
      output.collect({ partition: id, key, at: timestampMs }, timestampMs);
      this.#next.set(id, dueMs + everyMs);
      any = true;
    }
    return any ? 'more' : 'nothing';
  }

  available(): Promise<void> {
    const nowMs = this.#ctx.clock.nowEpochMs();
    const due = [...this.#next].flatMap(([id, dueMs]) => {
      const { everyMs = 0, untilMs = Number.POSITIVE_INFINITY } =
        this.#all.find((one) => one.id === id) ?? {};
      return everyMs === 0 || dueMs > untilMs ? [] : [dueMs];
    });
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (due.length > 0) this.#ctx.timers.schedule(Math.min(...due) - nowMs, resolve);
    });
  }

  handleEvent(event: Parameters<SourceReader<PartitionRecord, Partition>['handleEvent']>[0]): void {
    if (event.type !== 'add-splits') return;
    const nowMs = this.#ctx.clock.nowEpochMs();
    for (const { id } of event.splits as Partition[]) this.#next.set(id, nowMs);
    this.#wake?.();
  }

  snapshotState(): readonly Partition[] {
    return this.#all.filter(({ id }) => this.#next.has(id));
  }

  close(): void {
    this.#wake?.();
  }
}
