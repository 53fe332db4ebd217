/** What the operators of one subtask are made with: their contexts, states and metrics. */

import { OperatorStateHandler } from '../checkpoint/index.ts';
import { defined } from '../core/index.ts';
import type { ChainedOperator, JobVertex } from '../graph/index.ts';
import { AccumulatorRegistry, MetricRegistry, type OperatorContext } from '../operators/index.ts';
import type { AccumulatorRecord, RestoredSubtaskState } from '../protocol/index.ts';
import type { HeapKeyedStateBackend } from '../state/index.ts';
import { isKeyByKey } from './build-sorted-inputs.ts';
import type { ClientChannel } from './client-channel.ts';
import type { OperatorSurroundings } from './operator-chain.ts';
import type { SlotDeployment, SlotPorts } from './slot-deployment.ts';
import type { SlotTimers } from './slot-timers.ts';

const ALWAYS = (): boolean => true;

/** The subtask the operators belong to. */
export interface SubtaskPlace {
  readonly vertex: JobVertex;
  readonly subtaskIndex: number;
  readonly restored: RestoredSubtaskState | undefined;
  /** Runs a callback on the task's own turn. */
  readonly post: (callback: () => void) => void;
}

/** What the subtasks of a slot share. */
export interface SlotWorld {
  readonly deployment: SlotDeployment;
  readonly ports: SlotPorts;
  readonly timers: SlotTimers;
}

export class OperatorSurroundingsFactory {
  readonly #place: SubtaskPlace;
  readonly #world: SlotWorld;
  readonly #client: ClientChannel;
  /** By node. */
  readonly #states = new Map<number, OperatorStateHandler>();
  readonly #registries = new Map<string, MetricRegistry>();
  readonly #accumulators = new AccumulatorRegistry();

  constructor(place: SubtaskPlace, world: SlotWorld, client: ClientChannel) {
    this.#place = place;
    this.#world = world;
    this.#client = client;
  }

  /**
   * Gives the operators their state; before they are made.
   *
   * @throws {StreamError} kind `data` when what is stored cannot be read.
   */
  async restore(): Promise<void> {
    const { vertex, restored } = this.#place;
    for (const operator of vertex.operators) {
      const states = this.#statesOf(operator);
      this.#states.set(operator.nodeId, states);
      const stored = restored?.operators.find((o) => o.operatorId === operator.operatorId);
      if (stored !== undefined) await states.restore(stored);
    }
  }

  of(nodeId: number): OperatorSurroundings {
    const operator = defined(
      this.#place.vertex.operators.find((o) => o.nodeId === nodeId),
      'an operator of the chain',
    );
    const metrics = new MetricRegistry(this.#world.ports.clock);
    this.#registries.set(operator.name, metrics);
    const states = defined(this.#states.get(nodeId), 'states are restored before operators');
    return { states, ctx: this.#contextOf(operator, states, metrics) };
  }

  /** By `<operator name>.<metric>`. */
  readMetrics(): Record<string, number | string | boolean> {
    const values: Record<string, number | string | boolean> = {};
    for (const [operatorName, registry] of this.#registries) {
      for (const [name, value] of Object.entries(registry.read())) {
        values[`${operatorName}.${name}`] = value;
      }
    }
    return values;
  }

  readAccumulators(): readonly AccumulatorRecord[] {
    return this.#accumulators.read();
  }

  #contextOf(
    { operatorId, name: operatorName }: ChainedOperator,
    states: OperatorStateHandler,
    metrics: MetricRegistry,
  ): OperatorContext {
    const { vertex, subtaskIndex, restored, post } = this.#place;
    const { deployment, ports, timers } = this.#world;
    const { clock, rng, logger, fileSystem, reporter } = ports;
    const { jobId, attempt, lease = 0, checkpointing, autoWatermarkIntervalMs } = deployment;
    const { allowUnalignedSplits = false, jobType = 'STREAMING' } = deployment;
    const { parallelism, maxParallelism } = vertex;
    const ref = { vertexId: vertex.id, subtaskIndex };
    return {
      ...{ jobId, jobName: deployment.graph.jobName, operatorId, operatorName },
      ...{ subtaskIndex, parallelism, maxParallelism, attempt, lease, checkpointing },
      ...{ clock, rng, logger, fileSystem, timers, metrics, autoWatermarkIntervalMs },
      ...{ allowUnalignedSplits, jobType },
      accumulators: this.#accumulators,
      keyedState: () => states.keyedState(),
      operatorState: states.operatorState,
      restoredCheckpointId: restored?.checkpointId,
      processingTime: {
        nowEpochMs: () => clock.nowEpochMs(),
        schedule: (atEpochMs, callback, matters = ALWAYS) =>
          timers.scheduleAt(atEpochMs, () => post(callback), matters),
      },
      mailbox: { execute: post },
      sendToCoordinator: (event) => reporter.report({ type: 'reader-event', task: ref, event }),
      print: (text) => this.#client.print(text),
      deliver: (collectId, value) => this.#client.deliver(collectId, value),
    };
  }

  /** Of an operator of the chain. */
  keyedStateOf(nodeId: number): HeapKeyedStateBackend {
    return defined(this.#states.get(nodeId), 'states are made before operators').keyedState();
  }

  #statesOf({ operatorId, name: operatorName, nodeId }: ChainedOperator): OperatorStateHandler {
    const { vertex, subtaskIndex } = this.#place;
    const { deployment, ports } = this.#world;
    const { attempt, checkpointing } = deployment;
    const { parallelism, maxParallelism } = vertex;
    const { blobs, clock } = ports;
    return new OperatorStateHandler({
      ...{ operatorId, operatorName, subtaskIndex, parallelism, maxParallelism, attempt },
      ...{ blobs, clock, tracksChanges: checkpointing, keyByKey: this.#isKeyByKey(nodeId) },
    });
  }

  /** Only the head of a chain has sorted inputs. */
  #isKeyByKey(nodeId: number): boolean {
    const { deployment } = this.#world;
    if (this.#place.vertex.operators[0]?.nodeId !== nodeId) return false;
    const node = deployment.graph.nodes.find(({ id }) => id === nodeId);
    return isKeyByKey(deployment, defined(node, 'an operator is a node of the graph'));
  }
}
