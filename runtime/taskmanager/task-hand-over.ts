/**
 * A task's part of a hand-over: what it leaves, and how another task takes its place. Between the
 * two lies a completed checkpoint: state and records under way come from there.
 *
 * I1  Inputs stand where the barrier was: what followed it was not taken.
 * I2  Elements that an unaligned barrier overtook come after the records it overtook.
 * I3  A fresh operator is active: so are its outputs, whatever they were told before. Their
 *     watermarks do not go back, although a fresh operator's do.
 */
import type { ChannelSink } from '../exchange/index.ts';
import type { ControlRecord, InputStatusRecord, TaskHandOverRecord } from '../protocol/index.ts';
import type { GateChannel } from './input-gate.ts';
import type { RemoteInput } from './task-inputs.ts';
import type { TaskParts } from './task-parts.ts';

type LeftParts = Pick<TaskParts, 'ref' | 'gates' | 'remoteInputs' | 'writers' | 'checkpoints'>;

/** What to leave of a task that takes no more input. */
export function leaveTask(
  { ref, gates, remoteInputs, writers, checkpoints }: LeftParts,
  finished: boolean,
  noMoreSplits: boolean,
): TaskHandOverRecord {
  const ended = checkpoints.endedChannels;
  const remote = new Map(remoteInputs.map((input) => [input.channel, input]));
  const inputs = gates.map((gate): InputStatusRecord => {
    const { channels, ...status } = gate.status;
    return {
      ...status,
      channels: channels.map((channelStatus, i) => {
        const channel = gate.channels[i]?.channel ?? -1;
        const overtaken = overtakenControls(remote.get(channel));
        return { ...channelStatus, partitionEnded: ended.has(channel), overtaken };
      }),
    };
  });
  const outputWatermarksMs = writers.map(({ watermarkMs }) => watermarkMs);
  return { ...ref, finished, inputs, outputWatermarksMs, noMoreSplits };
}

/** Ended channels of all gates, counted as the task counts them. */
export function endedChannels({ inputs }: TaskHandOverRecord): readonly number[] {
  const channels = inputs.flatMap((input) => input.channels);
  return channels.flatMap(({ partitionEnded }, channel) => (partitionEnded ? [channel] : []));
}

/** Brings gates and outputs of a new task to where the old one's were. Records come first (I2). */
export function resumeTask(
  { gates, writers }: Pick<TaskParts, 'gates' | 'writers'>,
  { inputs, outputWatermarksMs }: TaskHandOverRecord,
): void {
  // I3.
  for (const [i, writer] of writers.entries()) {
    writer.watermarkMs = outputWatermarksMs[i] ?? writer.watermarkMs;
  }
  const willBeIdle = inputs.length > 0 && inputs.every(({ idle }) => idle);
  if (!willBeIdle) for (const writer of writers) writer.processIdle(false);
  for (const [i, gate] of gates.entries()) {
    const status = inputs[i];
    if (status !== undefined) gate.resume(status);
  }
}

/** I2. */
export function deliverOvertaken(gates: TaskParts['gates'], { inputs }: TaskHandOverRecord): void {
  for (const [i, gate] of gates.entries()) {
    for (const [j, channel] of gate.channels.entries()) {
      const controls = inputs[i]?.channels[j]?.overtaken ?? [];
      for (const control of controls) deliver(channel, control);
    }
  }
}

function deliver(channel: GateChannel, control: ControlRecord): void {
  switch (control.type) {
    case 'watermark':
      channel.watermark(control.watermarkMs);
      break;
    case 'idle':
      channel.idle(control.idle);
      break;
    case 'end':
      channel.end();
      break;
    case 'end-of-partition':
      channel.endOfPartition();
      break;
  }
}

function overtakenControls(input: RemoteInput | undefined): readonly ControlRecord[] {
  const controls: ControlRecord[] = [];
  const collector: ChannelSink = {
    record: () => undefined,
    watermark: (watermarkMs) => void controls.push({ type: 'watermark', watermarkMs }),
    idle: (idle) => void controls.push({ type: 'idle', idle }),
    end: () => void controls.push({ type: 'end' }),
    barrier: () => undefined,
    endOfPartition: () => void controls.push({ type: 'end-of-partition' }),
  };
  input?.source.deliverControlsAhead(collector);
  return controls;
}
