import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defined, StreamError } from '../core/index.ts';
import {
  type MasterOptions,
  MasterRun,
  MasterWorld,
  scriptedSource,
} from './job-master-world.conformance.ts';
import { settle } from './manual-time.conformance.ts';
import type { SleepingJob } from './sleeping-job.ts';
import type { ClientAnswer, ClientRequest } from './turn-messages.ts';
import { TurnSlots } from './turn-slots.ts';

const RUNNING = { type: 'running' } as const;
const RELEASED = { type: 'released' } as const;

/** One master after the other, each made from what the one before leaves. */
class Sleeper {
  readonly world = new MasterWorld(scriptedSource('a', 2));
  readonly options: MasterOptions;
  readonly answers: (readonly [string, ClientAnswer])[] = [];
  slots = new TurnSlots(undefined);
  #run: MasterRun | undefined;

  private constructor(options: MasterOptions) {
    this.options = options;
  }

  get run(): MasterRun {
    return defined(this.#run, 'it has begun');
  }

  static async create(options: MasterOptions = {}): Promise<Sleeper> {
    const sleeper = new Sleeper(options);
    await sleeper.#begin();
    return sleeper;
  }

  /** What the present one leaves, by way of JSON; the next one goes on. */
  async sleepAndWake(
    changed: (asleep: SleepingJob) => SleepingJob = (asleep) => asleep,
  ): Promise<SleepingJob> {
    const asleep = this.run.master.sleep();
    assert.ok(asleep);
    const copy = JSON.parse(JSON.stringify(asleep)) as SleepingJob;
    assert.deepEqual(copy, asleep);
    this.slots = new TurnSlots(this.slots.record);
    await this.#begin(changed(copy));
    return copy;
  }

  get status(): string {
    return this.run.status;
  }

  get attempt(): number {
    return this.slots.record.slots[0]?.attempt ?? -1;
  }

  /** Commands of the present turn. */
  get commands(): readonly string[] {
    return this.slots.effects.map((e) =>
      e.type === 'command' ? `${e.slotIndex} ${e.command.type}` : e.type,
    );
  }

  async ask(requestId: string, request: ClientRequest): Promise<void> {
    this.run.master.request(requestId, request);
    await settle();
  }

  /** Both slots say so. */
  async report(report: typeof RUNNING | typeof RELEASED): Promise<void> {
    for (const { slotIndex, attempt, nextReport } of this.slots.record.slots) {
      this.slots.report({ slotIndex, attempt, sequence: nextReport, reports: [report] });
    }
    await settle();
  }

  async start(): Promise<void> {
    this.slots.takeWaiting();
    await this.report(RUNNING);
  }

  lose(slotIndex: number): void {
    const error = new StreamError({ kind: 'unavailable', code: 'GONE', message: 'gone' });
    this.slots.lost(slotIndex, this.attempt, error);
  }

  async #begin(asleep?: SleepingJob): Promise<void> {
    const turn = {
      launcher: this.slots,
      onAnswer: (requestId: string, answer: ClientAnswer) => this.answers.push([requestId, answer]),
      turn: { beforeStore: async () => true, abandon: (error: Error) => assert.fail(error) },
      ...(asleep === undefined ? {} : { asleep }),
    };
    this.#run = new MasterRun(await this.world.create({ ...this.options, turn }));
    await settle();
  }
}

describe('JobMaster asleep', () => {
  it('goes on deploying: an attempt whose number was recorded begins once', async () => {
    const job = await Sleeper.create();
    const gate = Promise.withResolvers<void>();
    await job.start();
    job.lose(0);
    await job.report(RELEASED);
    job.world.journal.gate = () => gate.promise;
    await job.world.time.advance(50);
    const asleep = await job.sleepAndWake();
    assert.equal(asleep.regions[0]?.isLaunched, false);
    job.world.journal.gate = async () => {};
    gate.resolve();
    await job.sleepAndWake();
    assert.deepEqual([job.attempt, job.slots.waiting?.attempt], [1, 1]);
    await job.sleepAndWake();
    assert.equal(job.slots.waiting?.attempt, 1);
    await job.start();
    assert.equal(job.status, 'RUNNING');
  });

  it('goes on running: nothing is launched, started or told again', async () => {
    const job = await Sleeper.create();
    await job.start();
    const { heard } = job.world.sources[0] ?? { heard: [] };
    await job.sleepAndWake();
    assert.deepEqual([job.status, job.commands, job.slots.waiting], ['RUNNING', [], undefined]);
    assert.equal(heard.filter((what) => what === 'new').length, 1);
  });

  it('goes on starting when a slot runs and another does not yet', async () => {
    const job = await Sleeper.create();
    job.slots.takeWaiting();
    job.slots.report({ slotIndex: 0, attempt: 0, sequence: 0, reports: [RUNNING] });
    await job.sleepAndWake();
    job.slots.report({ slotIndex: 1, attempt: 0, sequence: 0, reports: [RUNNING] });
    await settle();
    assert.deepEqual([job.status, job.commands], ['RUNNING', ['0 start', '1 start']]);
  });

  it('goes on waiting for a restart, and is due when it was', async () => {
    const job = await Sleeper.create();
    await job.start();
    job.lose(0);
    await job.report(RELEASED);
    await job.world.time.advance(30);
    const asleep = await job.sleepAndWake();
    assert.equal(asleep.restarts.length, 1);
    await job.world.time.advance(19);
    assert.equal(job.attempt, 0);
    await job.world.time.advance(1);
    assert.equal(job.attempt, 1);
  });

  it('goes on stopping, and gives up slots that do not stop in time', async () => {
    const job = await Sleeper.create({ cancellationTimeoutMs: 500 });
    await job.start();
    await job.ask('c', { type: 'cancel' });
    assert.deepEqual(job.commands.slice(-2), ['0 cancel', '1 cancel']);
    await job.world.time.advance(400);
    const asleep = await job.sleepAndWake();
    assert.equal(asleep.regions[0]?.isStopping, true);
    assert.deepEqual(job.commands, []);
    job.slots.report({ slotIndex: 0, attempt: 0, sequence: 1, reports: [RELEASED] });
    await job.sleepAndWake();
    await job.world.time.advance(99);
    assert.equal(job.status, 'CANCELLING');
    await job.world.time.advance(1);
    assert.equal((await job.run.result).status, 'CANCELED');
    assert.deepEqual(job.answers, [['c', {}]]);
  });

  it('goes on laying out anew what has stopped', async () => {
    const job = await Sleeper.create();
    await job.start();
    const ids = job.run.master.snapshot().vertices.map(({ id }) => id);
    job.lose(0);
    await job.report(RELEASED);
    await job.sleepAndWake(({ state, ...rest }) => ({
      ...rest,
      restarts: [],
      parallelism: Object.fromEntries(ids.map((id) => [id, 3])),
      state: { ...state, isReplanning: true },
    }));
    assert.deepEqual(job.slots.waiting?.slotIndexes, [0, 1, 2]);
    await job.sleepAndWake();
    assert.deepEqual([job.attempt, job.slots.waiting?.attempt], [1, 1]);
    await job.start();
    assert.equal(job.status, 'RUNNING');
  });

  it('answers in another turn what was asked in this one', async () => {
    const job = await Sleeper.create();
    await job.start();
    await job.ask('s', { type: 'savepoint' });
    const { requests } = await job.sleepAndWake();
    assert.deepEqual(
      requests.map(({ requestId }) => requestId),
      ['s'],
    );
    job.lose(0);
    await settle();
    const [answer] = job.answers;
    assert.ok(answer !== undefined && answer[0] === 's' && 'error' in answer[1]);
    assert.deepEqual((await job.sleepAndWake()).requests, []);
    assert.equal(job.answers.length, 1);
  });

  it('has nothing to leave once it is over', async () => {
    const job = await Sleeper.create();
    await job.ask('c', { type: 'cancel' });
    job.slots.tellLater();
    await job.run.result;
    assert.equal(job.run.master.sleep(), undefined);
  });
});
