/** A job for tests of slots: operators that do as the test says and log what they are told. */
import {
  type MutableStreamNode,
  type PartitionerSpec,
  type StreamGraph,
  StreamGraphBuilder,
} from '../graph/index.ts';
import type {
  Input,
  OneInputOperator,
  OperatorContext,
  Output,
  SourceOperator,
  SourcePoll,
  TwoInputOperator,
} from '../operators/index.ts';
import type { SourceEvent } from '../protocol/index.ts';
import { type ListState, ListStateDescriptor } from '../state/index.ts';

const SEEN = new ListStateDescriptor<unknown>('seen');

/** What a test may make an operator do. Keys are `<name>/<subtask>`. */
export interface Hooks {
  prepareSnapshot?: (checkpointId: number) => void | Promise<void>;
  snapshotState?: (checkpointId: number) => void;
  complete?: (checkpointId: number) => void | Promise<void>;
  aborted?: (checkpointId: number) => void;
  suspension?: () => Promise<void> | undefined;
  finish?: () => Promise<void>;
  open?: () => void | Promise<void>;
  watermark?: (watermarkMs: number) => void;
  idle?: (idle: boolean) => void;
}

/** What a source is to emit; stays when another subtask takes the source's place. */
export interface PushQueue {
  readonly emissions: ((output: Output<unknown>) => unknown)[];
  ending: boolean;
}

/** Emits what the test pushes; its state is the values it has emitted. */
export class PushSource implements SourceOperator {
  readonly #output: Output<unknown>;
  readonly #log: (text: string) => void;
  readonly #ctx: OperatorContext;
  #seen: ListState<unknown> | undefined;
  readonly #queue: PushQueue;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(ctx: OperatorContext, output: Output<unknown>, log: Log, queue: PushQueue) {
    this.#queue = queue;
    this.#output = output;
    this.#log = log;
    this.#ctx = ctx;
  }

  push(...values: readonly unknown[]): void {
    for (const value of values) {
      this.emit((output) => {
        this.#seen?.add(value);
        output.collect(value, 0);
      });
    }
  }

  watermark(watermarkMs: number): void {
    this.emit((output) => output.emitWatermark(watermarkMs));
  }

  idle(idle: boolean): void {
    this.emit((output) => output.emitIdle(idle));
  }

  emit(emission: PushQueue['emissions'][number]): void {
    this.#queue.emissions.push(emission);
    this.#wake?.();
  }

  end(): void {
    this.#queue.ending = true;
    this.#wake?.();
  }

  open(): void {
    this.#seen = this.#ctx.operatorState.getListState(SEEN);
    this.#log(`open [${[...this.#seen.get()]}]`);
  }

  close(): void {
    this.#log('close');
  }

  poll(maxRecords: number): SourcePoll {
    if (this.#ended) return 'end';
    const { emissions, ending } = this.#queue;
    for (const emission of emissions.splice(0, maxRecords)) emission(this.#output);
    if (emissions.length > 0) return 'more';
    if (!ending) return 'nothing';
    this.#ended = true;
    this.#output.emitWatermark(Number.MAX_SAFE_INTEGER);
    return 'end';
  }

  available(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  handleEvent(event: SourceEvent): void {
    this.#log(`event ${event.type}`);
  }

  snapshotState(checkpointId: number): void {
    this.#log(`snapshot ${checkpointId}`);
  }
}

/** Logs what it is given, keeps it in its state, and passes it on. */
class LoggingOperator implements OneInputOperator<unknown>, TwoInputOperator<unknown, unknown> {
  readonly first: Input<unknown> = this;
  readonly second: Input<unknown> = this;
  readonly #output: Output<unknown>;
  readonly #log: (text: string) => void;
  readonly #ctx: OperatorContext;
  #seen: ListState<unknown> | undefined;
  readonly #hooks: Hooks;

  constructor(ctx: OperatorContext, output: Output<unknown>, log: Log, hooks: Hooks) {
    this.#output = output;
    this.#log = log;
    this.#hooks = hooks;
    this.#ctx = ctx;
  }

  open(): void | Promise<void> {
    this.#seen = this.#ctx.operatorState.getListState(SEEN);
    this.#log(`open [${[...this.#seen.get()]}]`);
    return this.#hooks.open?.();
  }

  close(): void {
    this.#log('close');
  }

  processElement(value: unknown, timestampMs: number): void {
    this.#log(`record ${value}`);
    this.#seen?.add(value);
    this.#output.collect(value, timestampMs);
  }

  processWatermark(watermarkMs: number): void {
    this.#hooks.watermark?.(watermarkMs);
    this.#output.emitWatermark(watermarkMs);
  }

  processIdle(idle: boolean): void {
    this.#hooks.idle?.(idle);
    this.#output.emitIdle(idle);
  }

  endInput(): void {
    this.#log('end input');
  }

  suspension(): Promise<void> | undefined {
    return this.#hooks.suspension?.();
  }

  async finish(): Promise<void> {
    await this.#hooks.finish?.();
  }

  prepareSnapshot(checkpointId: number): void | Promise<void> {
    return this.#hooks.prepareSnapshot?.(checkpointId);
  }

  snapshotState(checkpointId: number): void {
    this.#log(`snapshot ${checkpointId}`);
    this.#hooks.snapshotState?.(checkpointId);
  }

  notifyCheckpointComplete(checkpointId: number): void | Promise<void> {
    this.#log(`complete ${checkpointId}`);
    return this.#hooks.complete?.(checkpointId);
  }

  notifyCheckpointAborted(checkpointId: number): void {
    this.#log(`aborted ${checkpointId}`);
    this.#hooks.aborted?.(checkpointId);
  }
}

type Log = (text: string) => void;
type From = MutableStreamNode | { readonly node: MutableStreamNode; readonly by: PartitionerSpec };

export interface NodeOptions {
  readonly parallelism?: number;
  /** @defaultValue true: a vertex of its own */
  readonly alone?: boolean;
  readonly slotSharingGroup?: string;
}

/** Collects the nodes of a job. */
export class FixtureJob {
  readonly #builder = new StreamGraphBuilder();
  readonly sources = new Map<string, PushSource>();
  readonly #queues = new Map<string, PushQueue>();
  readonly hooks = new Map<string, Hooks>();
  /** `<name>/<subtask>: <what>`, in the order it happened. */
  log: string[] = [];

  source(name: string, options: NodeOptions = {}): MutableStreamNode {
    const notRun = (): never => {
      throw new Error('there is no enumerator');
    };
    return this.#builder.addNode({
      ...nodeInit(name, options),
      inEdges: [],
      body: {
        kind: 'source',
        source: { name, boundedness: 'BOUNDED', createEnumerator: notRun, createReader: notRun },
        factory: (ctx, output) => {
          const key = `${name}/${ctx.subtaskIndex}`;
          const queue = this.#queues.get(key) ?? { emissions: [], ending: false };
          this.#queues.set(key, queue);
          const source = new PushSource(ctx, output, this.#logOf(key), queue);
          this.sources.set(key, source);
          return source;
        },
      },
    });
  }

  map(name: string, from: readonly From[], options: NodeOptions = {}): MutableStreamNode {
    return this.#builder.addNode({
      ...nodeInit(name, options),
      isSink: true,
      inEdges: from.map((one) => edgeFrom(one, 0)),
      body: { kind: 'one-input', factory: (ctx, output) => this.#operator(name, ctx, output) },
    });
  }

  coMap(name: string, from: readonly [From, From], options: NodeOptions = {}): MutableStreamNode {
    return this.#builder.addNode({
      ...nodeInit(name, options),
      isSink: true,
      inEdges: from.map(edgeFrom),
      body: { kind: 'two-input', factory: (ctx, output) => this.#operator(name, ctx, output) },
    });
  }

  build(): StreamGraph {
    const settings = { jobName: 'fixture', defaultParallelism: 1, maxParallelism: 128 };
    return this.#builder.build({ ...settings, chainingEnabled: true });
  }

  #operator(name: string, ctx: OperatorContext, output: Output<unknown>): LoggingOperator {
    const key = `${name}/${ctx.subtaskIndex}`;
    let hooks = this.hooks.get(key);
    if (hooks === undefined) {
      hooks = {};
      this.hooks.set(key, hooks);
    }
    return new LoggingOperator(ctx, output, this.#logOf(key), hooks);
  }

  #logOf(key: string): Log {
    return (text) => this.log.push(`${key}: ${text}`);
  }
}

function nodeInit(name: string, options: NodeOptions) {
  const { parallelism, alone = true, slotSharingGroup } = options;
  return {
    name,
    operator: name,
    uid: name,
    chaining: alone ? ('HEAD' as const) : ('ALWAYS' as const),
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(slotSharingGroup === undefined ? {} : { slotSharingGroup }),
  };
}

function edgeFrom(from: From, inputIndex: number) {
  if ('node' in from) return { sourceNodeId: from.node.id, inputIndex, partitioner: from.by };
  return { sourceNodeId: from.id, inputIndex };
}
