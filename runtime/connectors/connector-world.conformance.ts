/** The world a connector is tested in: time that is moved by hand, files in memory. */
import type { Clock, Logger, Timers } from '../core/index.ts';
import {
  AccumulatorRegistry,
  type CounterMetric,
  type OperatorContext,
  type OperatorMetrics,
} from '../operators/index.ts';
import type { OperatorStateStore } from '../state/index.ts';
import { MemoryFileSystem } from '../testing/index.ts';
import type { SinkContext } from './sink.ts';

export const JOB_ID = '0123456789abcdef0123456789abcdef';

/** Which subtask of which attempt. */
export interface SubtaskOptions {
  readonly subtaskIndex?: number;
  readonly parallelism?: number;
  readonly attempt?: number;
  readonly lease?: number;
  readonly jobId?: string;
  readonly restoredCheckpointId?: number | undefined;
  readonly restoredState?: readonly unknown[];
  readonly checkpointing?: boolean;
}

export class ConnectorWorld {
  readonly fileSystem = new MemoryFileSystem();
  readonly counters = new Map<string, number>();
  readonly warnings: string[] = [];
  readonly printed: string[] = [];
  readonly delivered: unknown[] = [];
  /** What `print` and `deliver` answer. */
  backPressure: Promise<void> | undefined;
  #nowMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  readonly clock: Clock = {
    nowEpochMs: () => this.#nowMs,
    monotonicMs: () => this.#nowMs,
  };
  readonly timers: Timers = {
    schedule: (delayMs, callback) => {
      const timer = { atMs: this.#nowMs + delayMs, callback };
      this.#timers.add(timer);
      return () => this.#timers.delete(timer);
    },
  };
  readonly logger: Logger = {
    log: (_level, message) => this.warnings.push(message),
  };
  readonly metrics: OperatorMetrics = {
    counter: (name) => this.#counter(name),
    gauge: (_name, read) => ({ value: read }),
    histogram: () => {
      throw new Error('connectors have no histograms');
    },
    meter: () => {
      throw new Error('connectors have no meters');
    },
  };

  get nowMs(): number {
    return this.#nowMs;
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves time to the next timer and runs it; false when there is none. */
  advanceToNextTimer(): boolean {
    const [next] = [...this.#timers].sort((a, b) => a.atMs - b.atMs);
    if (next === undefined) return false;
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    this.#timers.delete(next);
    next.callback();
    return true;
  }

  advanceBy(deltaMs: number): void {
    this.#nowMs += deltaMs;
  }

  sinkContext(options: SubtaskOptions = {}): SinkContext {
    const { clock, logger, fileSystem, metrics } = this;
    return {
      ...{ jobId: JOB_ID, jobName: 'test', subtaskIndex: 0, parallelism: 1, attempt: 0, lease: 0 },
      ...{ restoredCheckpointId: undefined, restoredState: [], checkpointing: true },
      ...options,
      ...{ clock, logger, fileSystem, metrics },
      print: (text) => {
        this.printed.push(text);
        return this.backPressure;
      },
      deliver: (_collectId, value) => {
        this.delivered.push(value);
        return this.backPressure;
      },
    };
  }

  operatorContext(
    operatorState: OperatorStateStore,
    options: SubtaskOptions = {},
  ): OperatorContext {
    return {
      ...this.sinkContext(options),
      ...{ operatorId: '1'.repeat(32), operatorName: 'Test', maxParallelism: 128 },
      ...{
        operatorState,
        timers: this.timers,
        autoWatermarkIntervalMs: 0,
        allowUnalignedSplits: false,
      },
      rng: { next: () => 0.5 },
      keyedState: () => {
        throw new Error('connectors have no keyed state');
      },
      processingTime: {
        nowEpochMs: () => this.#nowMs,
        schedule: (atMs, callback) => this.timers.schedule(atMs - this.#nowMs, callback),
      },
      mailbox: { execute: (callback) => void this.timers.schedule(0, callback) },
      sendToCoordinator: () => {},
      accumulators: new AccumulatorRegistry(),
    };
  }

  #counter(name: string): CounterMetric {
    this.counters.set(name, this.counters.get(name) ?? 0);
    const add = (by: number) => this.counters.set(name, (this.counters.get(name) ?? 0) + by);
    return {
      inc: (by = 1) => void add(by),
      dec: (by = 1) => void add(-by),
      count: () => this.counters.get(name) ?? 0,
    };
  }
}

/** As a value that crossed a thread, or went through a checkpoint. */
export function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
