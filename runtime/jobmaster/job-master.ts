/**
 * Drives one job: launches its slots, runs its sources' enumerators, keeps its metrics, and does
 * what {@link decideJob} says.
 *
 * Owns the job's state and result. Does not own slots (the launcher's) or the graph.
 *
 * I1  Every event goes through `#apply`; nothing else changes the state.
 * I2  The result settles once, after every slot and enumerator is gone.
 */
import {
  type Clock,
  defined,
  type FileSystem,
  type Logger,
  StreamError,
  type StreamErrorRecord,
  type Timers,
  toStreamError,
} from '../core/index.ts';
import type { ExecutionGraph, StreamGraph } from '../graph/index.ts';
import type { SlotReport, SubtaskRef, TaskMetricsRecord } from '../protocol/index.ts';
import { type JobSnapshot, snapshotJob } from './job-snapshot.ts';
import {
  createdJob,
  decideJob,
  type JobCommand,
  type JobEvent,
  type JobStatus,
} from './job-state.ts';
import type { SlotHandle, SlotLauncher } from './slot-launcher.ts';
import { SourceCoordinator } from './source-coordinator.ts';

export interface JobMasterParts {
  readonly jobId: string;
  readonly graph: StreamGraph;
  readonly executionGraph: ExecutionGraph;
  readonly launcher: SlotLauncher;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  /** What print sinks write. The promise, if any, holds them back. */
  readonly onPrint: (text: string) => Promise<void> | undefined;
  /** What collect sinks deliver. */
  readonly onDeliver: (collectId: string, values: readonly unknown[]) => Promise<void> | undefined;
}

export interface JobResult {
  readonly jobId: string;
  readonly jobName: string;
  readonly status: 'FINISHED' | 'FAILED' | 'CANCELED';
  /** From the first deployment to the end. */
  readonly netRuntimeMs: number;
  readonly error?: StreamErrorRecord;
  /** As of the end. */
  readonly metrics: JobSnapshot;
}

export class JobMaster {
  readonly #parts: JobMasterParts;
  readonly #slots: SlotHandle[] = [];
  readonly #sources = new Map<string, SourceCoordinator>();
  readonly #metrics = new Map<string, TaskMetricsRecord>();
  #state: ReturnType<typeof createdJob>;
  #startedAtMs = 0;
  #end: (() => void) | undefined;

  constructor(parts: JobMasterParts) {
    this.#parts = parts;
    this.#state = createdJob(parts.executionGraph.slots.length);
  }

  get status(): JobStatus {
    return this.#state.status;
  }

  /** Deploys the job and settles when it has ended; never rejects for the job's own failure. */
  async run(): Promise<JobResult> {
    const { jobId, graph, clock, launcher, executionGraph } = this.#parts;
    this.#startedAtMs = clock.monotonicMs();
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    this.#createSources();
    for (const { slotIndex } of executionGraph.slots) {
      const handle = launcher.launch(slotIndex, {
        onReport: (report) => this.#onReport(slotIndex, report),
        onLost: (error) => {
          const lost = toStreamError(error).toJSON();
          this.#apply({ type: 'slot-lost', slotIndex, error: lost });
        },
      });
      this.#slots.push(handle);
    }
    await ended;
    for (const source of this.#sources.values()) await source.close();
    for (const slot of this.#slots) await slot.terminate();
    const { status, failure } = this.#state;
    return {
      jobId,
      jobName: graph.jobName,
      status: status === 'FINISHED' || status === 'CANCELED' ? status : 'FAILED',
      netRuntimeMs: clock.monotonicMs() - this.#startedAtMs,
      ...(failure === undefined ? {} : { error: failure }),
      metrics: this.snapshot(),
    };
  }

  /** Asks every task to stop where it is; `run` settles with CANCELED. */
  cancel(): void {
    this.#apply({ type: 'cancel' });
  }

  snapshot(): JobSnapshot {
    const totals = new Map<string, number | undefined>();
    for (const [vertexId, source] of this.#sources) totals.set(vertexId, source.totalProgress());
    return snapshotJob(
      this.status,
      this.#parts.executionGraph.jobGraph,
      this.#metrics,
      totals,
      this.#parts.clock.monotonicMs() - this.#startedAtMs,
    );
  }

  #createSources(): void {
    const { graph, executionGraph, clock, timers, logger, fileSystem } = this.#parts;
    for (const vertex of executionGraph.jobGraph.vertices) {
      const headId = vertex.operators[0]?.nodeId;
      const node = defined(
        graph.nodes.find((n) => n.id === headId),
        'a vertex has a head',
      );
      if (node.body.kind !== 'source') continue;
      const { source } = node.body;
      const coordinator = new SourceCoordinator({
        source,
        parallelism: vertex.parallelism,
        clock,
        timers,
        logger,
        fileSystem,
        send: (subtaskIndex, event) => {
          const task = { vertexId: vertex.id, subtaskIndex };
          this.#slotOf(task)?.send({ type: 'source-event', task, event });
        },
        fail: (error) => this.#apply({ type: 'failed', error: toStreamError(error).toJSON() }),
      });
      this.#sources.set(vertex.id, coordinator);
    }
  }

  #onReport(slotIndex: number, report: SlotReport): void {
    switch (report.type) {
      case 'running':
        this.#apply({ type: 'slot-running', slotIndex });
        break;
      case 'released':
        this.#apply({ type: 'slot-released', slotIndex });
        break;
      case 'task-failed':
        this.#apply({ type: 'failed', error: report.error });
        break;
      case 'task-finished':
        break;
      case 'reader-event':
        this.#sources.get(report.task.vertexId)?.handle(report.task.subtaskIndex, report.event);
        break;
      case 'metrics':
        for (const task of report.tasks) this.#metrics.set(refKey(task), task);
        break;
      case 'print':
        this.#acknowledge(slotIndex, report.id, this.#parts.onPrint(report.text));
        break;
      case 'deliver': {
        const taken = this.#parts.onDeliver(report.collectId, report.values);
        this.#acknowledge(slotIndex, report.id, taken);
        break;
      }
      case 'log':
        this.#parts.logger.log(report.level, report.message, report.fields);
        break;
    }
  }

  #acknowledge(slotIndex: number, id: number, taken: Promise<void> | undefined): void {
    const acknowledge = (): void => this.#slots[slotIndex]?.send({ type: 'received', id });
    if (taken === undefined) acknowledge();
    else taken.then(acknowledge, acknowledge);
  }

  /** I1. */
  #apply(event: JobEvent): void {
    const { state, commands } = decideJob(this.#state, event);
    this.#state = state;
    for (const command of commands) this.#execute(command);
  }

  #execute(command: JobCommand): void {
    switch (command.type) {
      case 'start-sources':
        for (const slot of this.#slots) slot.send({ type: 'start' });
        for (const source of this.#sources.values()) {
          source.start().catch((thrown: unknown) => {
            this.#apply({ type: 'failed', error: toStreamError(thrown).toJSON() });
          });
        }
        break;
      case 'cancel-slots':
        for (const slot of this.#slots) slot.send({ type: 'cancel' });
        break;
      case 'end':
        this.#end?.();
        break;
    }
  }

  #slotOf(task: SubtaskRef): SlotHandle | undefined {
    const vertex = this.#parts.executionGraph.vertices.find((v) => v.vertexId === task.vertexId);
    const slotIndex = vertex?.subtasks[task.subtaskIndex]?.slotIndex;
    if (slotIndex === undefined) {
      throw new StreamError({
        kind: 'internal',
        code: 'UNKNOWN_SUBTASK',
        message: `no such subtask; vertex=${task.vertexId} subtask=${task.subtaskIndex}`,
      });
    }
    return this.#slots[slotIndex];
  }
}

function refKey(ref: SubtaskRef): string {
  return `${ref.vertexId}:${ref.subtaskIndex}`;
}
