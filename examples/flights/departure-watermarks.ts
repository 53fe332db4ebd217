import type { WatermarkGenerator, WatermarkOutput } from 'sluice';
import type { Flight } from './flights.ts';

/**
 * Reports are waited for until six hours after the newest departure heard of: time to fly across
 * the country and be an hour late. A watermark follows every report that advances it, instead of
 * one now and then, so that the same reports are late in every run.
 */
export class DepartureWatermarks implements WatermarkGenerator<Flight> {
  #newestMs = Number.NEGATIVE_INFINITY;

  onEvent(_flight: Flight, departureMs: number, output: WatermarkOutput): void {
    if (departureMs <= this.#newestMs) return;
    this.#newestMs = departureMs;
    output.emitWatermark(departureMs - OUT_OF_ORDERNESS_MS - 1);
  }

  onPeriodicEmit(): void {}
}

export const OUT_OF_ORDERNESS_MS = 6 * 60 * 60 * 1000;
