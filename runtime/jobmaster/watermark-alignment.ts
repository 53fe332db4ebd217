/**
 * How far the sources of a job are that wait for each other, and how far each may go.
 *
 * I1  A subtask counts once it has said how far it is, until it stops or says that it is idle.
 * I2  Nobody is told without having said something: who waits says so again and again.
 *
 * @see Flink `SourceCoordinator#announceCombinedWatermark`
 */
import { MAX_WATERMARK_MS } from '../core/index.ts';
import type { SubtaskRef } from '../protocol/index.ts';
import type { WatermarkAlignment } from '../time/index.ts';

/** A subtask and how far it is. Persisted while a job is between two turns; JSON. */
export interface AlignedSubtask extends SubtaskRef {
  readonly watermarkMs: number;
}

export class WatermarkAlignments {
  /** By vertex id, in groups. */
  readonly #alignments: ReadonlyMap<string, WatermarkAlignment>;
  readonly #reached = new Map<string, AlignedSubtask>();

  constructor(
    alignments: ReadonlyMap<string, WatermarkAlignment>,
    reached: readonly AlignedSubtask[] = [],
  ) {
    this.#alignments = alignments;
    for (const subtask of reached) this.#reached.set(idOf(subtask), subtask);
  }

  /**
   * @param watermarkMs null: it is idle
   * @returns how far it may go; undefined: its source waits for nobody
   */
  handle(subtask: SubtaskRef, watermarkMs: number | null): number | undefined {
    const alignment = this.#alignments.get(subtask.vertexId);
    if (alignment === undefined) return undefined;
    const { vertexId, subtaskIndex } = subtask;
    if (watermarkMs === null) this.forget(subtask);
    else this.#reached.set(idOf(subtask), { vertexId, subtaskIndex, watermarkMs });
    let lowestMs = MAX_WATERMARK_MS;
    for (const other of this.#reached.values()) {
      const { group } = this.#alignments.get(other.vertexId) ?? {};
      if (group === alignment.group) lowestMs = Math.min(lowestMs, other.watermarkMs);
    }
    return Math.min(MAX_WATERMARK_MS, lowestMs + alignment.maxDriftMs);
  }

  /** It has stopped. */
  forget(subtask: SubtaskRef): void {
    this.#reached.delete(idOf(subtask));
  }

  get reached(): readonly AlignedSubtask[] {
    return [...this.#reached.values()];
  }
}

function idOf({ vertexId, subtaskIndex }: SubtaskRef): string {
  return `${vertexId}:${subtaskIndex}`;
}
