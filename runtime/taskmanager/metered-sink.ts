/**
 * Calls from one task of a slot into another: how long they took. They run in the step of the task
 * that calls, but the time is that of the task which is called.
 *
 * I1  Every call that is timed stands for those before it that were not; what takes long is timed
 *     each time, what does not once in so many.
 */
import type { Clock } from '../core/index.ts';
import type { ChannelSink } from '../exchange/index.ts';
import type { CheckpointBarrier } from '../protocol/index.ts';
import type { GateChannel } from './input-gate.ts';

/** No power of two, nor of ten: what repeats itself is met in all of its parts. */
const MOST_UNTIMED = 61;
/** A call that takes longer is slow. */
const SLOW_MS = 0.1;
const CALIBRATIONS = 8;

export interface MeteredCalls extends ChannelSink {
  /** About; in milliseconds since the attempt began. */
  readonly calledMs: number;
}

export class MeteredSink implements MeteredCalls {
  readonly #sink: ChannelSink;
  readonly #gate: GateChannel;
  readonly #clock: Clock;
  /** Of a look at the clock itself. */
  readonly #overheadMs: number;
  #every = 1;
  #left = 1;

  /** @param sink what leads to `gate`. */
  constructor(sink: ChannelSink, gate: GateChannel, clock: Clock) {
    this.#sink = sink;
    this.#gate = gate;
    this.#clock = clock;
    this.#overheadMs = overheadMs(clock);
  }

  get calledMs(): number {
    return this.#gate.calledMs;
  }

  record(value: unknown, timestampMs: number, keyGroup: number): void {
    this.#left -= 1;
    if (this.#left > 0) this.#sink.record(value, timestampMs, keyGroup);
    else this.#timed(value, timestampMs, keyGroup);
  }

  /** I1. */
  #timed(value: unknown, timestampMs: number, keyGroup: number): void {
    const startMs = this.#clock.monotonicMs();
    this.#sink.record(value, timestampMs, keyGroup);
    const tookMs = Math.max(0, this.#clock.monotonicMs() - startMs - this.#overheadMs);
    this.#gate.calledMs += tookMs * this.#every;
    this.#every = tookMs > SLOW_MS ? 1 : Math.min(MOST_UNTIMED, 2 * this.#every);
    this.#left = this.#every;
  }

  /** Windows fire in it. */
  watermark(watermarkMs: number): void {
    const startMs = this.#clock.monotonicMs();
    this.#sink.watermark(watermarkMs);
    this.#gate.calledMs += this.#clock.monotonicMs() - startMs;
  }

  idle(idle: boolean): void {
    this.#sink.idle(idle);
  }

  end(drained = false): void {
    this.#sink.end(drained);
  }

  barrier(barrier: CheckpointBarrier): void {
    this.#sink.barrier(barrier);
  }

  endOfPartition(): void {
    this.#sink.endOfPartition();
  }
}

function overheadMs(clock: Clock): number {
  const looks = Array.from({ length: CALIBRATIONS }, () => clock.monotonicMs());
  return Math.min(...looks.slice(1).map((atMs, index) => atMs - (looks[index] ?? atMs)));
}
