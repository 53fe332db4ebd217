/** What vertices did while someone looked at their job, for charts. */
import type { VertexLive } from './vertex-live.ts';

export interface RatePoint {
  readonly atEpochMs: number;
  readonly live: VertexLive;
}

/** Half an hour, at one point in three seconds. */
const MAX_POINTS = 600;
const MAX_JOBS = 3;
const NOTHING: readonly RatePoint[] = [];

export class RateHistory {
  /** By job, by vertex; the job that was looked at last is the last. */
  readonly #jobs = new Map<string, Map<string, RatePoint[]>>();

  /** A time that is known already is passed over. */
  record(jobId: string, atEpochMs: number, lives: ReadonlyMap<string, VertexLive>): void {
    const vertices = this.#jobs.get(jobId) ?? new Map<string, RatePoint[]>();
    this.#jobs.delete(jobId);
    this.#jobs.set(jobId, vertices);
    for (const [id, live] of lives) {
      const points = vertices.get(id) ?? [];
      if ((points.at(-1)?.atEpochMs ?? 0) >= atEpochMs) continue;
      vertices.set(id, [...points.slice(1 - MAX_POINTS), { atEpochMs, live }]);
    }
    for (const id of this.#jobs.keys()) {
      if (this.#jobs.size <= MAX_JOBS) break;
      this.#jobs.delete(id);
    }
  }

  /** In the order of time. */
  of(jobId: string, vertexId: string): readonly RatePoint[] {
    return this.#jobs.get(jobId)?.get(vertexId) ?? NOTHING;
  }
}
