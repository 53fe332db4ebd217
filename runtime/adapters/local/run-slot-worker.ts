/**
 * A slot's worker thread: evaluates the job's bundle again, proves by the graph's hash that it is
 * the job that was submitted, builds its slot and runs it to the end.
 */

import { setSourceMapsSupport } from 'node:module';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { evaluateJob, jobFunctionOf } from '../../api/index.ts';
import {
  assert,
  Configuration,
  type ConfigValue,
  StreamError,
  toStreamError,
} from '../../core/index.ts';
import { Doorbell } from '../../exchange/index.ts';
import {
  buildExecutionGraph,
  type DecidedParallelism,
  generateJobGraph,
  type JobGraphOverrides,
  withParallelism,
} from '../../graph/index.ts';
import type {
  RestoredSubtaskState,
  ResultPlace,
  SlotCommand,
  SlotReport,
} from '../../protocol/index.ts';
import { buildSlot, runSlots, type Slot } from '../../taskmanager/index.ts';
import { DirectoryBlobStore } from './directory-blob-store.ts';
import { DoorbellThread } from './doorbell-thread.ts';
import { NodeFileSystem } from './node-file-system.ts';
import { RingExchange, type RingMemory } from './ring-exchange.ts';
import { slotSettings } from './slot-settings.ts';
import { SystemClock, SystemRng } from './system-world.ts';

/** What the launcher gives a slot's thread. */
export interface SlotWorkerData {
  readonly jobId: string;
  readonly bundlePath: string;
  readonly args: readonly string[];
  /** Option values in force, by key. */
  readonly configuration: Readonly<Record<string, ConfigValue>>;
  readonly overrides: JobGraphOverrides;
  readonly graphHash: string;
  readonly slotIndex: number;
  readonly attempt: number;
  readonly restore: readonly RestoredSubtaskState[];
  readonly results: ResultPlace | undefined;
  readonly decided: DecidedParallelism | undefined;
  /** The job takes periodic checkpoints. */
  readonly checkpointing: boolean;
  readonly rings: RingMemory;
  readonly metricsIntervalMs: number;
}

type Report = (record: SlotReport) => void;

/** Runs the slot this thread was started for; settles when the slot is released. */
export async function runSlotWorker(): Promise<void> {
  const port = parentPort;
  assert(port !== null, 'a slot worker runs in a worker thread');
  setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
  const report: Report = (record) => port.postMessage(record);
  try {
    await run(workerData as SlotWorkerData, port, report);
  } catch (thrown) {
    const error = toStreamError(thrown).toJSON();
    report({ type: 'task-failed', task: { vertexId: '', subtaskIndex: 0 }, error });
    report({ type: 'released' });
  } finally {
    port.close();
  }
}

async function run(data: SlotWorkerData, port: MessagePort, report: Report): Promise<void> {
  const early: SlotCommand[] = [];
  let slot: Slot | undefined;
  port.on('message', (command: SlotCommand) => {
    if (slot === undefined) early.push(command);
    else slot.handle(command);
  });
  const clock = new SystemClock();
  const doorbells = new Map(
    [...data.rings.doorbells].map(([slotIndex, memory]) => [slotIndex, new Doorbell(memory)]),
  );
  const own = doorbells.get(data.slotIndex);
  assert(own !== undefined, 'every slot has a doorbell');
  const thread = new DoorbellThread(own, clock);
  slot = await openSlot(data, clock, thread, doorbells, report);
  for (const command of early) slot.handle(command);
  const { metricsIntervalMs } = data;
  await Promise.all([slot.open(), runSlots([slot], { clock, thread, metricsIntervalMs })]);
}

async function openSlot(
  data: SlotWorkerData,
  clock: SystemClock,
  thread: DoorbellThread,
  doorbells: ReadonlyMap<number, Doorbell>,
  report: Report,
): Promise<Slot> {
  const module: unknown = await import(pathToFileURL(data.bundlePath).href);
  const given = Configuration.fromRecord(data.configuration);
  const { graph, configuration } = await evaluateJob(jobFunctionOf(module, given), {
    args: data.args,
    configuration: given,
  });
  const jobGraph = generateJobGraph(graph, data.overrides);
  if (jobGraph.hash !== data.graphHash) {
    throw new StreamError({
      kind: 'user',
      code: 'GRAPH_NOT_DETERMINISTIC',
      message:
        'the job built another graph in the slot than in the client: a job function must build ' +
        'the same graph each time it runs, so do not let it depend on time, randomness or the ' +
        `environment; slot=${data.slotIndex} expected=${data.graphHash} found=${jobGraph.hash}`,
    });
  }
  return buildSlot(
    {
      jobId: data.jobId,
      graph,
      executionGraph: withParallelism(buildExecutionGraph(jobGraph), data.decided ?? {}),
      slotIndex: data.slotIndex,
      attempt: data.attempt,
      restore: data.restore,
      results: data.results,
      checkpointing: data.checkpointing,
      ...slotSettings(configuration),
    },
    {
      clock,
      rng: new SystemRng(),
      logger: {
        log: (level, message, fields) =>
          report({ type: 'log', level, message, fields: fields ?? {} }),
      },
      fileSystem: new NodeFileSystem(),
      temporaryFiles: { fileSystem: new NodeFileSystem(), directory: tmpdir() },
      blobs: new DirectoryBlobStore(),
      exchange: new RingExchange(data.rings, doorbells),
      reporter: { report },
      wake: () => thread.wake(),
    },
  );
}
