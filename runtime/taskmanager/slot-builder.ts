/**
 * Builds the tasks of one slot from the graph: downstream first, because an edge inside the slot
 * is a call into a gate that must exist already.
 */
import { type Clock, defined, type FileSystem, type Logger, type Rng } from '../core/index.ts';
import {
  createPartitioner,
  type ExecutionGraph,
  type JobEdge,
  type JobVertex,
  type StreamGraph,
} from '../graph/index.ts';
import {
  MetricRegistry,
  type OperatorContext,
  type OperatorPlace,
  userFailure,
} from '../operators/index.ts';
import { ClientChannel } from './client-channel.ts';
import { type GateChannel, InputGate } from './input-gate.ts';
import { buildOperatorChain, type EdgeOutput } from './operator-chain.ts';
import {
  CheckedSink,
  type EdgeFailures,
  type OutputChannel,
  RecordWriter,
} from './record-writer.ts';
import { Slot, type SlotTask } from './slot.ts';
import type { SlotExchange, SlotReporter } from './slot-ports.ts';
import { SlotTimers } from './slot-timers.ts';
import { type RemoteInput, Task } from './task.ts';

/** What a slot is to run. */
export interface SlotDeployment {
  /** Rebuilt in the slot's thread; its JobGraph's hash equals the submitted one's. */
  readonly graph: StreamGraph;
  readonly executionGraph: ExecutionGraph;
  readonly slotIndex: number;
  readonly attempt: number;
  readonly bufferTimeoutMs: number;
  readonly autoWatermarkIntervalMs: number;
}

/** The slot's way to the world. */
export interface SlotPorts {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  readonly exchange: SlotExchange;
  readonly reporter: SlotReporter;
  readonly wake: () => void;
}

/** Builds the slot; `open` it before the first turn. */
export function buildSlot(deployment: SlotDeployment, ports: SlotPorts): Slot {
  return new SlotBuilder(deployment, ports).build();
}

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
    this.#timers = new SlotTimers(() => ports.clock.nowEpochMs(), ports.wake);
    this.#client = new ClientChannel(ports.reporter);
  }

  build(): Slot {
    const { executionGraph, slotIndex, bufferTimeoutMs } = this.#deployment;
    const plan = defined(executionGraph.slots[slotIndex], 'the slot is one of the plan');
    const tasks = plan.subtasks.toReversed().map(({ vertexId, subtaskIndex }) => {
      const vertices = executionGraph.jobGraph.vertices;
      const vertex = defined(
        vertices.find((v) => v.id === vertexId),
        'a subtask has a vertex',
      );
      return this.#buildTask(vertex, subtaskIndex);
    });
    return new Slot({
      tasks: tasks.toReversed(),
      timers: this.#timers,
      client: this.#client,
      reporter: this.#ports.reporter,
      nowEpochMs: () => this.#ports.clock.nowEpochMs(),
      wake: this.#ports.wake,
      bufferTimeoutMs,
    });
  }

  #buildTask(vertex: JobVertex, subtaskIndex: number): SlotTask {
    const edges = this.#deployment.executionGraph.jobGraph.edges;
    const outputs = edges
      .filter((edge) => edge.sourceVertexId === vertex.id)
      .map((edge) => this.#edgeOutput(edge, subtaskIndex));
    const registries = new Map<string, MetricRegistry>();
    const holder: { task?: Task } = {};
    const post = (callback: () => void): void => holder.task?.post(callback);
    const chain = buildOperatorChain(vertex, this.#deployment.graph, outputs, (nodeId) =>
      this.#context(vertex, subtaskIndex, nodeId, registries, post),
    );
    const remoteInputs: RemoteInput[] = [];
    const gates = chain.headInputs.map((input, inputIndex) => {
      const into = edges.filter(
        (edge) => edge.targetVertexId === vertex.id && edge.inputIndex === inputIndex,
      );
      const channels = into.flatMap((edge) => this.#channelsInto(edge, subtaskIndex));
      const gate = new InputGate(input, channels.length);
      channels.forEach(({ edge, from }, index) => {
        const sink = defined(gate.channels[index], 'a gate has every channel');
        this.#gateChannels.set(channelKey(edge.id, from, subtaskIndex), sink);
        if (this.#slotOf(edge.sourceVertexId, from) === this.#deployment.slotIndex) return;
        const source = this.#ports.exchange.openReader(
          { edgeId: edge.id, fromSubtask: from, toSubtask: subtaskIndex },
          edge.partitioner === 'HASH',
        );
        remoteInputs.push({ source, sink });
      });
      return gate;
    });
    const task = new Task({
      ref: { vertexId: vertex.id, subtaskIndex },
      name: vertex.name,
      parallelism: vertex.parallelism,
      chain,
      gates,
      remoteInputs,
      writers: outputs.map((output) => output.writer),
      clock: this.#ports.clock,
      wake: this.#ports.wake,
    });
    holder.task = task;
    this.#tasks.set(taskKey(vertex.id, subtaskIndex), task);
    return { task, operatorMetrics: () => readRegistries(registries) };
  }

  #edgeOutput(edge: JobEdge, subtaskIndex: number): EdgeOutput {
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
    const ends = defined(executionGraph.edges[edge.id], 'every edge is laid out')
      .channels.filter(({ from }) => from === subtaskIndex)
      .toSorted((a, b) => a.to - b.to);
    const failures = this.#failures(edge, subtaskIndex);
    const channels = ends.map(({ from, to }): OutputChannel => {
      if (this.#slotOf(edge.targetVertexId, to) === slotIndex) {
        const key = channelKey(edge.id, from, to);
        const gate = defined(this.#gateChannels.get(key), 'downstream gates are built first');
        const type = streamEdge.type?.type;
        const sink = type === undefined ? gate : new CheckedSink(gate, type, failures);
        const task = this.#tasks.get(taskKey(edge.targetVertexId, to));
        return { kind: 'local', sink, canAccept: () => task?.canAccept() ?? true };
      }
      const id = { edgeId: edge.id, fromSubtask: from, toSubtask: to };
      const keyed = edge.partitioner === 'HASH';
      const writer = this.#ports.exchange.openWriter(id, streamEdge.type?.type, keyed);
      return { kind: 'remote', writer };
    });
    // One target in this slot: nothing to choose, and the keyed operator checks keys itself.
    const isCall = channels.length === 1 && channels[0]?.kind === 'local';
    const spec = isCall ? ({ kind: 'FORWARD' } as const) : streamEdge.partitioner;
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

  #context(
    vertex: JobVertex,
    subtaskIndex: number,
    nodeId: number,
    registries: Map<string, MetricRegistry>,
    post: (callback: () => void) => void,
  ): OperatorContext {
    const { clock, rng, logger, fileSystem, reporter } = this.#ports;
    const operator = defined(
      vertex.operators.find((o) => o.nodeId === nodeId),
      'an operator of the chain',
    );
    const metrics = new MetricRegistry();
    registries.set(operator.name, metrics);
    const ref = { vertexId: vertex.id, subtaskIndex };
    return {
      jobName: this.#deployment.graph.jobName,
      operatorId: operator.operatorId,
      operatorName: operator.name,
      subtaskIndex,
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism,
      attempt: this.#deployment.attempt,
      clock,
      rng,
      logger,
      fileSystem,
      timers: this.#timers,
      metrics,
      autoWatermarkIntervalMs: this.#deployment.autoWatermarkIntervalMs,
      processingTime: {
        nowEpochMs: () => clock.nowEpochMs(),
        schedule: (atEpochMs, callback) => this.#timers.scheduleAt(atEpochMs, () => post(callback)),
      },
      sendToCoordinator: (event) => reporter.report({ type: 'reader-event', task: ref, event }),
      print: (text) => this.#client.print(text),
      deliver: (collectId, value) => this.#client.deliver(collectId, value),
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
      'an edge ends at a vertex',
    );
  }

  #slotOf(vertexId: string, subtaskIndex: number): number {
    const vertex = this.#deployment.executionGraph.vertices.find((v) => v.vertexId === vertexId);
    return defined(vertex?.subtasks[subtaskIndex], 'every subtask has a slot').slotIndex;
  }
}

function channelKey(edgeId: number, from: number, to: number): string {
  return `${edgeId}:${from}:${to}`;
}

function taskKey(vertexId: string, subtaskIndex: number): string {
  return `${vertexId}:${subtaskIndex}`;
}

function readRegistries(
  registries: ReadonlyMap<string, MetricRegistry>,
): Record<string, number | string | boolean> {
  const values: Record<string, number | string | boolean> = {};
  for (const [operatorName, registry] of registries) {
    for (const [name, value] of Object.entries(registry.read())) {
      values[`${operatorName}.${name}`] = value;
    }
  }
  return values;
}
