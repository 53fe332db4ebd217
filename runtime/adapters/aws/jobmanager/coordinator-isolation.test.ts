/**
 * Goal: jobs that kill or hold up turns, and outages. Method: turns that are told what to do, rows
 * in memory, a queue that gives again what was neither answered nor deleted.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jobPartition } from '../../../checkpoint/index.ts';
import { StreamError } from '../../../core/index.ts';
import { MemoryRowStore } from '../../memory/memory-row-store.ts';
import type { CoordinatorMessage } from '../messages.ts';
import { Coordinator, type QueueRecord } from './coordinator.ts';
import { MAX_DEATHS } from './job-messages.ts';
import { JobTroubles } from './job-troubles.ts';

const [A = '', B = '', C = ''] = ['a', 'b', 'c'].map((digit) => digit.repeat(32));

/** A message by its number, in `atEpochMs`. */
interface Waiting {
  readonly jobId: string;
  readonly number: number;
  receives: number;
}

class World {
  readonly rows = new MemoryRowStore();
  readonly queue: Waiting[] = [];
  readonly turns: string[] = [];
  readonly hidden: number[] = [];
  readonly buried: string[] = [];
  readonly failed: string[] = [];
  readonly receives: number[] = [];
  /** Of what was logged. */
  readonly codes: string[] = [];
  /** What becomes of a turn. */
  effect: (jobId: string, numbers: readonly number[]) => 'done' | 'dies' | 'hangs' | Error = () =>
    'done';
  isLate: (() => void) | undefined;
  /** The queue deletes nothing that it is asked to, beside what a batch's answer says. */
  refusesDeletes = false;
  /** Rows are not written, from the next turn to the end of its batch. */
  losesRows = false;
  #areRowsLost = false;
  #troubles = this.#newTroubles();

  put(jobId: string, ...numbers: number[]): void {
    for (const number of numbers) this.queue.push({ jobId, number, receives: 0 });
  }

  /** One batch by a new process. @returns whether it lived to answer. */
  async work(limit = 10): Promise<boolean> {
    const batch = this.queue.slice(0, limit);
    for (const waiting of batch) waiting.receives += 1;
    const died = Promise.withResolvers<false>();
    const answered = this.#process(died).handle(batch.map(recordOf), 30_000);
    const again = await Promise.race([answered, died.promise]);
    this.#areRowsLost = false;
    if (again === false) {
      this.#troubles = this.#newTroubles();
      return false;
    }
    this.#remove((waiting) => batch.includes(waiting) && !again.includes(nameOf(waiting)));
    return true;
  }

  get left(): readonly string[] {
    return this.queue.map(nameOf);
  }

  async troubles(): Promise<number> {
    const rows = await Promise.all([A, B, C].map((id) => this.rows.query(jobPartition(id))));
    return rows.flat().length;
  }

  #newTroubles(): JobTroubles {
    const { rows } = this;
    return new JobTroubles({
      get: (partitionKey, sortKey) => rows.get(partitionKey, sortKey),
      query: (partitionKey) => rows.query(partitionKey),
      write: async (steps) => {
        if (this.#areRowsLost) throw unavailable;
        await rows.write(steps);
      },
    });
  }

  #remove(isGone: (waiting: Waiting) => boolean): void {
    const left = this.queue.filter((waiting) => !isGone(waiting));
    this.queue.splice(0, this.queue.length, ...left);
  }

  #process(died: PromiseWithResolvers<false>): Coordinator {
    const never = new Promise<never>(() => undefined);
    const turn = async (jobId: string, messages: readonly CoordinatorMessage[]) => {
      const numbers = messages.map((m) => (m.type === 'tick' ? m.atEpochMs : -1));
      const effect = this.effect(jobId, numbers);
      this.turns.push(`${jobId[0]}${numbers.join('+')}`);
      this.#areRowsLost = this.losesRows;
      if (effect instanceof Error) throw effect;
      if (effect === 'dies') died.resolve(false);
      if (effect === 'hangs') this.isLate?.();
      if (effect !== 'done') await never;
    };
    return new Coordinator({
      turns: {
        turn,
        fail: async (jobId, { code }) => void this.failed.push(`${jobId[0]} ${code}`),
      },
      queues: {
        send: async () => undefined,
        tick: async () => undefined,
        hide: async (_from, _handles, forS) => void this.hidden.push(forS),
        done: async (handles) => {
          if (this.refusesDeletes) throw unavailable;
          this.#remove((waiting) => handles.includes(nameOf(waiting)));
        },
        bury: async (_from, body, _group, reason) => {
          const { jobId, atEpochMs } = JSON.parse(body) as { jobId: string; atEpochMs: number };
          this.buried.push(`${jobId[0]}${atEpochMs} ${reason.split(':')[0]}`);
        },
      },
      machines: {
        ...{ succeed: async () => undefined, fail: async () => undefined },
        ...{ start: async () => undefined, stop: async () => undefined },
      },
      troubles: this.#troubles,
      metrics: {
        add: (name, value) => void (name === 'MessageReceives' && this.receives.push(value)),
      },
      logger: { log: (_level, _message, fields) => void this.codes.push(String(fields?.code)) },
      timers: {
        schedule: (delayMs, callback) => {
          assert.equal(delayMs, 28_000);
          this.isLate = callback;
          return () => undefined;
        },
      },
    });
  }
}

function nameOf({ jobId, number }: Waiting): string {
  return `${jobId[0]}${number}`;
}

function recordOf(waiting: Waiting): QueueRecord {
  const { jobId, number, receives } = waiting;
  const [messageId, receiptHandle] = [nameOf(waiting), nameOf(waiting)];
  const body = JSON.stringify({ type: 'tick', jobId, atEpochMs: number });
  return { messageId, receiptHandle, body, group: jobId, receives };
}

const unavailable = new StreamError({ kind: 'unavailable', code: 'FAKE', message: 'no answer' });

describe('a batch of the coordinator', () => {
  it('takes new messages of all jobs at once, a turn each, and no row for it', async () => {
    const world = new World();
    world.put(A, 1, 2);
    world.put(B, 1);
    assert.ok(await world.work());
    assert.deepEqual(world.turns, ['a1+2', 'b1']);
    assert.deepEqual([world.left, await world.troubles()], [[], 0]);
  });

  it('keeps the other jobs from a job that kills turns', async () => {
    const world = new World();
    world.put(A, 1, 2, 3);
    world.put(B, 1);
    world.put(C, 1);
    world.effect = (jobId) => (jobId === A ? 'dies' : 'done');
    assert.ok(!(await world.work()), 'all in the batch are new');
    assert.ok(!(await world.work()));
    world.put(B, 2);
    for (let deaths = 0; deaths < 20 && world.failed.length === 0; deaths++) await world.work();
    // Who came later, and who died with it once, are done.
    assert.deepEqual(
      world.turns.filter((turn) => !turn.startsWith('a')),
      ['b1', 'c1', 'b1+2', 'c1'],
    );
    assert.ok(!world.left.some((name) => !name.startsWith('a')));
  });

  it('puts the message aside that processes die of, and goes on with the job', async () => {
    const world = new World();
    world.put(A, 1, 2, 3);
    world.effect = (_jobId, numbers) => (numbers.includes(2) ? 'dies' : 'done');
    let deaths = 0;
    while (world.queue.length > 0 && deaths < 20) deaths += (await world.work()) ? 0 : 1;
    assert.deepEqual(world.buried, ['a2 COORDINATOR_KILLED']);
    assert.deepEqual([world.turns.at(-1), world.failed], ['a3', []]);
    assert.equal(deaths, 2 + MAX_DEATHS, 'with the others, twice, and alone');
    assert.equal(await world.troubles(), 0);
  });

  it('forgets what it has put aside once the job has gone on', async () => {
    const world = new World();
    world.effect = (_jobId, numbers) =>
      numbers.includes(2) || numbers.includes(9) ? 'dies' : 'done';
    for (const number of [2, 9]) {
      world.put(A, number);
      for (let batches = 0; world.queue.length > 0 && batches < 20; batches++) await world.work();
      assert.equal(await world.troubles(), 0);
    }
    assert.deepEqual(world.buried, ['a2 COORDINATOR_KILLED', 'a9 COORDINATOR_KILLED']);
    assert.deepEqual([world.left, world.failed], [[], []]);
  });

  it('ends a job whose every message kills, loudly', async () => {
    const world = new World();
    world.put(A, 1, 2, 3);
    world.effect = () => 'dies';
    for (let batches = 0; batches < 30 && world.failed.length === 0; batches++) await world.work();
    assert.deepEqual(world.failed, ['a COORDINATOR_KILLED']);
    assert.deepEqual(world.buried.slice(0, 1), ['a1 COORDINATOR_KILLED']);
  });

  it('gives nothing up in an outage of a day, and waits a minute at most', async () => {
    const world = new World();
    world.put(A, 1);
    world.effect = () => unavailable;
    for (let batches = 0; batches < 1_440; batches++) assert.ok(await world.work());
    assert.deepEqual(world.hidden.slice(0, 8), [1, 2, 4, 8, 16, 32, 60, 60]);
    assert.deepEqual([world.left, world.buried, world.failed], [['a1'], [], []]);
    // What the alarm is of.
    assert.deepEqual([world.receives.length, world.receives.at(-1)], [1_439, 1_440]);
    world.effect = () => 'done';
    assert.ok(await world.work());
    assert.deepEqual([world.left, await world.troubles()], [[], 0]);
  });

  it('does not count deaths against a message that an outage keeps waiting', async () => {
    const world = new World();
    world.put(A, 1);
    for (const effect of ['dies', unavailable, 'dies', unavailable, unavailable] as const) {
      world.effect = () => effect;
      await world.work();
    }
    world.effect = () => 'done';
    assert.ok(await world.work());
    assert.deepEqual([world.left, world.buried, await world.troubles()], [[], [], 0]);
  });

  it('counts no death where messages that are done could not be deleted', async () => {
    const world = new World();
    world.put(A, 1, 2);
    world.effect = () => 'dies';
    for (let deaths = 0; deaths < 2; deaths++) assert.ok(!(await world.work()));
    world.refusesDeletes = true;
    let isUp = false;
    world.effect = (_jobId, numbers) => (numbers.includes(2) && !isUp ? unavailable : 'done');
    for (let batches = 0; batches < 10; batches++) assert.ok(await world.work());
    isUp = true;
    assert.ok(await world.work());
    assert.deepEqual([world.left, world.buried, await world.troubles()], [[], [], 0]);
    assert.ok(world.turns.filter((turn) => turn === 'a1').length === 1);
  });

  it('counts no death where only the rows that say so could not be written', async () => {
    const world = new World();
    world.put(A, 1);
    world.effect = () => 'dies';
    await world.work();
    world.losesRows = true;
    world.effect = () => unavailable;
    for (let batches = 0; batches < 10; batches++) assert.ok(await world.work());
    world.losesRows = false;
    world.effect = () => 'done';
    assert.ok(await world.work());
    assert.deepEqual([world.left, world.buried, await world.troubles()], [[], [], 0]);
  });

  it('does not try again what it has put aside when somebody dies of what follows', async () => {
    const world = new World();
    world.put(A, 1, 2);
    let chances = 1;
    world.effect = (_jobId, numbers) => {
      if (numbers.includes(1)) return 'dies';
      return numbers.includes(2) && chances-- > 0 ? 'dies' : 'done';
    };
    for (let batches = 0; world.queue.length > 0 && batches < 20; batches++) await world.work();
    assert.deepEqual([world.buried, world.failed], [['a1 COORDINATOR_KILLED'], []]);
    assert.deepEqual([world.left, world.turns.at(-2), await world.troubles()], [[], 'a2', 0]);
  });

  it('answers for the others when a turn does not end, and tries nothing more', async () => {
    const world = new World();
    world.put(A, 1);
    world.put(B, 1);
    world.effect = (jobId) => (jobId === A ? 'hangs' : 'done');
    assert.ok(await world.work());
    assert.deepEqual([world.left, world.codes, world.hidden], [['a1'], ['TURN_LATE'], []]);
    world.put(B, 2);
    world.put(C, 1);
    for (const waiting of world.queue) if (waiting.jobId === C) waiting.receives = 5;
    assert.ok(await world.work());
    assert.deepEqual(world.left, ['a1', 'c1']);
    assert.deepEqual(world.turns.slice(-2), ['b2', 'a1']);
    assert.deepEqual(world.buried, []);
  });
});
