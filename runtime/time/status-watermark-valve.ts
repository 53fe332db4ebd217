/**
 * Turns the watermarks and idleness of n channels into those of the operator behind them.
 *
 * Owns what each channel said last. The input gate feeds it; it calls the output it was given.
 *
 * I1  The watermarks put out only increase, and only while some channel is active.
 * I2  An idle channel holds nothing back; what it sends while idle is not kept.
 * I3  A channel that wakes up behind the output is unaligned: it holds nothing back before it has
 *     caught up. If all active channels are unaligned, nothing is put out. One that wakes up ahead
 *     of it counts at once.
 * I4  A channel that has ended counts as one with the final watermark: it holds nothing back. The
 *     final watermark itself is put out once every channel has it; Flink puts it out while other
 *     channels are idle, and all that these send later is late.
 * I5  When the last active channel falls idle, what the furthest has reached is put out: whatever
 *     the order they fell idle in. So does `CombinedWatermark`.
 *
 * @see Flink `StatusWatermarkValve`
 */
import { assert, MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';

export interface ValveOutput {
  emitWatermark(watermarkMs: number): void;
  emitIdle(idle: boolean): void;
}

interface Channel {
  watermarkMs: number;
  idle: boolean;
  aligned: boolean;
}

/** What a valve remembers. Plain JSON. */
export interface ValveStatus {
  /** The last watermark put out. */
  readonly watermarkMs: number;
  readonly idle: boolean;
  readonly channels: readonly Readonly<Channel>[];
}

export class StatusWatermarkValve {
  readonly #channels: readonly Channel[];
  readonly #output: ValveOutput;
  #lastOutputMs = MIN_TIMESTAMP_MS;
  #outputIdle = false;

  constructor(channelCount: number, output: ValveOutput) {
    assert(channelCount >= 1, 'a valve has channels');
    this.#channels = Array.from({ length: channelCount }, () => ({
      watermarkMs: MIN_TIMESTAMP_MS,
      idle: false,
      aligned: true,
    }));
    this.#output = output;
  }

  /** The last watermark put out. */
  get watermarkMs(): number {
    return this.#lastOutputMs;
  }

  get status(): ValveStatus {
    return {
      watermarkMs: this.#lastOutputMs,
      idle: this.#outputIdle,
      channels: this.#channels.map((channel) => ({ ...channel })),
    };
  }

  /** Becomes a valve with this status, and puts out again what that one has. */
  resume({ watermarkMs, idle, channels }: ValveStatus): void {
    assert(channels.length === this.#channels.length, 'a status is of as many channels');
    for (const [i, { watermarkMs, idle, aligned }] of channels.entries()) {
      Object.assign(this.#channel(i), { watermarkMs, idle, aligned });
    }
    this.#emit(watermarkMs);
    this.#outputIdle = idle;
    if (idle) this.#output.emitIdle(true);
  }

  inputWatermark(channelIndex: number, watermarkMs: number): void {
    const channel = this.#channel(channelIndex);
    if (channel.idle || watermarkMs <= channel.watermarkMs) return;
    const heldBack = channel.watermarkMs === this.#lastOutputMs;
    channel.watermarkMs = watermarkMs;
    if (watermarkMs >= this.#lastOutputMs) channel.aligned = true;
    if (watermarkMs < MAX_WATERMARK_MS) this.#emitLowestAligned();
    else if (this.#channels.every(isFinal)) this.#emitFinal();
    else this.#without(heldBack);
  }

  inputIdle(channelIndex: number, idle: boolean): void {
    const channel = this.#channel(channelIndex);
    if (channel.idle === idle) return;
    channel.idle = idle;
    if (idle) this.#fallIdle(channel);
    else this.#wakeUp(channel);
  }

  /** The channel sends nothing more; the final watermark may or may not have come before. */
  inputEnd(channelIndex: number): void {
    this.inputIdle(channelIndex, false);
    this.inputWatermark(channelIndex, MAX_WATERMARK_MS);
  }

  #fallIdle(channel: Channel): void {
    channel.aligned = false;
    if (!isFinal(channel)) this.#without(channel.watermarkMs === this.#lastOutputMs);
  }

  /** Goes on without a channel that fell idle or ended. */
  #without(heldBack: boolean): void {
    if (this.#channels.some((other) => !other.idle && !isFinal(other))) {
      if (heldBack) this.#emitLowestAligned();
      return;
    }
    if (this.#outputIdle) return;
    const reached = this.#channels.filter((other) => !isFinal(other));
    // I5.
    this.#emit(Math.max(...reached.map((other) => other.watermarkMs)));
    this.#outputIdle = true;
    this.#output.emitIdle(true);
  }

  #emitFinal(): void {
    if (this.#outputIdle) this.#output.emitIdle(false);
    this.#outputIdle = false;
    this.#emit(MAX_WATERMARK_MS);
  }

  #wakeUp(channel: Channel): void {
    channel.aligned = channel.watermarkMs >= this.#lastOutputMs;
    if (isFinal(channel)) return;
    if (this.#outputIdle) {
      this.#outputIdle = false;
      this.#output.emitIdle(false);
    }
    this.#emitLowestAligned();
  }

  #emitLowestAligned(): void {
    let lowestMs = Number.POSITIVE_INFINITY;
    for (const channel of this.#channels) {
      if (channel.aligned && channel.watermarkMs < lowestMs) lowestMs = channel.watermarkMs;
    }
    // I4: only final channels are aligned, the live ones are idle or still catching up.
    if (lowestMs < MAX_WATERMARK_MS) this.#emit(lowestMs);
  }

  #emit(watermarkMs: number): void {
    if (watermarkMs <= this.#lastOutputMs) return;
    this.#lastOutputMs = watermarkMs;
    this.#output.emitWatermark(watermarkMs);
  }

  #channel(channelIndex: number): Channel {
    const channel = this.#channels[channelIndex];
    assert(channel !== undefined, 'a channel index is below the channel count');
    return channel;
  }
}

function isFinal(channel: Channel): boolean {
  return channel.watermarkMs === MAX_WATERMARK_MS;
}
