/**
 * One output for the watermarks of many splits.
 *
 * I1  Forwards the lowest watermark of the splits that are active; it never regresses.
 * I2  A split that ended holds nothing back. When none is left the watermark stays where it is.
 */
import { CombinedWatermark } from './combined-watermark.ts';
import type { WatermarkOutput } from './watermark-generator.ts';

export class WatermarkOutputMultiplexer {
  readonly #output: WatermarkOutput;
  readonly #combined = new CombinedWatermark<string>();
  #idle = false;

  constructor(output: WatermarkOutput) {
    this.#output = output;
  }

  /** The output of one split, until {@link unregister}. */
  register(splitId: string): WatermarkOutput {
    this.#combined.add(splitId);
    this.#forward(false);
    const update = (change: () => boolean): void => {
      if (this.#combined.has(splitId)) this.#forward(change());
    };
    return {
      emitWatermark: (ms) => update(() => this.#combined.update(splitId, ms)),
      markIdle: () => update(() => this.#combined.setIdle(splitId, true)),
      markActive: () => update(() => this.#combined.setIdle(splitId, false)),
    };
  }

  unregister(splitId: string): void {
    this.#forward(this.#combined.remove(splitId));
  }

  #forward(advanced: boolean): void {
    if (advanced) this.#output.emitWatermark(this.#combined.watermarkMs);
    if (this.#combined.idle === this.#idle) return;
    this.#idle = this.#combined.idle;
    if (this.#idle) this.#output.markIdle();
    else this.#output.markActive();
  }
}
