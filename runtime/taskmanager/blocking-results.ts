/** What the subtasks of a slot store and read over blocking edges: files, one a subtask and edge. */
import { defined, type FieldType, type FileSystem } from '../core/index.ts';
import {
  ChannelReader,
  ChannelWriter,
  CodecCache,
  ResultReader,
  ResultWriter,
} from '../exchange/index.ts';
import type { ExecutionEdge, ExecutionGraph, JobEdge } from '../graph/index.ts';
import { type ResultPlace, resultPath } from '../protocol/index.ts';
import { JoinedPieces } from './joined-pieces.ts';
import type { ChannelId, ChannelSource } from './slot-ports.ts';

export interface BlockingResultsParts {
  readonly executionGraph: ExecutionGraph;
  readonly place: ResultPlace | undefined;
  /** Of what is stored. */
  readonly attempt: number;
  readonly fileSystem: FileSystem;
  readonly wake: () => void;
}

/** The results of one task. */
export class BlockingResults {
  readonly #parts: BlockingResultsParts;
  readonly #writers = new Map<number, ResultWriter>();
  readonly #readers: ResultReader[] = [];
  readonly #codecs = new Map<number, CodecCache>();

  constructor(parts: BlockingResultsParts) {
    this.#parts = parts;
  }

  openWriter(id: ChannelId, type: FieldType | undefined, keyed: boolean): ChannelWriter {
    const { edgeId, fromSubtask, toSubtask } = id;
    const { fileSystem, wake, attempt } = this.#parts;
    const targets = this.#targetsOf(id);
    let writer = this.#writers.get(edgeId);
    if (writer === undefined) {
      const path = resultPath(this.#place.directory, edgeId, fromSubtask, attempt);
      writer = new ResultWriter({ fileSystem, path, channelCount: targets.length, wake });
      this.#writers.set(edgeId, writer);
    }
    const ring = writer.channel(targets.indexOf(toSubtask));
    return new ChannelWriter({ ring, keyed, type, codecs: this.#codecsOf(edgeId) });
  }

  openReader(id: ChannelId, keyed: boolean): ChannelSource {
    const { edgeId, fromSubtask } = id;
    const { executionGraph } = this.#parts;
    const { sourceVertexId } = this.#edge(edgeId);
    const region = regionOf(executionGraph, sourceVertexId, fromSubtask);
    const attempts = this.#place.attempts;
    const attempt = defined(attempts[region], 'what a region reads has an attempt');
    const path = resultPath(this.#place.directory, edgeId, fromSubtask, attempt);
    const producer = { vertexId: sourceVertexId, subtaskIndex: fromSubtask };
    const pieces = this.#piecesOf(id).map((channel) => {
      const { fileSystem, wake } = this.#parts;
      const reader = new ResultReader({ fileSystem, wake, path, channel, producer });
      this.#readers.push(reader);
      return new ChannelReader({ ring: reader, keyed, codecs: this.#codecsOf(edgeId) });
    });
    const [only] = pieces;
    return only !== undefined && pieces.length === 1 ? only : new JoinedPieces(pieces);
  }

  /** What is not complete is given up. */
  async close(): Promise<void> {
    for (const reader of this.#readers) reader.close();
    for (const writer of this.#writers.values()) await writer.close();
  }

  get #place(): ResultPlace {
    return defined(this.#parts.place, 'a job with blocking edges has a place for results');
  }

  #edge(edgeId: number): JobEdge {
    return defined(this.#parts.executionGraph.jobGraph.edges[edgeId], 'an edge of the job');
  }

  /** Subtasks that the sender stores something for, ascending; what all of them read, once. */
  #targetsOf({ edgeId, fromSubtask }: ChannelId): readonly number[] {
    const { channels, stored = channels } = this.#layout(edgeId);
    const own = stored.filter(({ from }) => from === fromSubtask);
    const targets = own.map(({ to }) => to).toSorted((a, b) => a - b);
    return this.#edge(edgeId).partitioner === 'BROADCAST' ? targets.slice(0, 1) : targets;
  }

  /** The channels of the stored result that a reader takes. */
  #piecesOf(id: ChannelId): readonly number[] {
    if (this.#edge(id.edgeId).partitioner === 'BROADCAST') return [0];
    const channel = this.#layout(id.edgeId).channels.find(
      ({ from, to }) => from === id.fromSubtask && to === id.toSubtask,
    );
    const { pieces } = defined(channel, 'a reader has a channel');
    if (pieces === undefined) return [this.#targetsOf(id).indexOf(id.toSubtask)];
    const [start, end] = pieces;
    return Array.from({ length: end - start }, (_, index) => start + index);
  }

  #layout(edgeId: number): ExecutionEdge {
    return defined(this.#parts.executionGraph.edges[edgeId], 'an edge is laid out');
  }

  #codecsOf(edgeId: number): CodecCache {
    const codecs = this.#codecs.get(edgeId) ?? new CodecCache();
    this.#codecs.set(edgeId, codecs);
    return codecs;
  }
}

function regionOf(graph: ExecutionGraph, vertexId: string, subtaskIndex: number): number {
  const vertex = graph.vertices.find((one) => one.vertexId === vertexId);
  const { slotIndex } = defined(vertex?.subtasks[subtaskIndex], 'every subtask has a slot');
  const region = graph.regions.find(({ slots }) => slots.includes(slotIndex));
  return defined(region, 'every slot is in a region').regionIndex;
}
