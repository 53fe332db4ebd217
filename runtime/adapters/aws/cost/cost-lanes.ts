/**
 * Lanes between TaskManagers. Pure.
 *
 * - I1: TaskManagers are of one kind if their slots host the same vertices: an edge that joins all
 *   with all makes the same lanes between any two of the same two kinds.
 * - I2: an edge that joins neighbours (FORWARD, RESCALE) has few channels: pairs that have one in
 *   either direction are looked at one by one.
 */
import { defined } from '../../../core/index.ts';
import type { ExecutionGraph, JobEdge } from '../../../graph/index.ts';

/** What goes from one TaskManager to one other. */
export interface OpenLane {
  /** By edge: of its records, those that go this way. */
  readonly shares: ReadonlyMap<number, number>;
  /** Indices of slots within the TaskManager that sends. */
  readonly fromSlots: ReadonlySet<number>;
  readonly channels: number;
}

/** A vertex in a slot. */
interface Hosted {
  readonly vertexId: string;
  /** All records of a GLOBAL edge go to it. */
  readonly isFirst: boolean;
}

interface Host {
  /** I1. */
  readonly kind: string;
  readonly slots: readonly (readonly Hosted[])[];
}

/** A job, by the TaskManagers that host it. */
export interface HostedJob {
  readonly hosts: readonly Host[];
  readonly edges: readonly JobEdge[];
  readonly parallelism: ReadonlyMap<string, number>;
  /** I2. By sender, then receiver, then edge. */
  readonly neighbours: ReadonlyMap<number, ReadonlyMap<number, ReadonlyMap<number, Crossing>>>;
}

/** Of one edge, from one TaskManager to another. */
interface Crossing {
  share: number;
  channels: number;
  readonly fromSlots: Set<number>;
}

/** TaskManagers that send alike, one of them, and how many they are. */
export interface Senders {
  readonly from: number;
  readonly count: number;
}

/** @param taskSlots TaskManager i has the slots from i times this on. */
export function hostedJob(executionGraph: ExecutionGraph, taskSlots: number): HostedJob {
  const { jobGraph, slots } = executionGraph;
  const hosts = Array.from({ length: Math.ceil(slots.length / taskSlots) }, (_, index): Host => {
    const own = slots.slice(index * taskSlots, (index + 1) * taskSlots);
    const hosted = own.map(({ subtasks }) =>
      subtasks.map(({ vertexId, subtaskIndex }) => ({ vertexId, isFirst: subtaskIndex === 0 })),
    );
    return { kind: JSON.stringify(hosted), slots: hosted };
  });
  const parallelism = new Map(jobGraph.vertices.map((one) => [one.id, one.parallelism]));
  const neighbours = neighboursOf(executionGraph, taskSlots);
  return { hosts, edges: jobGraph.edges, parallelism, neighbours };
}

/** Finds the lanes of a job, each kind once. */
export class LaneFinder {
  readonly #job: HostedJob;
  readonly #byKinds = new Map<string, OpenLane | undefined>();
  /** The first of each kind, and how many they are. */
  readonly #kinds = new Map<string, Senders>();
  /** I2, both directions. */
  readonly #singled = new Map<number, Set<number>>();

  constructor(job: HostedJob) {
    this.#job = job;
    for (const [from, { kind }] of job.hosts.entries()) {
      const { from: first, count } = this.#kinds.get(kind) ?? { from, count: 0 };
      this.#kinds.set(kind, { from: first, count: count + 1 });
    }
    for (const [from, receivers] of job.neighbours) {
      for (const to of receivers.keys()) {
        this.#singleOut(from, to);
        this.#singleOut(to, from);
      }
    }
  }

  /** All other TaskManagers, whether or not they send. */
  sendersTo(to: number): readonly Senders[] {
    const alone = new Set(this.#singled.get(to));
    const left = new Map([...this.#kinds].map(([kind, { count }]) => [kind, count]));
    for (const one of [...alone, to]) {
      const { kind } = this.#host(one);
      left.set(kind, (left.get(kind) ?? 0) - 1);
    }
    const alike = [...left].flatMap(([kind, count]): Senders[] => {
      const from = count === 0 ? undefined : this.#memberOf(kind, to, alone);
      return from === undefined ? [] : [{ from, count }];
    });
    return [...alike, ...[...alone].map((from) => ({ from, count: 1 }))];
  }

  /** Undefined: nothing is sent. */
  lane(from: number, to: number): OpenLane | undefined {
    const near = this.#job.neighbours.get(from)?.get(to);
    if (near !== undefined) return this.#openLane(from, to, near);
    const name = `${this.#host(from).kind}>${this.#host(to).kind}`;
    if (!this.#byKinds.has(name)) this.#byKinds.set(name, this.#openLane(from, to, new Map()));
    return this.#byKinds.get(name);
  }

  #openLane(from: number, to: number, near: ReadonlyMap<number, Crossing>): OpenLane | undefined {
    const shares = new Map<number, number>();
    const fromSlots = new Set<number>();
    let channels = 0;
    for (const edge of this.#job.edges) {
      const found = near.get(edge.id) ?? this.#allWithAll(edge, from, to);
      if (found === undefined) continue;
      shares.set(edge.id, found.share);
      for (const slot of found.fromSlots) fromSlots.add(slot);
      channels += found.channels;
    }
    return channels === 0 ? undefined : { shares, fromSlots, channels };
  }

  #allWithAll(edge: JobEdge, from: number, to: number): Crossing | undefined {
    if (isPointwise(edge)) return undefined;
    const { sourceVertexId, targetVertexId } = edge;
    const fromSlots = slotsWith(this.#host(from), ({ vertexId }) => vertexId === sourceVertexId);
    const targets = this.#host(to)
      .slots.flat()
      .filter(({ vertexId }) => vertexId === targetVertexId);
    const channels = fromSlots.size * targets.length;
    if (channels === 0) return undefined;
    const ofSubtask = targets.reduce((sum, { isFirst }) => sum + this.#share(edge, isFirst), 0);
    const share = (fromSlots.size * ofSubtask) / this.#parallelismOf(sourceVertexId);
    return { share, channels, fromSlots };
  }

  /** Of the records of a subtask, what goes to one of the others. */
  #share({ partitioner, targetVertexId }: JobEdge, isFirst: boolean): number {
    if (partitioner === 'BROADCAST') return 1;
    if (partitioner === 'GLOBAL') return isFirst ? 1 : 0;
    return 1 / this.#parallelismOf(targetVertexId);
  }

  #parallelismOf(vertexId: string): number {
    return defined(this.#job.parallelism.get(vertexId), 'an edge joins vertices');
  }

  #host(index: number): Host {
    return defined(this.#job.hosts[index], 'a lane joins TaskManagers');
  }

  #singleOut(one: number, other: number): void {
    const singled = this.#singled.get(one) ?? new Set();
    this.#singled.set(one, singled.add(other));
  }

  #memberOf(kind: string, except: number, others: ReadonlySet<number>): number | undefined {
    const first = this.#kinds.get(kind)?.from ?? 0;
    const { hosts } = this.#job;
    for (let index = first; index < hosts.length; index++) {
      if (index !== except && !others.has(index) && hosts[index]?.kind === kind) return index;
    }
    return undefined;
  }
}

function neighboursOf(
  { jobGraph, edges, vertices }: ExecutionGraph,
  taskSlots: number,
): HostedJob['neighbours'] {
  const slotsOf = new Map(
    vertices.map(({ vertexId, subtasks }) => [vertexId, subtasks.map((s) => s.slotIndex)]),
  );
  const found = new Map<number, Map<number, Map<number, Crossing>>>();
  for (const edge of jobGraph.edges.filter(isPointwise)) {
    const { channels } = defined(edges[edge.id], 'every edge is laid out');
    const sources = defined(slotsOf.get(edge.sourceVertexId), 'an edge starts at a vertex');
    const targets = defined(slotsOf.get(edge.targetVertexId), 'an edge ends at a vertex');
    const outgoing = new Map<number, number>();
    for (const { from } of channels) outgoing.set(from, (outgoing.get(from) ?? 0) + 1);
    for (const channel of channels) {
      const fromSlot = defined(sources[channel.from], 'a subtask has a slot');
      const toSlot = defined(targets[channel.to], 'a subtask has a slot');
      const [from, to] = [Math.floor(fromSlot / taskSlots), Math.floor(toSlot / taskSlots)];
      if (from === to) continue;
      const receivers = found.get(from) ?? new Map<number, Map<number, Crossing>>();
      const byEdge = receivers.get(to) ?? new Map<number, Crossing>();
      const crossing = byEdge.get(edge.id) ?? { share: 0, channels: 0, fromSlots: new Set() };
      found.set(from, receivers.set(to, byEdge.set(edge.id, crossing)));
      crossing.share += 1 / (outgoing.get(channel.from) ?? 1) / sources.length;
      crossing.channels += 1;
      crossing.fromSlots.add(fromSlot % taskSlots);
    }
  }
  return found;
}

/** All others join all with all. */
function isPointwise({ partitioner }: JobEdge): boolean {
  return partitioner === 'FORWARD' || partitioner === 'RESCALE';
}

function slotsWith({ slots }: Host, is: (hosted: Hosted) => boolean): Set<number> {
  return new Set(slots.flatMap((hosted, index) => (hosted.some(is) ? [index] : [])));
}
