/**
 * Goal: a job that hibernates asks nothing of any service. Method: the production coordinator and
 * its turns in virtual time, over stores, queues, schedules and executions that count their calls.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JobViews } from '../adapters/aws/index.ts';
import { StreamExecutionEnvironment } from '../api/index.ts';
import { JobStore } from '../checkpoint/index.ts';
import { Configuration } from '../core/index.ts';
import { buildExecutionGraph, generateJobGraph } from '../graph/index.ts';
import { QuotaCluster } from './quota-cluster.ts';
import { QuotaMeter } from './quota-meter.ts';
import { QuotaSlots } from './quota-slots.ts';
import { pauseIn } from './quota-stores.ts';
import { SimWorld } from './sim-world.ts';

const JOB_ID = 'a'.repeat(32);
const SLOTS = 3;
const AFTER_MS = 300_000;
const HOUR_MS = 3_600_000;
/** The last tick that was asked for has come, and does nothing. */
const LAST_TICK_MS = 60_000;
const LIMITS = { maxEvents: 1_000_000, maxTimeMs: 24 * HOUR_MS };

/** What a coordinator calls, and what calls it. */
const SERVICES = ['dynamodb', 'lambda', 's3', 'scheduler', 'sqs', 'states'];

/** Of a job nothing ever comes to, its executions and TaskManagers. */
class IdleJob {
  readonly world = new SimWorld(1);
  readonly #meter = new QuotaMeter(() => this.world.nowMs);
  readonly #cluster: QuotaCluster;
  readonly #slots: QuotaSlots;
  readonly steps: string[] = [];
  readonly executions: string[] = [];
  /** TaskManagers that have not ended. */
  running = 0;
  #rounds = 0;

  constructor() {
    const { world } = this;
    const configuration = Configuration.fromRecord({
      'execution.checkpointing.interval': '60 s',
      'execution.checkpointing.mode': 'AT_LEAST_ONCE',
      'sluice.hibernate-after': `${AFTER_MS} ms`,
      'sluice.wake-schedule': 'rate(1 day)',
    });
    const env = new StreamExecutionEnvironment({ configuration });
    env.setParallelism(SLOTS);
    env.fromSequence(1, 1_000_000).uid('numbers').print();
    const graph = env.getStreamGraph('idle');
    const plan = buildExecutionGraph(generateJobGraph(graph)).slots;
    this.#cluster = new QuotaCluster({
      ...{ world, graph, configuration, meter: this.#meter, taskSlots: 1, cpuMs: () => 0 },
      onCommand: (slotIndex, command) => this.#slots.hear(slotIndex, command),
      onNext: (step) => this.#next(step as { action: string; attempt?: number }),
      onStart: (name) => {
        this.executions.push(name);
        this.#rounds = 0;
        this.#ask();
      },
    });
    this.#slots = new QuotaSlots({
      ...{ world, jobId: JOB_ID, taskSlots: 1, idleAfterMs: AFTER_MS / 2 },
      tasksOf: (slotIndex) => plan[slotIndex]?.subtasks ?? [],
      send: (messages) => this.#cluster.send(messages),
      onReleased: () => this.#released(),
    });
  }

  async submit(): Promise<void> {
    await new JobStore(this.#cluster.rows, 'client').create({
      ...{ jobId: JOB_ID, name: 'job', status: 'CREATED', attempt: 0, submittedAtEpochMs: 1 },
      ...{ bundleLocation: '', args: [], configuration: {}, parallelism: {}, coordinator: null },
    });
    this.#ask();
  }

  /** As its schedule does; or, without a number, as a client. */
  wake(arming?: number): void {
    const wakeUp = arming === undefined ? {} : { arming };
    this.#cluster.send([{ type: 'wake', jobId: JOB_ID, ...wakeUp }]);
  }

  /** Calls by operation in the time that passes. */
  async callsIn(delayMs: number): Promise<Readonly<Record<string, number>>> {
    this.#meter.takeBill();
    await pauseIn(this.world, delayMs);
    const lines = this.#meter.takeBill();
    return Object.fromEntries(lines.map(({ operation, calls }) => [operation, calls]));
  }

  async status(): Promise<string | undefined> {
    return (await new JobViews(this.#cluster.rows).get(JOB_ID))?.status;
  }

  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await pauseIn(this.world, 1_000);
  }

  #next({ action, attempt = 0 }: { readonly action: string; readonly attempt?: number }): void {
    this.steps.push(action);
    if (action !== 'RUN') return;
    this.running = SLOTS;
    this.#slots.run(
      attempt,
      Array.from({ length: SLOTS }, (_, index) => index),
    );
  }

  #released(): void {
    this.running -= 1;
    if (this.running > 0) return;
    this.#rounds += 1;
    // Its last messages are there before.
    this.world.schedule(1_000, 'round', () => this.#ask());
  }

  #ask(): void {
    const continuation = this.executions.length;
    const execution = `e-${continuation}`;
    const rounds = this.#rounds;
    const taskToken = `${execution}-${rounds}`;
    const next = { type: 'next', jobId: JOB_ID, taskToken, execution, rounds } as const;
    this.#cluster.send([{ ...next, continuation }]);
  }
}

async function live(act: (job: IdleJob) => Promise<void>): Promise<void> {
  const job = new IdleJob();
  let isDone = false;
  let failure: unknown;
  act(job).then(
    () => {
      isDone = true;
    },
    (thrown: unknown) => {
      failure = thrown;
      job.world.violate(String(thrown));
    },
  );
  await job.world.run(() => isDone, LIMITS);
  if (failure !== undefined) throw failure;
  assert.deepEqual(job.world.violations, []);
}

function services(calls: Readonly<Record<string, number>>): readonly string[] {
  return [...new Set(Object.keys(calls).map((name) => name.split(':')[0] ?? ''))].toSorted();
}

describe('an hour of a job that hibernates', () => {
  it('has no call of any service, and the job goes on when it is woken', async () => {
    await live(async (job) => {
      await job.submit();
      // All of them are counted.
      const falling = await job.callsIn(2 * AFTER_MS);
      assert.deepEqual(services(falling), SERVICES);
      await job.until(() => job.steps.includes('HIBERNATE'));
      await pauseIn(job.world, LAST_TICK_MS);
      assert.equal(job.running, 0);
      assert.deepEqual(await job.callsIn(HOUR_MS), {});
      assert.equal(await job.status(), 'HIBERNATED');
      assert.deepEqual(job.steps, ['RUN', 'HIBERNATE']);

      job.wake(1);
      const woken = await job.callsIn(AFTER_MS / 2);
      assert.deepEqual(job.executions, [`${JOB_ID}-1`]);
      assert.deepEqual(job.steps, ['RUN', 'HIBERNATE', 'RUN']);
      assert.equal(await job.status(), 'RUNNING');
      assert.ok((woken['lambda:Invoke'] ?? 0) > 0);
      assert.equal(woken['scheduler:DeleteSchedule'], 1);

      await job.until(() => job.steps.length === 4);
      assert.equal(job.steps.at(-1), 'HIBERNATE');
      await pauseIn(job.world, LAST_TICK_MS);
      assert.deepEqual(await job.callsIn(HOUR_MS), {});
    });
  });

  it('has the calls of one turn when a wake-up comes that is of an earlier sleep', async () => {
    await live(async (job) => {
      await job.submit();
      await job.until(() => job.steps.includes('HIBERNATE'));
      await pauseIn(job.world, LAST_TICK_MS);
      job.wake(7);
      const calls = await job.callsIn(HOUR_MS);
      assert.equal(calls['lambda:Invoke'], 1);
      assert.equal(calls['scheduler:DeleteSchedule'], 1);
      assert.equal(await job.status(), 'HIBERNATED');
      assert.deepEqual(await job.callsIn(HOUR_MS), {});
    });
  });
});
