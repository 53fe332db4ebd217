/**
 * The watermark of several inputs of one operator, or splits of one reader: the lowest of those
 * that are active.
 *
 * I1  The combined watermark never decreases; a part that joins late or wakes up behind it holds
 *     it, but does not pull it back.
 * I2  Idle exactly when all parts are idle or have the final watermark, and not all have it. The
 *     final watermark is not given out while an idle part may still send records.
 * I3  When it falls idle it has reached what the furthest idle part has, so that the order in which
 *     they fell idle does not count. `StatusWatermarkValve` does the same.
 *
 * @see Flink `CombinedWatermarkStatus`
 */
import { assert, MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';

interface Part {
  watermarkMs: number;
  idle: boolean;
}

export class CombinedWatermark<Id> {
  readonly #parts = new Map<Id, Part>();
  #combinedMs = MIN_TIMESTAMP_MS;
  #idle = false;

  get watermarkMs(): number {
    return this.#combinedMs;
  }

  get idle(): boolean {
    return this.#idle;
  }

  has(id: Id): boolean {
    return this.#parts.has(id);
  }

  /** A new part is active and holds the others back until its first watermark. */
  add(id: Id): void {
    this.#parts.set(id, { watermarkMs: MIN_TIMESTAMP_MS, idle: false });
    this.#idle = false;
  }

  /** @returns true when the combined watermark advanced; so for all that change a part. */
  remove(id: Id): boolean {
    this.#parts.delete(id);
    return this.#combine();
  }

  /** A watermark also marks its part active. */
  update(id: Id, watermarkMs: number): boolean {
    const part = this.#part(id);
    part.idle = false;
    if (watermarkMs > part.watermarkMs) part.watermarkMs = watermarkMs;
    return this.#combine();
  }

  setIdle(id: Id, idle: boolean): boolean {
    this.#part(id).idle = idle;
    return this.#combine();
  }

  #part(id: Id): Part {
    const part = this.#parts.get(id);
    assert(part !== undefined, 'a watermark belongs to a part that was added');
    return part;
  }

  #combine(): boolean {
    if (this.#parts.size === 0) return false;
    let lowestMs = MAX_WATERMARK_MS;
    let highestIdleMs: number | undefined;
    for (const { watermarkMs, idle } of this.#parts.values()) {
      if (watermarkMs === MAX_WATERMARK_MS) continue;
      if (idle) highestIdleMs = Math.max(highestIdleMs ?? watermarkMs, watermarkMs);
      else if (watermarkMs < lowestMs) lowestMs = watermarkMs;
    }
    this.#idle = highestIdleMs !== undefined && lowestMs === MAX_WATERMARK_MS;
    const reachedMs = this.#idle ? (highestIdleMs ?? lowestMs) : lowestMs;
    if (reachedMs <= this.#combinedMs) return false;
    this.#combinedMs = reachedMs;
    return true;
  }
}
