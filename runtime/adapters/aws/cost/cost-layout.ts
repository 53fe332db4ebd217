/**
 * Which channels of a job leave a TaskManager, by the traffic they share. Pure. A thousand slots
 * have a million channels an edge: TaskManagers that host the same count once.
 */
import { defined } from '../../../core/index.ts';
import type { ExecutionGraph } from '../../../graph/index.ts';
import { hostedJob, LaneFinder, type OpenLane } from './cost-lanes.ts';

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

/** @param taskSlots TaskManager i has the slots from i times this on. */
export function costLayout(executionGraph: ExecutionGraph, taskSlots: number): CostLayout {
  const { jobGraph, slots, vertices } = executionGraph;
  const job = hostedJob(executionGraph, taskSlots);
  const taskManagers = job.hosts.length;
  const receivers = receiversOf(new LaneFinder(job), taskManagers);
  const crossShares = new Map(jobGraph.edges.map(({ id }) => [id, 0]));
  let channels = 0;
  for (const { taskManagers: count, lanes } of receivers) {
    for (const lane of lanes) {
      channels += count * lane.count * lane.channels;
      for (const { edgeId, share } of lane.parts) {
        crossShares.set(edgeId, (crossShares.get(edgeId) ?? 0) + count * lane.count * share);
      }
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
    receivers,
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

function receiversOf(finder: LaneFinder, taskManagers: number): readonly Receivers[] {
  const receivers = new Map<string, Receivers>();
  for (let to = 0; to < taskManagers; to++) {
    const alike = new Map<string, Lane>();
    for (const { from, count } of finder.sendersTo(to)) {
      const open = finder.lane(from, to);
      if (open === undefined) continue;
      const lane = laneOf(open, finder.lane(to, from) !== undefined);
      const name = laneName(lane);
      alike.set(name, { ...lane, count: (alike.get(name)?.count ?? 0) + count });
    }
    const inbox = [...alike].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const name = inbox.map(([lane, { count }]) => `${count}*${lane}`).join(' ');
    const taskManagersSoFar = receivers.get(name)?.taskManagers ?? 0;
    const lanes = inbox.map(([, lane]) => lane);
    receivers.set(name, { taskManagers: taskManagersSoFar + 1, lanes });
  }
  return [...receivers.values()];
}

function laneOf({ shares, fromSlots, channels }: OpenLane, isAnswered: boolean): Lane {
  const parts = [...shares].map(([edgeId, share]) => ({ edgeId, share }));
  return { count: 1, parts, fromSlots: fromSlots.size, channels, isAnswered };
}

function laneName({ parts, fromSlots, channels, isAnswered }: Omit<Lane, 'count'>): string {
  const shares = parts.map(({ edgeId, share }) => `${edgeId}=${share.toPrecision(9)}`);
  return [fromSlots, channels, isAnswered, ...shares].join(',');
}
