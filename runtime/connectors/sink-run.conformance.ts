/** Runs a sink as a job would: attempts of some subtasks, checkpoints, commits, crashes. */
import { NO_TIMESTAMP_MS } from '../core/index.ts';
import type { OneInputOperator } from '../operators/index.ts';
import type { ConnectorWorld, SubtaskOptions } from './connector-world.conformance.ts';
import {
  MemoryOperatorState,
  redistribute,
  type StoredStates,
} from './operator-state.conformance.ts';
import type { Sink } from './sink.ts';
import { sinkOperator } from './sink-operator.ts';

export interface SinkCheckpoint {
  readonly checkpointId: number;
  /** By subtask. */
  readonly states: readonly StoredStates[];
}

export interface SinkAttempt extends Pick<SubtaskOptions, 'jobId' | 'attempt' | 'checkpointing'> {
  readonly parallelism?: number;
  readonly restored?: SinkCheckpoint | undefined;
}

interface RunSubtask<T> {
  readonly operator: OneInputOperator<T>;
  readonly state: MemoryOperatorState;
}

/** One attempt. To crash it, leave it alone; to let it fail or be cancelled, `close` it. */
export class SinkRun<T> {
  readonly #subtasks: readonly RunSubtask<T>[];
  #nextSubtask = 0;

  private constructor(subtasks: readonly RunSubtask<T>[]) {
    this.#subtasks = subtasks;
  }

  static async open<T>(
    world: ConnectorWorld,
    sink: () => Sink<T, unknown>,
    { parallelism = 1, restored, ...options }: SinkAttempt = {},
  ): Promise<SinkRun<T>> {
    const states = redistribute(restored?.states ?? [], parallelism);
    const restoredCheckpointId = restored?.checkpointId;
    const subtasks = states.map((stored, subtaskIndex): RunSubtask<T> => {
      const state = new MemoryOperatorState(stored);
      const place = { ...options, subtaskIndex, parallelism, restoredCheckpointId };
      const ctx = world.operatorContext(state, place);
      return { operator: sinkOperator(sink())(ctx, NO_OUTPUT), state };
    });
    const run = new SinkRun(subtasks);
    for (const { operator } of subtasks) await operator.open();
    return run;
  }

  /** Dealt out in turn, as tasks do it. */
  async write(values: readonly T[]): Promise<void> {
    for (const value of values) {
      const { operator } = this.#subtask(this.#nextSubtask++ % this.#subtasks.length);
      operator.processElement(value, NO_TIMESTAMP_MS, -1);
      await operator.suspension?.();
    }
  }

  async prepare(checkpointId: number): Promise<void> {
    for (const { operator } of this.#subtasks) await operator.prepareSnapshot?.(checkpointId);
  }

  snapshot(checkpointId: number): SinkCheckpoint {
    const states = this.#subtasks.map(({ operator, state }) => {
      operator.snapshotState?.(checkpointId);
      return state.snapshot();
    });
    return { checkpointId, states };
  }

  async checkpoint(checkpointId: number): Promise<SinkCheckpoint> {
    await this.prepare(checkpointId);
    return this.snapshot(checkpointId);
  }

  /** @param count the first so many subtasks hear of it. */
  async complete(checkpointId: number, count = this.#subtasks.length): Promise<void> {
    for (const { operator } of this.#subtasks.slice(0, count)) {
      await operator.notifyCheckpointComplete?.(checkpointId);
    }
  }

  /** The input ends; with checkpoints one more must complete. */
  async finish(): Promise<void> {
    for (const { operator } of this.#subtasks) {
      operator.endInput();
      await operator.finish?.();
    }
  }

  async close(): Promise<void> {
    for (const { operator } of this.#subtasks) await operator.close();
  }

  #subtask(index: number): RunSubtask<T> {
    const subtask = this.#subtasks[index];
    if (subtask === undefined) throw new Error(`no subtask ${index}`);
    return subtask;
  }
}

const NO_OUTPUT = {
  collect: () => {},
  collectSide: () => {},
  emitWatermark: () => {},
  emitIdle: () => {},
};
