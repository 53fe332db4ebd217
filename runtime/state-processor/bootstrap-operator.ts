/**
 * Runs an operator of a job for its state alone: what it emits goes nowhere, and at the end of the
 * input its state is written as a savepoint holds it.
 *
 * I1  No time passes for the operator: watermarks do not reach it, nothing scheduled runs. Windows
 *     and timers are left to the job that starts from the savepoint.
 * I2  Its state is the task's own, so checkpoints of the writing job hold it.
 * I3  Keys fall into the key groups of the savepoint, whatever those of the writing job are.
 */
import {
  segmentLocation,
  serializeList,
  serializeTables,
  storeList,
  storeSegment,
} from '../checkpoint/index.ts';
import { defined, NO_TIMESTAMP_MS } from '../core/index.ts';
import type {
  OneInputFactory,
  OneInputOperator,
  OperatorContext,
  Output,
} from '../operators/index.ts';
import type { OperatorSubtaskStateRecord } from '../protocol/index.ts';
import type { OperatorStateSnapshot, OperatorStateStore } from '../state/index.ts';
import { stateProcessorError } from './errors.ts';
import { directoryOf, FileBlobStore } from './file-blob-store.ts';
import type { OperatorIdentifier } from './operator-identifier.ts';
import type { SavepointPart } from './savepoint-parts.ts';

/** What the operators of a written savepoint have in common. */
export interface SavepointFrame {
  readonly maxParallelism: number;
  readonly checkpointId: number;
}

export interface BootstrapInit<T> {
  readonly identifier: OperatorIdentifier;
  readonly targetPath: string;
  readonly keyed: boolean;
  /** Undefined: that of the frame. */
  readonly maxParallelism: number | undefined;
  readonly factory: OneInputFactory<T, unknown>;
  frame(ctx: OperatorContext): Promise<SavepointFrame>;
}

/** Emits one {@link SavepointPart} as JSON. */
export function bootstrapOperator<T>(init: BootstrapInit<T>): OneInputFactory<T, string> {
  return (ctx, output) => new BootstrapOperator(init, ctx, output);
}

class BootstrapOperator<T> implements OneInputOperator<T> {
  readonly #init: BootstrapInit<T>;
  readonly #ctx: OperatorContext;
  readonly #output: Output<string>;
  readonly #lists: RecordedStates;
  #frame: SavepointFrame | undefined;
  #operator: OneInputOperator<T> | undefined;

  constructor(init: BootstrapInit<T>, ctx: OperatorContext, output: Output<string>) {
    this.#init = init;
    this.#ctx = ctx;
    this.#output = output;
    this.#lists = new RecordedStates(ctx.operatorState);
  }

  async open(): Promise<void> {
    const frame = await this.#init.frame(this.#ctx);
    const maxParallelism = this.#maxParallelism(frame);
    this.#frame = { ...frame, maxParallelism };
    const { processingTime } = this.#ctx;
    const inner: OperatorContext = {
      ...this.#ctx,
      maxParallelism,
      operatorState: this.#lists,
      // I1.
      processingTime: { nowEpochMs: () => processingTime.nowEpochMs(), schedule: () => () => {} },
    };
    this.#operator = this.#init.factory(inner, NOWHERE);
    await this.#operator.open();
  }

  processElement(value: T, timestampMs: number): void {
    this.#running.processElement(value, timestampMs, -1);
  }

  processWatermark(): void {
    // I1.
  }

  processIdle(): void {
    // I1.
  }

  endInput(): void {
    this.#running.endInput();
  }

  async finish(): Promise<void> {
    const { identifier } = this.#init;
    const { subtaskIndex, parallelism, operatorName: name } = this.#ctx;
    const { maxParallelism, checkpointId } = defined(this.#frame, 'it was opened');
    this.#running.snapshotState?.(checkpointId);
    const state = await this.#store(maxParallelism, checkpointId);
    const { operatorId, uid } = identifier;
    const operator = { operatorId, ...(uid === undefined ? {} : { uid }), name };
    const part: SavepointPart = {
      ...{ type: 'subtask', operator, parallelism, maxParallelism, subtaskIndex },
      ...{ finished: false, state },
    };
    this.#output.collect(JSON.stringify(part), NO_TIMESTAMP_MS);
  }

  snapshotState(checkpointId: number): void {
    this.#running.snapshotState?.(checkpointId);
  }

  close(): void | Promise<void> {
    return this.#operator?.close();
  }

  async #store(maxParallelism: number, checkpointId: number): Promise<OperatorSubtaskStateRecord> {
    const { operatorId } = this.#init.identifier;
    const { fileSystem, subtaskIndex, attempt, lease } = this.#ctx;
    const writer = `${subtaskIndex}-${attempt}-${lease}`;
    const blobs = new FileBlobStore(fileSystem, writer);
    const directory = directoryOf(fileSystem, this.#init.targetPath);
    const locationOf = (part: string): string => {
      const name = { ownerId: operatorId, subtaskIndex, attempt, checkpointId };
      return segmentLocation(directory, { ...name, part: `${part}-${lease}` });
    };
    // Both are serialised before the first await: what changes later is not in them.
    const segment = this.#serialize(maxParallelism);
    const lists = this.#lists.snapshot().map(serializeList);
    const operatorStates = [];
    for (const [i, list] of lists.entries()) {
      operatorStates.push(await storeList(list, blobs, locationOf(`list-${i}`)));
    }
    if (segment === undefined || segment.chunks.length === 0) {
      const keyedStates = segment?.states ?? [];
      return { operatorId, keyedStates, keyedSegments: [], operatorStates };
    }
    const stored = await storeSegment(segment, checkpointId, blobs, locationOf('keyed'));
    return { operatorId, keyedStates: segment.states, keyedSegments: [stored], operatorStates };
  }

  #serialize(maxParallelism: number) {
    if (!this.#init.keyed) return undefined;
    const backend = this.#ctx.keyedState();
    // The task's own snapshots do not know of this visit.
    backend.needsFullSnapshot = true;
    // I3: whichever keys came here.
    const keyGroups = { start: 0, end: maxParallelism - 1 };
    return serializeTables(backend.tables(), { mode: 'BASE', maxParallelism, keyGroups });
  }

  /** Of the operator, which may say less than the savepoint's but not another. */
  #maxParallelism(frame: SavepointFrame): number {
    const { maxParallelism = frame.maxParallelism, identifier } = this.#init;
    if (maxParallelism <= frame.maxParallelism) return maxParallelism;
    const advice =
      'an operator cannot have a larger max parallelism than its savepoint, leave ' +
      'setMaxParallelism out or lower it';
    const { maxParallelism: savepoint } = frame;
    const details = { uid: identifier.text, asked: maxParallelism, savepoint };
    throw stateProcessorError('MAX_PARALLELISM_MISMATCH', advice, details);
  }

  get #running(): OneInputOperator<T> {
    return defined(this.#operator, 'open comes before any input');
  }
}

const NOWHERE: Output<unknown> = {
  collect: () => {},
  collectSide: () => {},
  emitWatermark: () => {},
  emitIdle: () => {},
};

/** Remembers the states that were asked for, to take their snapshot. */
class RecordedStates implements OperatorStateStore {
  readonly #states: OperatorStateStore;
  readonly #snapshots = new Map<string, () => OperatorStateSnapshot>();

  constructor(states: OperatorStateStore) {
    this.#states = states;
  }

  snapshot(): readonly OperatorStateSnapshot[] {
    return Array.from(this.#snapshots.values(), (snapshot) => snapshot());
  }

  getListState: OperatorStateStore['getListState'] = (descriptor) => {
    const state = this.#states.getListState(descriptor);
    return this.#record(descriptor.name, 'SPLIT_DISTRIBUTE', state, () => [...state.get()]);
  };

  getUnionListState: OperatorStateStore['getUnionListState'] = (descriptor) => {
    const state = this.#states.getUnionListState(descriptor);
    return this.#record(descriptor.name, 'UNION', state, () => [...state.get()]);
  };

  getBroadcastState: OperatorStateStore['getBroadcastState'] = (descriptor) => {
    const state = this.#states.getBroadcastState(descriptor);
    return this.#record(descriptor.name, 'BROADCAST', state, () => [...state.entries()]);
  };

  #record<S>(
    name: string,
    mode: OperatorStateSnapshot['mode'],
    state: S,
    items: () => readonly unknown[],
  ): S {
    this.#snapshots.set(name, () => ({ name, mode, items: items() }));
    return state;
  }
}
