/**
 * The source coordinators of a job.
 *
 * I1  They are made anew, from the same checkpoint as the readers, at the first deployment, when
 *     the layout has changed, and after one of them failed; otherwise they outlive restarts.
 * I2  How far aligned sources are outlives nothing but a turn: they say it again.
 */
import type { SourceStateRecord } from '../checkpoint/index.ts';
import {
  type Clock,
  defined,
  type FileSystem,
  type Logger,
  type StreamErrorRecord,
  type Timers,
  toStreamError,
} from '../core/index.ts';
import type { ExecutionGraph, StreamGraph } from '../graph/index.ts';
import type { ReaderEvent, SourceEvent, SubtaskRef } from '../protocol/index.ts';
import type { WatermarkAlignment } from '../time/index.ts';
import type { SleepingSource, SleepingSources } from './sleeping-job.ts';
import { SourceCoordinator } from './source-coordinator.ts';
import { type AlignedSubtask, WatermarkAlignments } from './watermark-alignment.ts';

export interface JobSourcesParts {
  readonly graph: StreamGraph;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  readonly send: (task: SubtaskRef, event: SourceEvent) => void;
  readonly fail: (error: StreamErrorRecord) => void;
}

/** What enumerators start from. */
export interface RestoredSources {
  readonly checkpointId: number;
  /** Undefined: this source has no state in it. */
  readonly stateOf: (operatorId: string) => SourceStateRecord | undefined;
}

interface SourceVertex {
  readonly operatorId: string;
  readonly coordinator: SourceCoordinator;
  readonly alignment: WatermarkAlignment | undefined;
}

export class JobSources {
  readonly #parts: JobSourcesParts;
  #sources = new Map<string, SourceVertex>();
  #started: Promise<void> = Promise.resolve();
  #alignments: WatermarkAlignments;
  #isStale = true;
  /** Coordinators of an earlier creation tell nothing any more. */
  #generation = 0;

  constructor(parts: JobSourcesParts) {
    this.#parts = parts;
    this.#alignments = new WatermarkAlignments(new Map());
  }

  /** Goes on with those of an earlier turn. Resolves once they have started. */
  async wake(executionGraph: ExecutionGraph, asleep: SleepingSources): Promise<void> {
    this.#isStale = asleep.isStale;
    if (asleep.sources.length === 0) return;
    this.#generation += 1;
    this.#sources = this.#create(executionGraph, asleep, this.#generation);
    this.#align(asleep.aligned);
    const starting = [...this.#sources.values()].map(({ coordinator }) => coordinator.start());
    this.#started = Promise.all(starting).then(() => {});
    await this.#started;
  }

  /** Once they have started. Stale ones are not needed any more; one that cannot tell fails. */
  sleep(): SleepingSources {
    try {
      if (!this.#isStale) {
        const aligned = this.#alignments.reached;
        const sources = this.#asleep();
        return { isStale: false, sources, ...(aligned.length === 0 ? {} : { aligned }) };
      }
    } catch (thrown) {
      this.#isStale = true;
      this.#parts.fail(toStreamError(thrown).toJSON());
    }
    return { isStale: true, sources: [] };
  }

  #asleep(): readonly SleepingSource[] {
    return [...this.#sources].map(([vertexId, { operatorId, coordinator }]) => ({
      ...{ vertexId, operatorId },
      ...coordinator.sleep(),
    }));
  }

  /** The next deployment makes them anew (I1). */
  invalidate(): void {
    this.#isStale = true;
  }

  /** Before the readers of a deployment are launched. Starts what is new. */
  async prepare(
    executionGraph: ExecutionGraph,
    restored: RestoredSources | undefined,
  ): Promise<void> {
    if (!this.#isStale) return;
    this.#generation += 1;
    const closing = this.#closeAll();
    // Stale still when one of them cannot be made.
    this.#sources = new Map();
    this.#sources = this.#create(executionGraph, restored, this.#generation);
    this.#align();
    this.#isStale = false;
    const starting = [...this.#sources.values()].map(({ coordinator }) => coordinator.start());
    this.#started = Promise.all(starting).then(() => {});
    await closing;
  }

  /** Resolves once every enumerator has started, and done what events have set off. */
  async started(): Promise<void> {
    await this.#started;
    await Promise.all([...this.#sources.values()].map(({ coordinator }) => coordinator.quiet()));
  }

  handle(task: SubtaskRef, event: ReaderEvent): void {
    if (event.type !== 'watermark') {
      this.#sources.get(task.vertexId)?.coordinator.handle(task.subtaskIndex, event);
      return;
    }
    const maxWatermarkMs = this.#alignments.handle(task, event.watermarkMs);
    if (maxWatermarkMs === undefined) return;
    this.#parts.send(task, { type: 'max-watermark', maxWatermarkMs });
  }

  readerStarted({ vertexId, subtaskIndex }: SubtaskRef): void {
    this.#sources.get(vertexId)?.coordinator.readerStarted(subtaskIndex);
  }

  /** The reader will start from this checkpoint. */
  readerReset(task: SubtaskRef, checkpointId: number | undefined): void {
    const { vertexId, subtaskIndex } = task;
    this.#alignments.forget(task);
    this.#sources.get(vertexId)?.coordinator.readerReset(subtaskIndex, checkpointId);
  }

  /** @throws {StreamError} as {@link SourceCoordinator.snapshot}. */
  snapshot(checkpointId: number): readonly SourceStateRecord[] {
    return [...this.#sources.values()].map(({ operatorId, coordinator }) => ({
      operatorId,
      enumerator: coordinator.snapshot(checkpointId),
    }));
  }

  checkpointComplete(checkpointId: number): void {
    for (const { coordinator } of this.#sources.values()) {
      coordinator.checkpointComplete(checkpointId);
    }
  }

  /** By vertex id. */
  totalProgress(): ReadonlyMap<string, number | undefined> {
    return new Map(
      [...this.#sources].map(([vertexId, { coordinator }]) => [
        vertexId,
        coordinator.totalProgress(),
      ]),
    );
  }

  async close(): Promise<void> {
    this.#generation += 1;
    await this.#closeAll();
  }

  #align(reached?: readonly AlignedSubtask[]): void {
    const alignments = [...this.#sources].flatMap(([vertexId, { alignment }]) =>
      alignment === undefined ? [] : [[vertexId, alignment] as const],
    );
    this.#alignments = new WatermarkAlignments(new Map(alignments), reached);
  }

  /** One that cannot be closed keeps nobody from going on. */
  async #closeAll(): Promise<void> {
    const { logger } = this.#parts;
    const closing = [...this.#sources].map(async ([vertexId, { coordinator }]) => {
      try {
        await coordinator.close();
      } catch (thrown) {
        const reason = toStreamError(thrown).message;
        logger.log('warn', 'the enumerator of a source could not be closed', { vertexId, reason });
      }
    });
    await Promise.all(closing);
  }

  #create(
    executionGraph: ExecutionGraph,
    restored: RestoredSources | SleepingSources | undefined,
    generation: number,
  ): Map<string, SourceVertex> {
    const { graph, clock, timers, logger, fileSystem } = this.#parts;
    const sources = new Map<string, SourceVertex>();
    const checkpointId = restored && 'checkpointId' in restored ? restored.checkpointId : undefined;
    for (const vertex of executionGraph.jobGraph.vertices) {
      const head = defined(vertex.operators[0], 'a vertex has a head');
      const node = defined(
        graph.nodes.find((n) => n.id === head.nodeId),
        'a head is a node of the graph',
      );
      if (node.body.kind !== 'source') continue;
      const asleep = sleepingOf(restored, head.operatorId);
      const state = asleep ?? stateOf(restored, head.operatorId);
      const coordinator = new SourceCoordinator({
        source: node.body.source,
        parallelism: vertex.parallelism,
        clock,
        timers,
        logger,
        fileSystem,
        ...(asleep === undefined ? {} : { asleep }),
        ...(checkpointId === undefined ? {} : { restoredCheckpointId: checkpointId }),
        ...(state === undefined ? {} : { restored: state.enumerator }),
        send: (subtaskIndex, event) => {
          if (generation !== this.#generation) return;
          this.#parts.send({ vertexId: vertex.id, subtaskIndex }, event);
        },
        fail: (error) => {
          if (generation !== this.#generation) return;
          this.#isStale = true;
          this.#parts.fail(toStreamError(error).toJSON());
        },
      });
      const { alignment } = node.body;
      sources.set(vertex.id, { operatorId: head.operatorId, coordinator, alignment });
    }
    return sources;
  }
}

function sleepingOf(
  restored: RestoredSources | SleepingSources | undefined,
  operatorId: string,
): SleepingSource | undefined {
  if (restored === undefined || !('sources' in restored)) return undefined;
  return restored.sources.find((source) => source.operatorId === operatorId);
}

function stateOf(
  restored: RestoredSources | SleepingSources | undefined,
  operatorId: string,
): SourceStateRecord | undefined {
  return restored && 'stateOf' in restored ? restored.stateOf(operatorId) : undefined;
}
