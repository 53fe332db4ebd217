/**
 * One input of a task: the channels that feed it, their watermarks combined into one.
 *
 * Owns the watermark valve and the count of open channels. Channels of the same slot call in
 * directly; those of other slots are polled by the task. Barriers and ends of partitions go to the
 * task, not to the operator.
 *
 * I1  After a channel's `end` no record or watermark comes from it; barriers may.
 * I2  `ended` turns true once, when every channel has ended.
 * I3  A gate resumed from the status of another one is where that one was.
 */
import { assert, type Clock, defined, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type { ChannelSink } from '../exchange/index.ts';
import type { Input } from '../operators/index.ts';
import type { CheckpointBarrier, InputStatusRecord } from '../protocol/index.ts';
import { StatusWatermarkValve } from '../time/index.ts';
import { CallMeter } from './call-meter.ts';

/** What concerns the task; channels are counted over all of its gates. */
export interface ChannelEvents {
  /** @param channelEnded the channel's data had ended before the barrier. */
  barrier(channel: number, barrier: CheckpointBarrier, channelEnded: boolean): void;
  endOfPartition(channel: number): void;
  /** A channel's data has ended for a stop that drains. */
  drained(): void;
}

export class InputGate {
  readonly #input: Input<unknown>;
  readonly #valve: StatusWatermarkValve;
  readonly channels: readonly GateChannel[];
  readonly #metered: GateChannel[] = [];
  #open: number;
  #watermarkMs = MIN_TIMESTAMP_MS;
  /** The head operator's end of this input was delivered. */
  endDelivered = false;

  /** @param firstChannel the task's number of this gate's channel 0. */
  constructor(
    input: Input<unknown>,
    channelCount: number,
    events: ChannelEvents,
    firstChannel: number,
  ) {
    assert(channelCount > 0, 'a gate has at least one channel');
    this.#input = input;
    this.#open = channelCount;
    this.#valve = new StatusWatermarkValve(channelCount, {
      emitWatermark: (watermarkMs) => {
        this.#watermarkMs = watermarkMs;
        input.processWatermark(watermarkMs);
      },
      emitIdle: (idle) => input.processIdle(idle),
    });
    this.channels = Array.from(
      { length: channelCount },
      (_, i) => new GateChannel(this, input, i, events, firstChannel + i),
    );
  }

  get ended(): boolean {
    return this.#open === 0;
  }

  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  get numRecords(): number {
    let sum = 0;
    for (const channel of this.channels) sum += channel.numRecords;
    return sum;
  }

  /** A channel from this slot, whose calls are timed. */
  addMetered(channel: GateChannel): void {
    this.#metered.push(channel);
  }

  get calledMs(): number {
    return this.#metered.reduce((sum, channel) => sum + channel.calledMs, 0);
  }

  /** But for what only the task knows of its channels. */
  get status(): Pick<InputStatusRecord, 'watermarkMs' | 'idle'> & {
    readonly channels: readonly Omit<
      InputStatusRecord['channels'][number],
      'partitionEnded' | 'overtaken'
    >[];
  } {
    const { watermarkMs, idle, channels } = this.#valve.status;
    return {
      watermarkMs,
      idle,
      channels: channels.map((channel, i) => ({
        ...channel,
        ended: this.channels[i]?.ended === true,
      })),
    };
  }

  /** I3. The operator is told the watermark, and whether the input is idle. */
  resume(status: InputStatusRecord): void {
    for (const [i, { ended }] of status.channels.entries()) {
      if (!ended) continue;
      this.#open -= 1;
      this.channels[i]?.resumeEnded();
    }
    this.#valve.resume(status);
  }

  deliverEnd(): void {
    this.endDelivered = true;
    this.#input.endInput();
  }

  watermark(channelIndex: number, watermarkMs: number): void {
    this.#valve.inputWatermark(channelIndex, watermarkMs);
  }

  idle(channelIndex: number, idle: boolean): void {
    this.#valve.inputIdle(channelIndex, idle);
  }

  channelEnded(channelIndex: number): void {
    assert(this.#open > 0, 'I1: a channel ends once');
    this.#open -= 1;
    this.#valve.inputEnd(channelIndex);
  }
}

/** The receiving end of one channel. */
export class GateChannel implements ChannelSink {
  readonly #gate: InputGate;
  readonly #input: Input<unknown>;
  readonly #index: number;
  readonly #events: ChannelEvents;
  /** Counted over all gates of the task. */
  readonly channel: number;
  numRecords = 0;
  #ended = false;
  #meter: CallMeter | undefined;
  /** The record, by number, whose call is timed. */
  #timedRecord = 0;

  constructor(
    gate: InputGate,
    input: Input<unknown>,
    index: number,
    events: ChannelEvents,
    channel: number,
  ) {
    this.#gate = gate;
    this.#input = input;
    this.#index = index;
    this.#events = events;
    this.channel = channel;
  }

  /** END was delivered. */
  get ended(): boolean {
    return this.#ended;
  }

  /** It was delivered to the gate whose place this one takes. */
  resumeEnded(): void {
    this.#ended = true;
  }

  record(value: unknown, timestampMs: number, keyGroup: number): void {
    this.numRecords += 1;
    if (this.numRecords === this.#timedRecord) this.#timed(value, timestampMs, keyGroup);
    else this.#input.processElement(value, timestampMs, keyGroup);
  }

  /** Records are calls of another task of the slot. */
  meterCalls(clock: Clock): void {
    this.#meter = new CallMeter(clock);
    this.#gate.addMetered(this);
    this.#timedRecord = this.numRecords + 1;
  }

  /** Spent in calls of another task of the slot. */
  get calledMs(): number {
    return this.#meter?.calledMs ?? 0;
  }

  #timed(value: unknown, timestampMs: number, keyGroup: number): void {
    const meter = defined(this.#meter, 'a call is timed by a meter');
    meter.begin();
    this.#input.processElement(value, timestampMs, keyGroup);
    this.#timedRecord = this.numRecords + meter.end();
  }

  watermark(watermarkMs: number): void {
    // Windows fire in it.
    this.#meter?.begin();
    this.#gate.watermark(this.#index, watermarkMs);
    this.#meter?.endOne();
  }

  idle(idle: boolean): void {
    this.#gate.idle(this.#index, idle);
  }

  end(drained = false): void {
    this.#ended = true;
    if (drained) this.#events.drained();
    this.#gate.channelEnded(this.#index);
  }

  barrier(barrier: CheckpointBarrier): void {
    this.#events.barrier(this.channel, barrier, this.#ended);
  }

  endOfPartition(): void {
    this.#events.endOfPartition(this.channel);
  }
}
