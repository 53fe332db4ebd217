/**
 * What is the same for all two-input operators: the combined watermark, idleness, and the two
 * inputs a task drives.
 */
import { CombinedWatermark } from '../time/index.ts';
import type { Input, Output } from './operator.ts';

export class TwoInputWatermarks {
  readonly #combined = new CombinedWatermark<number>();
  readonly #output: Pick<Output<never>, 'emitWatermark' | 'emitIdle'>;
  readonly #onWatermark: (watermarkMs: number) => void;

  /** @param onWatermark runs before a combined watermark is forwarded. */
  constructor(
    output: Pick<Output<never>, 'emitWatermark' | 'emitIdle'>,
    onWatermark: (watermarkMs: number) => void,
  ) {
    this.#output = output;
    this.#onWatermark = onWatermark;
    this.#combined.add(0);
    this.#combined.add(1);
  }

  /** The input with this index, whose records go to `process`. */
  input<T>(index: 0 | 1, process: (value: T, timestampMs: number) => void): Input<T> {
    return {
      processElement: process,
      processWatermark: (ms) => this.#change(() => this.#combined.update(index, ms)),
      processIdle: (idle) => this.#change(() => this.#combined.setIdle(index, idle)),
      endInput: () => {},
    };
  }

  #change(change: () => boolean): void {
    const wasIdle = this.#combined.idle;
    const advanced = change();
    const isIdle = this.#combined.idle;
    // An output that wakes up says so before its watermark, one that falls idle after it.
    if (wasIdle && !isIdle) this.#output.emitIdle(false);
    if (advanced) {
      this.#onWatermark(this.#combined.watermarkMs);
      this.#output.emitWatermark(this.#combined.watermarkMs);
    }
    if (!wasIdle && isIdle) this.#output.emitIdle(true);
  }
}
