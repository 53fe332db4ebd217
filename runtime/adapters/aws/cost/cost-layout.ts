/** Which channels of a job leave a TaskManager, by the traffic they share. Pure. */
import { defined } from '../../../core/index.ts';
import type { ExecutionGraph, JobEdge } from '../../../graph/index.ts';

/** An edge's part of a lane. */
export interface LanePart {
  readonly edgeId: number;
  /** Of the records of the edge's source, those that go along the lane; broadcast ones each time. */
  readonly share: number;
}

/** All that one TaskManager sends to one other: it is packed together. Alike ones count together. */
export interface Lane {
  readonly count: number;
  readonly parts: readonly LanePart[];
  readonly fromSlots: number;
  readonly channels: number;
  /** There is a lane the other way, whose messages take acknowledgements along. */
  readonly isAnswered: boolean;
}

/** TaskManagers with the same lanes into them. */
export interface Receivers {
  readonly taskManagers: number;
  readonly lanes: readonly Lane[];
}

/** A vertex whose records come by key. */
export interface KeyedVertex {
  readonly nodeId: number;
  readonly parallelism: number;
}

export interface CostLayout {
  readonly taskManagers: number;
  readonly slots: number;
  readonly subtasks: number;
  readonly receivers: readonly Receivers[];
  /** By edge: of its records, those that leave a TaskManager. */
  readonly crossShares: ReadonlyMap<number, number>;
  readonly keyed: readonly KeyedVertex[];
  /** Channels that cross, of all TaskManagers. */
  readonly channels: number;
  /**
   * In which a barrier comes to the subtasks: those behind a hop between TaskManagers acknowledge
   * later than those before it. 1: nothing crosses.
   */
  readonly waves: number;
}

interface OpenLane {
  readonly shares: Map<number, number>;
  readonly fromSlots: Set<number>;
  channels: number;
}

/** @param taskSlots TaskManager i has the slots from i times this on. */
export function costLayout(executionGraph: ExecutionGraph, taskSlots: number): CostLayout {
  const { jobGraph, slots, vertices } = executionGraph;
  const taskManagers = Math.ceil(slots.length / taskSlots);
  const lanes = openLanes(executionGraph, taskSlots);
  const crossShares = new Map(jobGraph.edges.map(({ id }) => [id, 0]));
  let channels = 0;
  for (const lane of lanes.values()) {
    channels += lane.channels;
    for (const [edgeId, share] of lane.shares) {
      crossShares.set(edgeId, (crossShares.get(edgeId) ?? 0) + share);
    }
  }
  const keyedIds = new Set(
    jobGraph.edges
      .filter(({ partitioner }) => partitioner === 'HASH')
      .map(({ targetVertexId }) => targetVertexId),
  );
  return {
    taskManagers,
    slots: slots.length,
    subtasks: vertices.reduce((sum, { subtasks }) => sum + subtasks.length, 0),
    receivers: receiversOf(lanes, taskManagers),
    crossShares,
    keyed: jobGraph.vertices
      .filter(({ id }) => keyedIds.has(id))
      .map(({ operators, parallelism }) => ({
        nodeId: defined(operators[0], 'a vertex has a head').nodeId,
        parallelism,
      })),
    channels,
    waves: wavesOf(jobGraph, crossShares),
  };
}

function wavesOf(
  { vertices, edges }: ExecutionGraph['jobGraph'],
  crossShares: ReadonlyMap<number, number>,
): number {
  const waves = new Map<string, number>();
  // Sources come before what they feed.
  for (const { id } of vertices) {
    const before = edges
      .filter(({ targetVertexId }) => targetVertexId === id)
      .map(
        (edge) =>
          (waves.get(edge.sourceVertexId) ?? 1) + ((crossShares.get(edge.id) ?? 0) > 0 ? 1 : 0),
      );
    waves.set(id, Math.max(1, ...before));
  }
  return Math.max(1, ...waves.values());
}

/** By `<to>:<from>`. */
function openLanes(
  { jobGraph, edges, vertices }: ExecutionGraph,
  taskSlots: number,
): ReadonlyMap<string, OpenLane> {
  const slotsOf = new Map(
    vertices.map(({ vertexId, subtasks }) => [vertexId, subtasks.map((s) => s.slotIndex)]),
  );
  const lanes = new Map<string, OpenLane>();
  for (const edge of jobGraph.edges) {
    const { channels } = defined(edges[edge.id], 'every edge is laid out');
    const from = defined(slotsOf.get(edge.sourceVertexId), 'an edge starts at a vertex');
    const to = defined(slotsOf.get(edge.targetVertexId), 'an edge ends at a vertex');
    const outgoing = new Map<number, number>();
    for (const channel of channels) {
      outgoing.set(channel.from, (outgoing.get(channel.from) ?? 0) + 1);
    }
    for (const channel of channels) {
      const fromSlot = defined(from[channel.from], 'a subtask has a slot');
      const toSlot = defined(to[channel.to], 'a subtask has a slot');
      const [sender, receiver] = [fromSlot, toSlot].map((slot) => Math.floor(slot / taskSlots));
      if (sender === receiver) continue;
      const key = `${receiver}:${sender}`;
      const lane = lanes.get(key) ?? { shares: new Map(), fromSlots: new Set(), channels: 0 };
      lanes.set(key, lane);
      const share = channelShare(edge, channel.to, outgoing.get(channel.from) ?? 1) / from.length;
      lane.shares.set(edge.id, (lane.shares.get(edge.id) ?? 0) + share);
      lane.fromSlots.add(fromSlot);
      lane.channels += 1;
    }
  }
  return lanes;
}

/** Of the records of the subtask it starts from. */
function channelShare({ partitioner }: JobEdge, to: number, channels: number): number {
  if (partitioner === 'BROADCAST') return 1;
  if (partitioner === 'GLOBAL') return to === 0 ? 1 : 0;
  return 1 / channels;
}

function receiversOf(
  lanes: ReadonlyMap<string, OpenLane>,
  taskManagers: number,
): readonly Receivers[] {
  const incoming = Array.from({ length: taskManagers }, () => new Map<string, Lane>());
  for (const [key, { shares, fromSlots, channels }] of lanes) {
    const [to = '', from = ''] = key.split(':');
    const parts = [...shares].map(([edgeId, share]) => ({ edgeId, share }));
    const isAnswered = lanes.has(`${from}:${to}`);
    const lane = { parts, fromSlots: fromSlots.size, channels, isAnswered };
    const alike = defined(incoming[Number(to)], 'a lane leads to a TaskManager');
    const name = laneName(lane);
    alike.set(name, { ...lane, count: (alike.get(name)?.count ?? 0) + 1 });
  }
  const receivers = new Map<string, Receivers>();
  for (const alike of incoming) {
    const inbox = [...alike].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const name = inbox.map(([lane, { count }]) => `${count}*${lane}`).join(' ');
    const taskManagersSoFar = receivers.get(name)?.taskManagers ?? 0;
    const found = inbox.map(([, lane]) => lane);
    receivers.set(name, { taskManagers: taskManagersSoFar + 1, lanes: found });
  }
  return [...receivers.values()];
}

function laneName({ parts, fromSlots, channels, isAnswered }: Omit<Lane, 'count'>): string {
  const shares = parts.map(({ edgeId, share }) => `${edgeId}=${share.toPrecision(9)}`);
  return [fromSlots, channels, isAnswered, ...shares].join(',');
}
