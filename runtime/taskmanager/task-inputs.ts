/**
 * The inputs of a task: takes from the channels of other slots in turns, and tells ended gates.
 * Channels of the same slot call in by themselves.
 */
import { defined } from '../core/index.ts';
import type { RecordableChannel } from './channel-recorder.ts';
import type { GateChannel, InputGate } from './input-gate.ts';
import type { StepPace } from './step-pace.ts';

/** A channel from another slot and where its elements go. */
export interface RemoteInput extends RecordableChannel {
  readonly sink: GateChannel;
}

export class TaskInputs {
  readonly #gates: readonly InputGate[];
  readonly #remote: readonly RemoteInput[];
  #next = 0;

  constructor(gates: readonly InputGate[], remote: readonly RemoteInput[]) {
    this.#gates = gates;
    this.#remote = remote;
  }

  /** Takes a frame, or a part of it; false when no channel that may be polled has one. */
  take(mayPoll: (channel: number) => boolean, pace: StepPace): boolean {
    const count = this.#remote.length;
    for (let i = 0; i < count; i += 1) {
      const index = (this.#next + i) % count;
      const { source, sink, channel } = defined(this.#remote[index], 'the index is in range');
      const before = sink.numRecords;
      if (mayPoll(channel) && source.poll(sink, 1, pace.maxRecords) > 0) {
        pace.took(sink.numRecords - before);
        this.#next = (index + 1) % count;
        return true;
      }
    }
    return false;
  }

  /** As {@link take}, but that ends come before what follows them, as a barrier. */
  next(mayPoll: (channel: number) => boolean, pace: StepPace): 'progress' | 'idle' | 'end' {
    const gate = this.endedGate();
    if (gate === undefined) return this.take(mayPoll, pace) ? 'progress' : 'idle';
    gate.deliverEnd();
    return this.allEnded ? 'end' : 'progress';
  }

  /** A gate whose channels have all ended and whose end the operator does not know yet. */
  endedGate(): InputGate | undefined {
    return this.#gates.find((gate) => gate.ended && !gate.endDelivered);
  }

  get allEnded(): boolean {
    return this.#gates.every((gate) => gate.endDelivered);
  }
}
