/** Which channels of a job begin or end in one TaskManager, and where their other ends are. Pure. */
import { defined } from '../../../core/index.ts';
import type { ExecutionGraph } from '../../../graph/index.ts';
import type { ChannelId } from '../../../taskmanager/index.ts';

/** Both ends are slots of this TaskManager: it never touches a queue. */
export interface InnerChannel {
  readonly key: string;
  readonly fromSlot: number;
  readonly toSlot: number;
}

/** One end is in another TaskManager. */
export interface CrossingChannel {
  readonly key: string;
  readonly channel: ChannelId;
  /** The end that is here. */
  readonly slotIndex: number;
  /** The TaskManager of the other end. */
  readonly peer: number;
  /** The most that is under way and not taken. */
  readonly windowBytes: number;
}

export interface ChannelPlan {
  readonly inner: readonly InnerChannel[];
  readonly outgoing: readonly CrossingChannel[];
  readonly incoming: readonly CrossingChannel[];
}

/** Of all channels into a TaskManager together. */
const WINDOW_BUDGET_BYTES = 64 * 1024 * 1024;
const MIN_WINDOW_BYTES = 128 * 1024;
const MAX_WINDOW_BYTES = 2 * 1024 * 1024;

/** As slots and ring memory name a channel. */
export function channelKey({ edgeId, fromSubtask, toSubtask }: ChannelId): string {
  return `${edgeId}:${fromSubtask}:${toSubtask}`;
}

/** Ascending. */
export function slotsOfTaskManager(
  { slots }: ExecutionGraph,
  taskManager: number,
  slotsPerTaskManager: number,
): readonly number[] {
  return slots
    .map(({ slotIndex }) => slotIndex)
    .filter((slotIndex) => Math.floor(slotIndex / slotsPerTaskManager) === taskManager);
}

/** How many TaskManagers the job has. */
export function taskManagerCount({ slots }: ExecutionGraph, slotsPerTaskManager: number): number {
  return Math.ceil(slots.length / slotsPerTaskManager);
}

export function planChannels(
  executionGraph: ExecutionGraph,
  taskManager: number,
  slotsPerTaskManager: number,
): ChannelPlan {
  const hostOf = (slotIndex: number): number => Math.floor(slotIndex / slotsPerTaskManager);
  const all = channelsOf(executionGraph);
  const incomingOf = new Map<number, number>();
  for (const { fromSlot, toSlot } of all) {
    const host = hostOf(toSlot);
    if (hostOf(fromSlot) !== host) incomingOf.set(host, (incomingOf.get(host) ?? 0) + 1);
  }
  const plan = { inner: [], outgoing: [], incoming: [] } as {
    [P in keyof ChannelPlan]: ChannelPlan[P][number][];
  };
  for (const { channel, fromSlot, toSlot } of all) {
    const [from, to] = [hostOf(fromSlot), hostOf(toSlot)];
    const key = channelKey(channel);
    const windowBytes = windowBytesOf(incomingOf.get(to) ?? 1);
    if (from === to) {
      if (from === taskManager) plan.inner.push({ key, fromSlot, toSlot });
    } else if (from === taskManager) {
      plan.outgoing.push({ key, channel, slotIndex: fromSlot, peer: to, windowBytes });
    } else if (to === taskManager) {
      plan.incoming.push({ key, channel, slotIndex: toSlot, peer: from, windowBytes });
    }
  }
  return plan;
}

function windowBytesOf(channelCount: number): number {
  const share = Math.floor(WINDOW_BUDGET_BYTES / channelCount);
  return Math.min(MAX_WINDOW_BYTES, Math.max(MIN_WINDOW_BYTES, share));
}

interface SlotChannel {
  readonly channel: ChannelId;
  readonly fromSlot: number;
  readonly toSlot: number;
}

/** Between different slots; what stays in a slot is a call. */
function channelsOf({ jobGraph, edges, vertices }: ExecutionGraph): readonly SlotChannel[] {
  const byVertex = new Map(vertices.map(({ vertexId, subtasks }) => [vertexId, subtasks]));
  const slotOf = (vertexId: string, subtask: number): number =>
    defined(byVertex.get(vertexId)?.[subtask], 'a subtask has a slot').slotIndex;
  return jobGraph.edges.flatMap(({ id, sourceVertexId, targetVertexId }) => {
    const { channels } = defined(edges[id], 'every edge is laid out');
    return channels.flatMap(({ from, to }) => {
      const fromSlot = slotOf(sourceVertexId, from);
      const toSlot = slotOf(targetVertexId, to);
      const channel = { edgeId: id, fromSubtask: from, toSubtask: to };
      return fromSlot === toSlot ? [] : [{ channel, fromSlot, toSlot }];
    });
  });
}
