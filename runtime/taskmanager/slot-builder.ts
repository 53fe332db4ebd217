/**
 * Builds the tasks of one slot from the graph: downstream first, because an edge inside the slot
 * is a call into a gate that must exist already.
 */
import { defined } from '../core/index.ts';
import {
  createPartitioner,
  type ExecutionSubtask,
  type JobEdge,
  type JobVertex,
  type PartitionerSpec,
  type StreamEdge,
} from '../graph/index.ts';
import { type Input, type OperatorPlace, userFailure } from '../operators/index.ts';
import type { RestoredSubtaskState, SubtaskRef, TaskHandOverRecord } from '../protocol/index.ts';
import { BlockingResults } from './blocking-results.ts';
import { buildSortedInputs } from './build-sorted-inputs.ts';
import type { ReplayTarget } from './channel-replay.ts';
import { ClientChannel } from './client-channel.ts';
import { type ChannelEvents, type GateChannel, InputGate } from './input-gate.ts';
import { buildOperatorChain, type EdgeOutput, type OperatorChain } from './operator-chain.ts';
import { OperatorSurroundingsFactory } from './operator-surroundings.ts';
import {
  CheckedSink,
  type EdgeFailures,
  type OutputChannel,
  RecordWriter,
} from './record-writer.ts';
import { loadReplay } from './restore-subtask.ts';
import { Slot, type SlotTask } from './slot.ts';
import type { SlotDeployment, SlotPorts } from './slot-deployment.ts';
import { SlotTimers } from './slot-timers.ts';
import type { SortedInputs } from './sorted-inputs.ts';
import { SubtaskCheckpoints, type SubtaskCheckpointsParts } from './subtask-checkpoints.ts';
import { Task } from './task.ts';
import type { ChannelOrigin } from './task-facts.ts';
import { endedChannels } from './task-hand-over.ts';
import type { RemoteInput } from './task-inputs.ts';

/** Makes the slot; `open` builds its tasks, before the first turn. */
export function buildSlot(deployment: SlotDeployment, ports: SlotPorts): Slot {
  const { jobType } = deployment.graph;
  return new SlotBuilder({ ...deployment, jobType }, ports).build();
}

interface TaskPlace {
  readonly vertex: JobVertex;
  readonly subtaskIndex: number;
  readonly results: BlockingResults;
}

interface TaskInputParts {
  readonly gates: readonly InputGate[];
  readonly origins: readonly (readonly ChannelOrigin[])[];
  readonly remoteInputs: readonly RemoteInput[];
  readonly replayTargets: ReadonlyMap<number, ReplayTarget>;
}

/** Of a subtask that had finished before the restore: its senders only repeat their ends. */
const NO_INPUT: Input<unknown> = {
  processElement: () => undefined,
  processWatermark: () => undefined,
  processIdle: () => undefined,
  endInput: () => undefined,
};

class SlotBuilder {
  readonly #deployment: SlotDeployment;
  readonly #ports: SlotPorts;
  readonly #timers: SlotTimers;
  readonly #client: ClientChannel;
  readonly #tasks = new Map<string, Task>();
  readonly #gateChannels = new Map<string, GateChannel>();

  constructor(deployment: SlotDeployment, ports: SlotPorts) {
    this.#deployment = deployment;
    this.#ports = ports;
    this.#timers = new SlotTimers(ports.clock, ports.wake);
    this.#client = new ClientChannel(ports.reporter);
  }

  build(): Slot {
    const { executionGraph, slotIndex, bufferTimeoutMs } = this.#deployment;
    const plan = defined(executionGraph.slots[slotIndex], 'the slot is one of the plan');
    return new Slot({
      builds: plan.subtasks.map((ref) => ({
        ref,
        build: () => this.#buildTask(this.#vertex(ref.vertexId), ref.subtaskIndex),
      })),
      timers: this.#timers,
      client: this.#client,
      reporter: this.#ports.reporter,
      nowEpochMs: () => this.#ports.clock.nowEpochMs(),
      wake: this.#ports.wake,
      bufferTimeoutMs,
      slotIndex,
      handOver: this.#deployment.handOver,
      handOverHost: this.#ports.handOverHost,
      idleAfterMs: this.#deployment.idleAfterMs,
    });
  }

  async #buildTask(vertex: JobVertex, subtaskIndex: number): Promise<SlotTask> {
    const { restore, attempt, checkpointing } = this.#deployment;
    const { clock, blobs, reporter, wake } = this.#ports;
    const ref = { vertexId: vertex.id, subtaskIndex };
    const handOver = this.#deployment.handOver?.tasks.find((task) => isSame(task, ref));
    const restored =
      handOver?.finished === true ? undefined : restore.find((state) => isSame(state, ref));
    const edges = this.#deployment.executionGraph.jobGraph.edges;
    const results = this.#resultsOf();
    const outputs = edges
      .filter((edge) => edge.sourceVertexId === vertex.id)
      .map((edge) => this.#edgeOutput(edge, subtaskIndex, results));
    const writers = outputs.map((output) => output.writer);
    const holder: { task?: Task; checkpoints?: SubtaskCheckpoints } = {};
    const surroundings = new OperatorSurroundingsFactory(
      { vertex, subtaskIndex, restored, post: (callback) => holder.task?.post(callback) },
      { deployment: this.#deployment, ports: this.#ports, timers: this.#timers },
      this.#client,
    );
    await surroundings.restore();
    const chain = buildOperatorChain(vertex, this.#deployment.graph, outputs, (nodeId) =>
      surroundings.of(nodeId),
    );
    const sorted = this.#sortedInputs(vertex, subtaskIndex, chain, surroundings, (callback) =>
      holder.task?.post(callback),
    );
    const heads = sorted?.inputs ?? chain.headInputs;
    const place = { vertex, subtaskIndex, results };
    const inputs = this.#buildInputs(place, heads, restored, {
      barrier: (...args) => holder.checkpoints?.barrier(...args),
      endOfPartition: (channel) => holder.checkpoints?.endOfPartition(channel),
      drained: () => holder.checkpoints?.drain(),
    });
    const named = { ref, name: vertex.name, parallelism: vertex.parallelism };
    const report = reporter.report.bind(reporter);
    const checkpoints = new SubtaskCheckpoints({
      ...{ ...named, attempt, writers, clock, blobs, report, wake, timers: this.#timers },
      channelCount: inputs.gates.reduce((sum, gate) => sum + gate.channels.length, 0),
      remote: inputs.remoteInputs,
      resume: this.#resumeOf(handOver),
    });
    const task = new Task({
      ...{ ...named, chain, sorted, writers, checkpoints, checkpointing, report, clock, wake },
      gates: inputs.gates,
      origins: inputs.origins,
      remoteInputs: inputs.remoteInputs,
      restored,
      handOver,
      results,
      replay: restored && (await loadReplay(restored, inputs.replayTargets, blobs)),
    });
    holder.task = task;
    holder.checkpoints = checkpoints;
    this.#tasks.set(taskKey(vertex.id, subtaskIndex), task);
    return {
      task,
      operatorMetrics: () => surroundings.readMetrics(),
      accumulators: () => surroundings.readAccumulators(),
    };
  }

  #resumeOf(handOver: TaskHandOverRecord | undefined): SubtaskCheckpointsParts['resume'] {
    const checkpointId = this.#deployment.handOver?.checkpointId;
    if (handOver === undefined || checkpointId === undefined) return undefined;
    return { checkpointId, endedChannels: endedChannels(handOver) };
  }

  #resultsOf(): BlockingResults {
    const { executionGraph, results: place, attempt } = this.#deployment;
    const { fileSystem, wake } = this.#ports;
    return new BlockingResults({ executionGraph, place, attempt, fileSystem, wake });
  }

  #sortedInputs(
    { id: vertexId, operators, parallelism }: JobVertex,
    subtaskIndex: number,
    { headInputs: heads }: OperatorChain,
    surroundings: OperatorSurroundingsFactory,
    post: (callback: () => void) => void,
  ): SortedInputs | undefined {
    const { graph } = this.#deployment;
    const { fileSystem, temporaryFiles = { fileSystem, directory: '/tmp' } } = this.#ports;
    const nodeId = defined(operators[0], 'a vertex has a head').nodeId;
    const head = graph.nodes.find(({ id }) => id === nodeId);
    return buildSortedInputs({
      head: defined(head, 'an operator is a node of the graph'),
      ref: { vertexId, subtaskIndex },
      ...{ heads, parallelism, deployment: this.#deployment, temporaryFiles, post },
      keyedState: () => surroundings.keyedStateOf(nodeId),
    });
  }

  #buildInputs(
    { vertex, subtaskIndex, results }: TaskPlace,
    heads: readonly Input<unknown>[],
    restored: RestoredSubtaskState | undefined,
    events: ChannelEvents,
  ): TaskInputParts {
    const remoteInputs: RemoteInput[] = [];
    const replayTargets = new Map<number, ReplayTarget>();
    const { keyGroups } = this.#subtask(vertex.id, subtaskIndex);
    const origins: (readonly ChannelOrigin[])[] = [];
    let firstChannel = 0;
    const gates = heads.map((headInput, inputIndex) => {
      const into = this.#deployment.executionGraph.jobGraph.edges.filter(
        (edge) => edge.targetVertexId === vertex.id && edge.inputIndex === inputIndex,
      );
      const channels = into.flatMap((edge) => this.#channelsInto(edge, subtaskIndex));
      origins.push(channels.map(({ edge, from }) => ({ edgeId: edge.id, fromSubtask: from })));
      const input = restored?.finished === true ? NO_INPUT : headInput;
      const gate = new InputGate(input, channels.length, events, firstChannel);
      firstChannel += channels.length;
      channels.forEach(({ edge, from }, index) => {
        const sink = defined(gate.channels[index], 'a gate has every channel');
        const id = { edgeId: edge.id, fromSubtask: from, toSubtask: subtaskIndex };
        const keyed = edge.partitioner === 'HASH';
        replayTargets.set(edge.id, { sink, keyed, keyGroups });
        this.#gateChannels.set(channelKey(edge.id, from, subtaskIndex), sink);
        if (this.#slotOf(edge.sourceVertexId, from) === this.#deployment.slotIndex) return;
        const exchange = edge.exchange === 'BLOCKING' ? results : this.#ports.exchange;
        const source = exchange.openReader(id, keyed);
        remoteInputs.push({ id, source, sink, channel: sink.channel });
      });
      return gate;
    });
    return { gates, origins, remoteInputs, replayTargets };
  }

  #edgeOutput(edge: JobEdge, subtaskIndex: number, results: BlockingResults): EdgeOutput {
    const { executionGraph, graph, slotIndex } = this.#deployment;
    const target = defined(
      graph.nodes.find((node) => node.id === edge.targetNodeId),
      'an edge ends at a node',
    );
    const streamEdge = defined(
      target.inEdges.find(
        (e) =>
          e.sourceNodeId === edge.sourceNodeId &&
          e.inputIndex === edge.inputIndex &&
          e.sideOutputTag === edge.sideOutputTag,
      ),
      'a job edge is an edge of the stream graph',
    );
    const { channels: read, stored = read } = defined(
      executionGraph.edges[edge.id],
      'every edge is laid out',
    );
    const ends = stored
      .filter(({ from }) => from === subtaskIndex)
      .toSorted((a, b) => a.to - b.to)
      // What all of them read is stored once.
      .slice(0, isStoredOnce(edge) ? 1 : undefined);
    const failures = this.#failures(edge, subtaskIndex);
    const channels = ends.map(({ from, to }): OutputChannel => {
      if (edge.exchange === 'PIPELINED' && this.#slotOf(edge.targetVertexId, to) === slotIndex) {
        const key = channelKey(edge.id, from, to);
        const gate = defined(this.#gateChannels.get(key), 'downstream gates are built first');
        const type = streamEdge.type?.type;
        const sink = type === undefined ? gate : new CheckedSink(gate, type, failures);
        gate.meterCalls(this.#ports.clock);
        const task = this.#tasks.get(taskKey(edge.targetVertexId, to));
        const { channel } = gate;
        return {
          ...{ kind: 'local', sink, calledMs: () => gate.calledMs },
          canAccept: () => task?.canAccept(channel) ?? true,
        };
      }
      const id = { edgeId: edge.id, fromSubtask: from, toSubtask: to };
      const keyed = edge.partitioner === 'HASH';
      const exchange = edge.exchange === 'BLOCKING' ? results : this.#ports.exchange;
      const writer = exchange.openWriter(id, streamEdge.type?.type, keyed);
      return { kind: 'remote', writer };
    });
    // One target in this slot: nothing to choose, and the keyed operator checks keys itself.
    const isCall = channels.length === 1 && channels[0]?.kind === 'local';
    const spec = isCall ? ({ kind: 'FORWARD' } as const) : partitionerOf(edge, streamEdge);
    const partitioner = createPartitioner(spec, {
      channelCount: channels.length,
      maxParallelism: this.#vertex(edge.targetVertexId).maxParallelism,
      rng: this.#ports.rng,
    });
    const writer = new RecordWriter(partitioner, channels, failures);
    return { nodeId: edge.sourceNodeId, sideOutputTag: edge.sideOutputTag, writer };
  }

  /** A key selector belongs to the operator it feeds, what is encoded to the one that made it. */
  #failures(edge: JobEdge, subtaskIndex: number): EdgeFailures {
    const { parallelism } = this.#vertex(edge.sourceVertexId);
    const placeOf = (nodeId: number): OperatorPlace => ({
      operatorName: this.#deployment.graph.nodes.find(({ id }) => id === nodeId)?.name ?? '',
      subtaskIndex,
      parallelism,
    });
    const chooser = edge.partitioner === 'HASH' ? 'key selector' : 'partitioner';
    return {
      choosing: (thrown, record) =>
        userFailure(placeOf(edge.targetNodeId), chooser, thrown, record),
      encoding: (thrown, record) =>
        userFailure(placeOf(edge.sourceNodeId), 'encoding', thrown, record),
    };
  }

  #channelsInto(edge: JobEdge, subtaskIndex: number): { edge: JobEdge; from: number }[] {
    return defined(this.#deployment.executionGraph.edges[edge.id], 'every edge is laid out')
      .channels.filter(({ to }) => to === subtaskIndex)
      .map(({ from }) => ({ edge, from }));
  }

  #vertex(vertexId: string): JobVertex {
    const { vertices } = this.#deployment.executionGraph.jobGraph;
    return defined(
      vertices.find((v) => v.id === vertexId),
      'a subtask or an edge has a vertex',
    );
  }

  #slotOf(vertexId: string, subtaskIndex: number): number {
    return this.#subtask(vertexId, subtaskIndex).slotIndex;
  }

  #subtask(vertexId: string, subtaskIndex: number): ExecutionSubtask {
    const vertex = this.#deployment.executionGraph.vertices.find((v) => v.vertexId === vertexId);
    return defined(vertex?.subtasks[subtaskIndex], 'every subtask has a slot');
  }
}

function isStoredOnce({ exchange, partitioner }: JobEdge): boolean {
  return exchange === 'BLOCKING' && partitioner === 'BROADCAST';
}

/** The program's, unless the layout has another: neighbours cannot be told before it is decided. */
function partitionerOf(edge: JobEdge, { partitioner }: StreamEdge): PartitionerSpec {
  return edge.partitioner === 'REBALANCE' ? { kind: 'REBALANCE' } : partitioner;
}

function channelKey(edgeId: number, from: number, to: number): string {
  return `${edgeId}:${from}:${to}`;
}

function taskKey(vertexId: string, subtaskIndex: number): string {
  return `${vertexId}:${subtaskIndex}`;
}

function isSame(a: SubtaskRef, b: SubtaskRef): boolean {
  return a.vertexId === b.vertexId && a.subtaskIndex === b.subtaskIndex;
}
