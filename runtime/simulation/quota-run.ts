/**
 * A job of so many slots starts and takes checkpoints, and all that its coordinator asks of AWS is
 * held against the quotas. The last checkpoint is billed: it also drops and collects one before it.
 * Between the others the coordinator's process is replaced by one that has to read everything.
 *
 * Counted: what the coordinator calls, what is sent to it and what feeds it, with its function.
 * Not counted: the segments that slots write, and their reading of commands.
 */
import type { CostLine } from '../adapters/aws/cost/index.ts';
import { StreamExecutionEnvironment } from '../api/index.ts';
import { JobStore } from '../checkpoint/index.ts';
import { Configuration, OTHER_INVOCATIONS } from '../core/index.ts';
import { buildExecutionGraph, generateJobGraph } from '../graph/index.ts';
import { QuotaCluster } from './quota-cluster.ts';
import { QuotaMeter, type QuotaPeak } from './quota-meter.ts';
import { QuotaSlots } from './quota-slots.ts';
import { SimWorld } from './sim-world.ts';

export interface QuotaRun {
  readonly slots: number;
  readonly taskManagers: number;
  /** Of the checkpoint that is billed. */
  readonly checkpoint: QuotaCheckpoint;
  /** Of the whole run, from the job's start. */
  readonly peaks: readonly QuotaPeak[];
  readonly violations: readonly string[];
}

export interface QuotaCheckpoint {
  /** From its tick to its end, virtual. */
  readonly durationMs: number;
  /** Messages and ticks that the coordinator was given. */
  readonly messages: number;
  readonly turns: number;
  /** Of the coordinator's turns, and most of it the simulator's own (stores, queues). */
  readonly cpuMs: number;
  readonly lines: readonly CostLine[];
  /** The largest in it, as JSON. */
  readonly recordBytes: number;
  /** As stored: the row or object, and the row that clients are shown. */
  readonly storedRecordBytes: number;
  readonly viewBytes: number;
}

export interface QuotaRunOptions {
  readonly slots: number;
  /** Processor time of this thread so far. */
  readonly cpuMs: () => number;
}

const JOB_ID = 'a'.repeat(32);
const INTERVAL_MS = 60_000;
/** Of checkpoints: two, so that the third drops one. */
const BILLED_CHECKPOINT = 3;
const LIMITS = { maxEvents: 5_000_000, maxTimeMs: 3_600_000 };
/** An account has 1,000 executions at once, and 900 of them are for TaskManagers. */
const MAX_TASK_MANAGERS = 900;
/** `cdk/definitions/job-manager-definition.ts`: more TaskManagers are a distributed Map. */
const INLINE_TASK_MANAGERS = 40;
const DISPATCH_PER_S = 100;
const EVENTS_A_ROUND = 20;
const EVENTS_A_LEASE = 12 + 7;

/** How many slots a TaskManager needs, so that they run in an account as it comes. */
export function taskSlotsOf(slots: number): number {
  return Math.ceil(slots / MAX_TASK_MANAGERS);
}

export async function runQuotas({ slots, cpuMs }: QuotaRunOptions): Promise<QuotaRun> {
  const run = new QuotaScenario(slots, cpuMs);
  return await run.outcome();
}

class QuotaScenario {
  readonly #world = new SimWorld(1);
  readonly #meter = new QuotaMeter(() => this.#world.nowMs);
  readonly #slotCount: number;
  readonly #taskSlots: number;
  readonly #slots: QuotaSlots;
  readonly #cluster: QuotaCluster;
  #triggered = 0;
  #completed = 0;
  #messages = 0;
  #checkpoint: QuotaCheckpoint | undefined;

  constructor(slots: number, cpuMs: () => number) {
    const world = this.#world;
    const meter = this.#meter;
    this.#slotCount = slots;
    const taskSlots = taskSlotsOf(slots);
    this.#taskSlots = taskSlots;
    const { graph, configuration } = jobOf(slots);
    const { slots: plan } = buildExecutionGraph(generateJobGraph(graph));
    this.#cluster = new QuotaCluster({
      ...{ world, meter, graph, configuration, taskSlots, cpuMs },
      onCommand: (slotIndex, command) => {
        if (command.type === 'trigger-checkpoint') this.#triggered = command.barrier.checkpointId;
        if (command.type === 'checkpoint-complete') this.#completed = command.checkpointId;
        this.#slots.hear(slotIndex, command);
      },
      onNext: () => this.#run(),
    });
    this.#slots = new QuotaSlots({
      ...{ world, jobId: JOB_ID, taskSlots },
      tasksOf: (slotIndex) => plan[slotIndex]?.subtasks ?? [],
      send: (messages) => this.#send(messages),
    });
  }

  async outcome(): Promise<QuotaRun> {
    const world = this.#world;
    this.#live().catch((thrown: unknown) => world.violate(String(thrown)));
    await world.run(() => this.#checkpoint !== undefined, LIMITS);
    const { violations } = world;
    const checkpoint = this.#checkpoint;
    if (checkpoint === undefined) throw new Error(violations.join('; '));
    const taskManagers = Math.ceil(this.#slotCount / this.#taskSlots);
    const { peaks } = this.#meter;
    return { slots: this.#slotCount, taskManagers, checkpoint, peaks, violations };
  }

  async #live(): Promise<void> {
    const { rows } = this.#cluster;
    await new JobStore(rows, 'client').create({
      ...{ jobId: JOB_ID, name: 'job', status: 'CREATED', attempt: 0, submittedAtEpochMs: 1 },
      ...{ bundleLocation: '', args: [], configuration: {}, parallelism: {}, coordinator: null },
    });
    const next = { type: 'next', taskToken: 't'.repeat(1_000), execution: 'e', rounds: 0 } as const;
    this.#send([{ ...next, jobId: JOB_ID }]);
    await this.#until(() => this.#completed === 1);
    await this.#quiet();
    this.#cluster.coldStart();
    await this.#until(() => this.#completed === BILLED_CHECKPOINT - 1);
    await this.#quiet();
    this.#meter.takeBill();
    const { turns, cpuMs } = this.#cluster;
    this.#messages = 0;
    await this.#until(() => this.#triggered === BILLED_CHECKPOINT);
    const startMs = this.#world.nowMs;
    await this.#until(() => this.#completed === BILLED_CHECKPOINT);
    await this.#quiet();
    this.#checkpoint = {
      durationMs: this.#world.nowMs - startMs,
      messages: this.#messages,
      turns: this.#cluster.turns - turns,
      cpuMs: this.#cluster.cpuMs - cpuMs,
      lines: this.#meter.takeBill(),
      ...this.#cluster.sizes(JOB_ID),
    };
  }

  #send(messages: Parameters<QuotaCluster['send']>[0]): void {
    this.#messages += messages.length;
    this.#cluster.send(messages);
  }

  /** The state machine starts every TaskManager. */
  #run(): void {
    const meter = this.#meter;
    const taskManagers = Math.ceil(this.#slotCount / this.#taskSlots);
    meter.size('lambdaConcurrency', taskManagers + OTHER_INVOCATIONS);
    const isInline = taskManagers <= INLINE_TASK_MANAGERS;
    // Of a round with a lease each; those of a distributed Map are its children's. Then and
    // between leases the machine counts them itself, and goes on in another execution.
    const leases = isInline ? taskManagers : 1;
    meter.size('stepEvents', EVENTS_A_ROUND + EVENTS_A_LEASE * leases);
    for (let index = 0; index < taskManagers; index += 1) {
      const delayMs = isInline ? 0 : (index * 1_000) / DISPATCH_PER_S;
      this.#world.schedule(delayMs, 'start', () => {
        meter.rate('lambdaStarts', 'taskmanager');
        const first = index * this.#taskSlots;
        const count = Math.min(this.#taskSlots, this.#slotCount - first);
        this.#slots.run(
          0,
          Array.from({ length: count }, (_, slot) => first + slot),
        );
      });
    }
  }

  async #quiet(): Promise<void> {
    await this.#until(() => this.#cluster.isQuiet);
  }

  #until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (isTrue()) resolve();
        else this.#world.schedule(LOOK_MS, 'look', look);
      };
      look();
    });
  }
}

const LOOK_MS = 10;

/** Records with a key through one exchange of all with all. */
function jobOf(parallelism: number) {
  const configuration = Configuration.fromRecord({
    'execution.checkpointing.interval': `${INTERVAL_MS} ms`,
    // What it prints may repeat.
    'execution.checkpointing.mode': 'AT_LEAST_ONCE',
  });
  const env = new StreamExecutionEnvironment({ configuration });
  env.setParallelism(parallelism);
  env
    .fromSequence(1, 1_000_000_000)
    .uid('numbers')
    .keyBy((n) => n)
    .map((n) => n)
    .uid('keyed')
    .print();
  return { graph: env.getStreamGraph('quotas'), configuration };
}
