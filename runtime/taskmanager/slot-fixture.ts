/**
 * A small cluster for tests: slots of one thread stepped by hand, rings between them, time that
 * stands still.
 */
import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import { defined } from '../core/index.ts';
import {
  buildExecutionGraph,
  type ExecutionGraph,
  generateJobGraph,
  type StreamGraph,
} from '../graph/index.ts';
import type {
  CheckpointBarrier,
  RestoredSubtaskState,
  SlotCommand,
  SlotHandOverRecord,
  SlotReport,
  SubtaskRef,
  SubtaskStateRecord,
} from '../protocol/index.ts';
import type { Slot } from './slot.ts';
import { buildSlot } from './slot-builder.ts';
import type { SlotDeployment } from './slot-deployment.ts';
import type { FixtureJob, Hooks, PushSource } from './slot-fixture-job.ts';
import { FixtureBlobs, FixtureExchange, NO_FILES } from './slot-fixture-world.ts';
import type { ChannelId } from './slot-ports.ts';

const RING_BYTES = 64 * 1024;
const compress = promisify(zstdCompress);

/** Settles what is under way, compression in other threads too. */
async function settle(): Promise<void> {
  await compress(Buffer.alloc(1));
}

export interface ClusterOptions {
  /** @defaultValue true */
  readonly checkpointing?: boolean;
  readonly restore?: readonly RestoredSubtaskState[];
  readonly blobs?: FixtureBlobs;
  readonly ringBytes?: number;
}

/** The slots of a job, stepped until nothing moves. */
export class FixtureCluster {
  readonly job: FixtureJob;
  readonly blobs: FixtureBlobs;
  readonly executionGraph: ExecutionGraph;
  readonly reports: SlotReport[] = [];
  readonly slots: Slot[];
  /** Slots that are not stepped now. */
  readonly stalled = new Set<number>();
  nowMs = 0;
  /** How often a slot asked for a turn. */
  wakes = 0;
  readonly #exchange: FixtureExchange;
  readonly #options: ClusterOptions;
  readonly #graph: StreamGraph;

  constructor(job: FixtureJob, options: ClusterOptions = {}) {
    this.job = job;
    this.blobs = options.blobs ?? new FixtureBlobs();
    this.#options = options;
    this.#graph = job.build();
    this.executionGraph = buildExecutionGraph(generateJobGraph(this.#graph));
    this.#exchange = new FixtureExchange(options.ringBytes ?? RING_BYTES);
    this.slots = this.executionGraph.slots.map(({ slotIndex }) =>
      this.#build({ slotIndex, restore: options.restore ?? [] }),
    );
  }

  #build(of: Pick<SlotDeployment, 'slotIndex' | 'restore' | 'lease' | 'handOver'>): Slot {
    return buildSlot(
      {
        ...of,
        jobId: 'a'.repeat(32),
        graph: this.#graph,
        executionGraph: this.executionGraph,
        attempt: 1,
        checkpointing: this.#options.checkpointing ?? true,
        bufferTimeoutMs: -1,
        autoWatermarkIntervalMs: 0,
      },
      {
        clock: { nowEpochMs: () => this.nowMs, monotonicMs: () => this.nowMs },
        rng: { next: () => 0 },
        logger: { log: () => undefined },
        fileSystem: NO_FILES,
        blobs: this.blobs,
        exchange: this.#exchange,
        reporter: { report: (report) => this.reports.push(report) },
        wake: () => {
          this.wakes += 1;
        },
      },
    );
  }

  /** A slot that was left is replaced by its successor, which opens. */
  async succeed(slotIndex: number): Promise<SlotHandOverRecord> {
    const left = defined(this.slots[slotIndex]?.left, `slot ${slotIndex} is left`);
    const { subtasks } = defined(this.executionGraph.slots[slotIndex], 'it is of the plan');
    const isOf = ({ edgeId, fromSubtask }: ChannelId): boolean => {
      const edge = this.executionGraph.jobGraph.edges[edgeId];
      return subtasks.some(
        (ref) => ref.vertexId === edge?.sourceVertexId && ref.subtaskIndex === fromSubtask,
      );
    };
    for (let i = 0; !this.#exchange.drain(isOf); i += 1) {
      if (i > 100) throw new Error('what the slot has sent does not arrive');
      await this.run();
    }
    const handOver = JSON.parse(JSON.stringify(left)) as SlotHandOverRecord;
    const restore = this.restoreOf(left.checkpointId);
    this.slots[slotIndex] = this.#build({ slotIndex, restore, lease: 1, handOver });
    await this.slots[slotIndex]?.open();
    return handOver;
  }

  /** Opens, starts and runs. */
  async start(): Promise<void> {
    for (const slot of this.slots) await slot.open();
    this.send({ type: 'start' });
    await this.run();
  }

  /** Steps every slot until nothing moves, promises included. */
  async run(): Promise<void> {
    // A frame larger than its ring moves by pieces, which is no progress of a task.
    for (let quiet = 0; quiet < 100 || this.#storing(); ) {
      let progress = false;
      for (const [i, slot] of this.slots.entries()) {
        if (!this.stalled.has(i) && slot.turn() === 'progress') progress = true;
      }
      if (!progress) {
        for (const [i, slot] of this.slots.entries()) {
          if (!this.stalled.has(i) && slot.flush()) progress = true;
        }
      }
      if (progress) quiet = 0;
      else {
        quiet += 1;
        if (quiet % 20 === 0) await settle();
      }
    }
  }

  /** Snapshots are being stored that no test holds back. */
  #storing(): boolean {
    return this.slots.reduce((sum, slot) => sum + slot.storing, 0) > this.blobs.waiting;
  }

  source(key: string): PushSource {
    return defined(this.job.sources.get(key), `there is a source ${key}`);
  }

  hooks(key: string): Hooks {
    return defined(this.job.hooks.get(key), `there is an operator ${key}`);
  }

  /** What operators did since the last call, of one operator or all; then runs on. */
  takeLog(of?: string): string[] {
    const taken = this.job.log.filter((line) => of === undefined || line.startsWith(`${of}: `));
    this.job.log = this.job.log.filter((line) => !taken.includes(line));
    return of === undefined ? taken : taken.map((line) => line.slice(of.length + 2));
  }

  /** To every slot, or to one. */
  send(command: SlotCommand, slotIndex?: number): void {
    for (const [i, slot] of this.slots.entries()) {
      if (slotIndex === undefined || slotIndex === i) slot.handle(structuredClone(command));
    }
  }

  /** Sends the trigger; sources take it. */
  trigger(checkpointId: number, barrier: Partial<CheckpointBarrier> = {}, slot?: number): void {
    this.triggerTasks(checkpointId, this.sourceTasks(), barrier, slot);
  }

  triggerTasks(
    checkpointId: number,
    tasks: readonly SubtaskRef[],
    overrides: Partial<CheckpointBarrier> = {},
    slot?: number,
  ): void {
    const barrier = barrierOf(checkpointId, overrides);
    this.send({ type: 'trigger-checkpoint', barrier, tasks }, slot);
  }

  complete(checkpointId: number, slot?: number): void {
    this.send({ type: 'checkpoint-complete', checkpointId }, slot);
  }

  abort(checkpointId: number, slot?: number): void {
    this.send({ type: 'checkpoint-aborted', checkpointId }, slot);
  }

  sourceTasks(): SubtaskRef[] {
    const { vertices, edges } = this.executionGraph.jobGraph;
    return vertices
      .filter(({ id }) => !edges.some((edge) => edge.targetVertexId === id))
      .flatMap(({ id, parallelism }) =>
        Array.from({ length: parallelism }, (_, subtaskIndex) => ({ vertexId: id, subtaskIndex })),
      );
  }

  /** `<vertex name>/<subtask>` of a task. */
  nameOf({ vertexId, subtaskIndex }: SubtaskRef): string {
    const vertex = this.executionGraph.jobGraph.vertices.find(({ id }) => id === vertexId);
    return `${vertex?.name}/${subtaskIndex}`;
  }

  acks(checkpointId: number) {
    const found = new Map<string, Extract<SlotReport, { type: 'checkpoint-ack' }>>();
    for (const report of this.reports) {
      if (report.type !== 'checkpoint-ack' || report.checkpointId !== checkpointId) continue;
      const name = this.nameOf(report.state);
      if (found.has(name)) throw new Error(`${name} acknowledged ${checkpointId} twice`);
      found.set(name, report);
    }
    return found;
  }

  /** Names of the tasks in reports of a type, in order. */
  tasksIn(type: 'task-ended' | 'task-finished' | 'task-failed' | 'checkpoint-declined'): string[] {
    return this.reports.flatMap((report) =>
      report.type === type ? [this.nameOf(report.task)] : [],
    );
  }

  /** What a job of the same parallelism starts from. */
  restoreOf(checkpointId: number): RestoredSubtaskState[] {
    return [...this.acks(checkpointId).values()].map(({ state }) =>
      restoredFrom(checkpointId, state),
    );
  }
}

/** The same subtask again. */
export function restoredFrom(
  checkpointId: number,
  state: SubtaskStateRecord,
): RestoredSubtaskState {
  const { vertexId, subtaskIndex, finished, operators, channels } = state;
  return {
    ...{ vertexId, subtaskIndex, checkpointId, finished, channels },
    operators: operators.map(({ operatorId, keyedStates, keyedSegments, operatorStates }) => ({
      operatorId,
      keyedStates,
      keyedSegments: keyedSegments.length === 0 ? [] : [keyedSegments],
      operatorStates: operatorStates.map((list) => ({ ...list, from: 0, to: list.itemCount })),
    })),
  };
}

export function barrierOf(
  checkpointId: number,
  overrides: Partial<CheckpointBarrier> = {},
): CheckpointBarrier {
  return {
    checkpointId,
    triggeredAtEpochMs: 0,
    type: 'CHECKPOINT',
    full: false,
    mode: 'EXACTLY_ONCE',
    unalignedAfterMs: -1,
    directory: 'checkpoints/shared',
    ...overrides,
  };
}
