/**
 * What has come to the sources of a world: by the clock, as their specs say, or earlier, where it
 * hurts most.
 *
 * I1  What has come stays: what came early comes no second time.
 * I2  After a rush nothing comes to these sources any more.
 */
import { arrivalAtMs, arrivalOf, lastArrivalOf, type SourceSpec } from './job-spec.ts';

export class SimArrivals {
  readonly #nowMs: () => number;
  /** I2. Names. */
  readonly #rushed = new Set<string>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Record `index` of a split, or its end. */
  isThere(source: SourceSpec, index: number): boolean {
    return this.hasCome(source, arrivalOf(source, index));
  }

  /** All of it has come, of which some was to come later. */
  isRushed({ name }: SourceSpec): boolean {
    return this.#rushed.has(name);
  }

  hasCome(source: SourceSpec, arrival: number): boolean {
    return this.isRushed(source) || arrivalAtMs(source, arrival) <= this.#nowMs();
  }

  /**
   * All that is still to come comes now. Bounded sources only: of others it has no end.
   *
   * @returns whether there was any.
   */
  rush(sources: readonly SourceSpec[]): boolean {
    if (!sources.every((source) => Number.isFinite(source.recordsPerSplit))) return false;
    const late = sources.filter((source) => !this.hasCome(source, lastArrivalOf(source)));
    for (const { name } of late) this.#rushed.add(name);
    return late.length > 0;
  }
}
