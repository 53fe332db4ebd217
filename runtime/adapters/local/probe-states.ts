/**
 * Learns which states the operators of a job declare, without running the job: every operator is
 * made and opened on its own, with a world in which nothing happens, and closed again.
 *
 * I1  Sources and sinks are not opened: they would reach for files and servers. What they keep is
 *     the engine's own.
 * I2  Nothing is written: the file system of the world refuses to.
 */
import type { FileSystem } from '../../core/index.ts';
import { StreamError, toStreamError } from '../../core/index.ts';
import type { ChainedOperator, JobGraph, StreamGraph, StreamNode } from '../../graph/index.ts';
import {
  AccumulatorRegistry,
  MetricRegistry,
  type Operator,
  type OperatorContext,
  type Output,
} from '../../operators/index.ts';
import type { OperatorStateMode } from '../../protocol/index.ts';
import {
  type DeclaredStateMeta,
  HeapKeyedStateBackend,
  OperatorStateBackend,
  type OperatorStateStore,
  type SnapshotTable,
  stateMetaOf,
} from '../../state/index.ts';
import { NodeFileSystem } from './node-file-system.ts';
import { SystemClock, SystemRng, SystemTimers } from './system-world.ts';

/** What an operator declares when it opens. */
export interface ProbedOperator {
  readonly keyed: readonly DeclaredStateMeta[];
  readonly lists: readonly ProbedListState[];
  /** Why not more is known: it is a source or a sink (I1), or did not open. */
  readonly unknown?: string;
}

export interface ProbedListState {
  readonly name: string;
  readonly mode: OperatorStateMode;
}

/** By operator id. */
export async function probeStates(
  graph: StreamGraph,
  jobGraph: JobGraph,
): Promise<ReadonlyMap<string, ProbedOperator>> {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const probed = new Map<string, ProbedOperator>();
  for (const { operators, parallelism, maxParallelism } of jobGraph.vertices) {
    for (const operator of operators) {
      const node = nodes.get(operator.nodeId);
      if (node === undefined) continue;
      const place = { jobName: graph.jobName, parallelism, maxParallelism };
      probed.set(operator.operatorId, await probe(node, operator, place));
    }
  }
  return probed;
}

type ProbePlace = Pick<OperatorContext, 'jobName' | 'parallelism' | 'maxParallelism'>;

async function probe(
  node: StreamNode,
  { operatorId, name: operatorName }: ChainedOperator,
  place: ProbePlace,
): Promise<ProbedOperator> {
  if (node.body.kind === 'source' || node.isSink === true) {
    const kind = node.body.kind === 'source' ? 'a source' : 'a sink';
    return { keyed: [], lists: [], unknown: `${kind} is not opened` };
  }
  const keyed = new RecordingKeyedStates(operatorName);
  const lists = new RecordingListStates(operatorName);
  const ctx = probeContext({ ...place, operatorId, operatorName }, keyed, lists);
  let operator: Operator | undefined;
  const declared = (): Pick<ProbedOperator, 'keyed' | 'lists'> => ({
    keyed: [...keyed.declared.values()],
    lists: lists.declared,
  });
  try {
    operator = node.body.factory(ctx, NOWHERE);
    await operator.open();
    return declared();
  } catch (thrown) {
    return { ...declared(), unknown: `it did not open: ${toStreamError(thrown).message}` };
  } finally {
    await Promise.resolve(operator?.close()).catch(() => {});
  }
}

const NOWHERE: Output<never> = {
  collect: () => {},
  collectSide: () => {},
  emitWatermark: () => {},
  emitIdle: () => {},
};

function probeContext(
  place: ProbePlace & Pick<OperatorContext, 'operatorId' | 'operatorName'>,
  keyed: HeapKeyedStateBackend,
  operatorState: OperatorStateStore,
): OperatorContext {
  const clock = new SystemClock();
  return {
    ...place,
    ...{ jobId: '0'.repeat(32), subtaskIndex: 0, attempt: 0, lease: 0, checkpointing: true },
    ...{ clock, rng: new SystemRng(), timers: new SystemTimers(), operatorState },
    keyedState: () => keyed,
    restoredCheckpointId: undefined,
    logger: { log: () => {} },
    fileSystem: readOnly(new NodeFileSystem()),
    metrics: new MetricRegistry(clock),
    accumulators: new AccumulatorRegistry(),
    autoWatermarkIntervalMs: 0,
    allowUnalignedSplits: false,
    processingTime: { nowEpochMs: () => clock.nowEpochMs(), schedule: () => () => {} },
    mailbox: { execute: () => {} },
    sendToCoordinator: () => {},
    print: () => undefined,
    deliver: () => undefined,
  };
}

/** I2. */
function readOnly(files: FileSystem): FileSystem {
  const reads = new Set<PropertyKey>(['stat', 'list', 'glob', 'openRead', 'absolute']);
  return new Proxy(files, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      if (reads.has(name)) return member.bind(target);
      return () => {
        throw new StreamError({
          kind: 'invalid',
          code: 'PROBE_WRITES',
          message: `an operator writes files when it opens, which is not done to check a savepoint: call=${String(name)}`,
        });
      };
    },
  });
}

/** Remembers descriptors, which tables do not: whether one has a migration. */
class RecordingKeyedStates extends HeapKeyedStateBackend {
  readonly declared = new Map<string, DeclaredStateMeta>();

  constructor(operatorName: string) {
    super({ operatorName, tracksChanges: true, clock: new SystemClock() });
  }

  override getState: HeapKeyedStateBackend['getState'] = (descriptor) => {
    this.#note(stateMetaOf('value', descriptor));
    return super.getState(descriptor);
  };

  override getListState: HeapKeyedStateBackend['getListState'] = (descriptor) => {
    this.#note(stateMetaOf('list', descriptor));
    return super.getListState(descriptor);
  };

  override getMapState: HeapKeyedStateBackend['getMapState'] = (descriptor) => {
    this.#note(stateMetaOf('map', descriptor));
    return super.getMapState(descriptor);
  };

  override getReducingState: HeapKeyedStateBackend['getReducingState'] = (descriptor) => {
    this.#note(stateMetaOf('reducing', descriptor));
    return super.getReducingState(descriptor);
  };

  override getAggregatingState: HeapKeyedStateBackend['getAggregatingState'] = (descriptor) => {
    this.#note(stateMetaOf('aggregating', descriptor));
    return super.getAggregatingState(descriptor);
  };

  override registerTable(table: SnapshotTable): void {
    this.#note(table.meta);
    super.registerTable(table);
  }

  #note(meta: DeclaredStateMeta): void {
    this.declared.set(meta.name, meta);
  }
}

class RecordingListStates implements OperatorStateStore {
  readonly declared: ProbedListState[] = [];
  readonly #states: OperatorStateBackend;

  constructor(operatorName: string) {
    this.#states = new OperatorStateBackend(operatorName);
  }

  getListState: OperatorStateStore['getListState'] = (descriptor) => {
    this.declared.push({ name: descriptor.name, mode: 'SPLIT_DISTRIBUTE' });
    return this.#states.getListState(descriptor);
  };

  getUnionListState: OperatorStateStore['getUnionListState'] = (descriptor) => {
    this.declared.push({ name: descriptor.name, mode: 'UNION' });
    return this.#states.getUnionListState(descriptor);
  };

  getBroadcastState: OperatorStateStore['getBroadcastState'] = (descriptor) => {
    this.declared.push({ name: descriptor.name, mode: 'BROADCAST' });
    return this.#states.getBroadcastState(descriptor);
  };
}
