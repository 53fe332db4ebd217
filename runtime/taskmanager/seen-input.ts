import { MIN_TIMESTAMP_MS } from '../core/index.ts';

/** Tells whether something has come in since the last look. */
export class SeenInput {
  #recordsIn = 0;
  #watermarkMs = MIN_TIMESTAMP_MS;

  look(input: { numRecordsIn(): number; inputWatermarkMs(): number }): boolean {
    const recordsIn = input.numRecordsIn();
    const watermarkMs = input.inputWatermarkMs();
    if (recordsIn === this.#recordsIn && watermarkMs === this.#watermarkMs) return false;
    this.#recordsIn = recordsIn;
    this.#watermarkMs = watermarkMs;
    return true;
  }
}
