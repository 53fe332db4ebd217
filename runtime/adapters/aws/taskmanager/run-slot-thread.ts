/**
 * A slot's thread in a TaskManager: evaluates the job's bundle, proves by the graph's hash that it
 * is the job that was planned, builds its slot and runs it until it is released or left.
 */
import { setSourceMapsSupport } from 'node:module';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { evaluateJob, jobFunctionOf } from '../../../api/index.ts';
import { assert, Configuration, defined, StreamError, toStreamError } from '../../../core/index.ts';
import { Doorbell } from '../../../exchange/index.ts';
import { buildExecutionGraph, generateJobGraph } from '../../../graph/index.ts';
import { slotIdleAfterMs } from '../../../jobmaster/index.ts';
import type { SlotReport } from '../../../protocol/index.ts';
import { buildSlot, runSlots, type Slot } from '../../../taskmanager/index.ts';
import {
  DoorbellThread,
  NodeFileSystem,
  RingExchange,
  SystemClock,
  SystemRng,
  slotSettings,
} from '../../local/index.ts';
import { RemoteBlobs } from './remote-blobs.ts';
import { RemoteFiles } from './remote-files.ts';
import { reportConsole } from './report-console.ts';
import type {
  SlotThreadDeployment,
  SlotThreadOrder,
  SlotThreadStart,
  SlotThreadWord,
} from './slot-thread-messages.ts';

/** In the main thread's care. */
interface RemoteStores {
  readonly blobs: RemoteBlobs;
  readonly files: RemoteFiles;
}

type Say = (word: SlotThreadWord) => void;

/** Settles when nothing runs in the thread any more. */
export async function runSlotThread(): Promise<void> {
  const port = parentPort;
  assert(port !== null, 'a slot thread is a worker thread');
  setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
  const { blobs: blobPort, tier, files: filePort, fileLimits } = workerData as SlotThreadStart;
  const blobs = new RemoteBlobs(blobPort, tier);
  const files = new RemoteFiles(filePort, fileLimits);
  const say: Say = (word) => port.postMessage(word);
  const orders = new Orders(port);
  reportConsole((report) => say({ type: 'report', report }));
  try {
    const deployment = await orders.deployment;
    const thread = new SlotThreadRun(deployment, { blobs, files }, say);
    say(await thread.run(orders));
  } catch (thrown) {
    const error = toStreamError(thrown).toJSON();
    const task = { vertexId: '', subtaskIndex: 0 };
    say({ type: 'report', report: { type: 'task-failed', task, error } });
    say({ type: 'report', report: { type: 'released' } });
    say({ type: 'ended', untaken: new Map() });
  } finally {
    blobs.close();
    files.close();
    port.close();
  }
}

/** Keeps orders until there is a slot to take them. */
class Orders {
  readonly #deployed = Promise.withResolvers<SlotThreadDeployment>();
  readonly #early: SlotThreadOrder[] = [];
  #take: ((order: SlotThreadOrder) => void) | undefined;

  constructor(port: MessagePort) {
    port.on('message', (order: SlotThreadOrder) => {
      if (order.type === 'deploy') this.#deployed.resolve(order.deployment);
      else if (this.#take === undefined) this.#early.push(order);
      else this.#take(order);
    });
  }

  get deployment(): Promise<SlotThreadDeployment> {
    return this.#deployed.promise;
  }

  passTo(take: (order: SlotThreadOrder) => void): void {
    this.#take = take;
    for (const order of this.#early.splice(0)) take(order);
  }
}

class SlotThreadRun {
  readonly #deployment: SlotThreadDeployment;
  readonly #stores: RemoteStores;
  readonly #say: Say;
  readonly #clock = new SystemClock();
  readonly #thread: DoorbellThread;
  readonly #exchange: RingExchange;
  #bundleAtEpochMs = 0;

  constructor(deployment: SlotThreadDeployment, stores: RemoteStores, say: Say) {
    this.#deployment = deployment;
    this.#stores = stores;
    this.#say = say;
    const { rings, slotIndex } = deployment;
    const doorbells = new Map(
      [...rings.doorbells].map(([index, memory]) => [index, new Doorbell(memory)]),
    );
    const own = defined(doorbells.get(slotIndex), 'every slot has a doorbell');
    this.#thread = new DoorbellThread(own, this.#clock);
    this.#exchange = new RingExchange(rings, doorbells);
  }

  async run(orders: Orders): Promise<SlotThreadWord> {
    const threadAtEpochMs = this.#clock.nowEpochMs();
    const slot = await this.#build();
    orders.passTo((order) => this.#obey(slot, order));
    let restoredAtEpochMs = 0;
    const open = async (): Promise<void> => {
      await slot.open();
      restoredAtEpochMs = this.#clock.nowEpochMs();
    };
    const onFirstProgress = (): void => {
      const firstRecordAtEpochMs = this.#clock.nowEpochMs();
      const before = { threadAtEpochMs, bundleAtEpochMs: this.#bundleAtEpochMs, restoredAtEpochMs };
      this.#say({ type: 'started', marks: { ...before, firstRecordAtEpochMs } });
    };
    const { metricsIntervalMs } = this.#deployment;
    const loop = { clock: this.#clock, thread: this.#thread, metricsIntervalMs, onFirstProgress };
    await Promise.all([open(), runSlots([slot], loop)]);
    const { left } = slot;
    const untaken = this.#exchange.untaken();
    return { type: 'ended', untaken, ...(left === undefined ? {} : { left }) };
  }

  #obey(slot: Slot, order: SlotThreadOrder): void {
    switch (order.type) {
      case 'command':
        slot.handle(order.command);
        break;
      case 'hand-over':
        slot.handOver(order.from);
        this.#say({ type: 'holding' });
        break;
      case 'leave-behind':
        slot.leaveBehind(order.checkpointId);
        break;
      case 'go-on-behind':
        slot.goOnBehind(order.checkpointId);
        break;
      case 'deploy':
        break;
    }
  }

  async #build(): Promise<Slot> {
    const { bundlePath, args, overrides, graphHash, slotIndex } = this.#deployment;
    const module: unknown = await import(pathToFileURL(bundlePath).href);
    const given = Configuration.fromRecord(this.#deployment.configuration);
    const { graph, configuration } = await evaluateJob(jobFunctionOf(module, given), {
      args,
      configuration: given,
    });
    const jobGraph = generateJobGraph(graph, overrides);
    if (jobGraph.hash !== graphHash) throw otherGraph(slotIndex, graphHash, jobGraph.hash);
    this.#bundleAtEpochMs = this.#clock.nowEpochMs();
    const { jobId, attempt, lease, restore, handOver, checkpointing } = this.#deployment;
    const idleAfterMs = slotIdleAfterMs(configuration);
    const report = (record: SlotReport): void => this.#say({ type: 'report', report: record });
    return buildSlot(
      {
        ...{ jobId, graph, slotIndex, attempt, lease, restore, checkpointing },
        executionGraph: buildExecutionGraph(jobGraph),
        ...(handOver === undefined ? {} : { handOver }),
        ...slotSettings(configuration),
        ...(idleAfterMs === undefined ? {} : { idleAfterMs }),
      },
      {
        clock: this.#clock,
        rng: new SystemRng(),
        logger: {
          log: (level, message, fields) =>
            report({ type: 'log', level, message, fields: fields ?? {} }),
        },
        fileSystem: this.#stores.files,
        temporaryFiles: { fileSystem: new NodeFileSystem(), directory: tmpdir() },
        blobs: this.#stores.blobs,
        exchange: this.#exchange,
        reporter: { report },
        wake: () => this.#thread.wake(),
        handOverHost: {
          mayLeave: (checkpointId) => this.#say({ type: 'may-leave', checkpointId }),
          goesOn: (checkpointId) => this.#say({ type: 'goes-on', checkpointId }),
        },
      },
    );
  }
}

function otherGraph(slotIndex: number, expected: string, found: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'GRAPH_NOT_DETERMINISTIC',
    message:
      'the job built another graph in the slot than when it was planned: a job function must ' +
      'build the same graph each time it runs, so do not let it depend on time, randomness or ' +
      `the environment; slot=${slotIndex} expected=${expected} found=${found}`,
    details: { slotIndex, expected, found },
  });
}
