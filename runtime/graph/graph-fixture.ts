import type { StreamGraph } from './stream-graph.ts';
import {
  type MutableStreamNode,
  StreamGraphBuilder,
  type StreamGraphSettings,
  type StreamNodeInit,
} from './stream-graph-builder.ts';

type NodeSettings = Partial<Omit<StreamNodeInit, 'body' | 'inEdges'>>;
type SourceSettings = NodeSettings & { limit?: number; isUnbounded?: boolean };
type EdgeFrom = MutableStreamNode | Omit<StreamNodeInit['inEdges'][number], 'inputIndex'>;

const notRun = (): never => {
  throw new Error('graphs of this fixture are never run');
};

/** Builds graphs whose operators do nothing, for tests of everything before execution. */
export class GraphFixture {
  readonly #builder = new StreamGraphBuilder();

  source(name = 'Source: numbers', settings: SourceSettings = {}) {
    const { limit, isUnbounded = false, ...rest } = settings;
    const source = {
      name,
      boundedness: isUnbounded ? ('CONTINUOUS_UNBOUNDED' as const) : ('BOUNDED' as const),
      createEnumerator: notRun,
      createReader: notRun,
      ...(limit === undefined ? {} : { maxParallelism: limit }),
    };
    const body = { kind: 'source', source, factory: notRun } as const;
    return this.#add(name, body, [], rest);
  }

  map(from: EdgeFrom | readonly EdgeFrom[], name = 'Map', settings: NodeSettings = {}) {
    const inputs = Array.isArray(from) ? from : [from];
    const edges = inputs.map((input: EdgeFrom) => ({ ...edgeFrom(input), inputIndex: 0 }));
    return this.#add(name, { kind: 'one-input', factory: notRun }, edges, settings);
  }

  sink(from: EdgeFrom | readonly EdgeFrom[], name = 'Sink: print', settings: NodeSettings = {}) {
    return this.map(from, name, { isSink: true, operator: 'Sink: Writer', ...settings });
  }

  coMap(first: EdgeFrom, second: EdgeFrom, name = 'Co-Map', settings: NodeSettings = {}) {
    const edges = [first, second].map((from, inputIndex) => ({ ...edgeFrom(from), inputIndex }));
    return this.#add(name, { kind: 'two-input', factory: notRun }, edges, settings);
  }

  build(settings: Partial<StreamGraphSettings> = {}): StreamGraph {
    const defaults = { jobName: 'job', defaultParallelism: 1, maxParallelism: -1 };
    return this.#builder.build({ ...defaults, chainingEnabled: true, ...settings });
  }

  #add(
    name: string,
    body: StreamNodeInit['body'],
    inEdges: StreamNodeInit['inEdges'],
    settings: NodeSettings,
  ): MutableStreamNode {
    const defaults = { name, operator: name, chaining: 'ALWAYS' as const };
    return this.#builder.addNode({ ...defaults, body, inEdges, ...settings });
  }
}

function edgeFrom(from: EdgeFrom): Omit<StreamNodeInit['inEdges'][number], 'inputIndex'> {
  return 'sourceNodeId' in from ? from : { sourceNodeId: from.id };
}

/** An edge from `node` with a partitioner by name. */
export function via(
  node: MutableStreamNode,
  kind: 'FORWARD' | 'REBALANCE' | 'RESCALE' | 'SHUFFLE' | 'BROADCAST' | 'GLOBAL' | 'HASH',
): EdgeFrom {
  const partitioner = kind === 'HASH' ? { kind, keySelector: (value: unknown) => value } : { kind };
  return { sourceNodeId: node.id, partitioner };
}
