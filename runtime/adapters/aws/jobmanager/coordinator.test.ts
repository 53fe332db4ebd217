/** Goal: batches that repeat, fail and break. Method: the functions of a cluster in one process. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RowStore, RowWrite } from '../../../checkpoint/index.ts';
import { StreamError } from '../../../core/index.ts';
import type { CoordinatorMessage } from '../messages.ts';
import { ClusterWorld, JOB_ID } from './cluster-world.conformance.ts';
import type { QueueRecord } from './coordinator.ts';
import { MAX_FAULTS } from './job-messages.ts';

const TRIGGER = 'f'.repeat(32);

/** A job from its start to a checkpoint and its cancellation; `step` comes between its parts. */
async function live(world: ClusterWorld, step: () => unknown): Promise<void> {
  await world.submit('numbers');
  await world.plan();
  await step();
  await settled(world, world.next(0));
  await step();
  await settled(world, world.reportAll({ type: 'running' }));
  await step();
  await world.ask(`POST /jobs/${JOB_ID}/checkpoints`, { triggerId: TRIGGER });
  await settled(world, world.work());
  await step();
  await settled(world, world.send(...world.acksOf(world.triggered)));
  await step();
  await world.ask(`PATCH /jobs/${JOB_ID}`);
  await settled(world, world.work());
  await step();
  await settled(world, world.reportAll({ type: 'released' }));
  await step();
  await settled(world, world.next(1));
}

/** Until nothing has to come again. */
async function settled(world: ClusterWorld, work: Promise<unknown>): Promise<void> {
  await work;
  for (let tries = 0; world.messages.length > 0; tries++) {
    assert.ok(tries < 5, 'a message comes again for ever');
    await world.work();
  }
}

function named(messageId: string): Pick<QueueRecord, 'messageId' | 'receiptHandle'> {
  return { messageId, receiptHandle: `of ${messageId}` };
}

/** What slots and state machine were told, whatever was told twice. */
function outcome(world: ClusterWorld): unknown {
  const attempts = [...new Set(world.attempts.map(({ attempt }) => attempt))];
  // The first turn may have used a number up.
  const [first = 0] = attempts;
  const told = world.commands.map(({ to, command: { slotIndex, sequence, command } }) => {
    const attempt = Number(to.split('/')[1]) - first;
    return `${attempt} ${slotIndex} ${sequence} ${command.type}`;
  });
  const outputs = world.answered.map(({ output }) => {
    const step = output as { readonly action: string; readonly status?: string };
    return `${step.action} ${step.status ?? ''}`;
  });
  return {
    attempts: attempts.length,
    commands: [...new Set(told)].sort(),
    outputs: [...new Set(outputs)],
  };
}

async function undisturbed(): Promise<unknown> {
  const world = new ClusterWorld();
  await live(world, () => {});
  return outcome(world);
}

/** Refuses one write of a turn, before or after it happens. */
function refusing(rows: RowStore, at: number, happens: boolean): RowStore {
  let writes = 0;
  return {
    get: (partitionKey, sortKey) => rows.get(partitionKey, sortKey),
    query: (partitionKey, query) => rows.query(partitionKey, query),
    write: async (steps: readonly RowWrite[]) => {
      const isTurn = steps.some(({ sortKey }) => sortKey === 'turn');
      writes += isTurn ? 1 : 0;
      const isRefused = isTurn && writes === at;
      if (!isRefused || happens) await rows.write(steps);
      if (!isRefused) return;
      throw new StreamError({ kind: 'unavailable', code: 'FAKE', message: 'no answer' });
    },
  };
}

describe('the coordinator', () => {
  it('hears every message twice, in the same process or another, and does the same', async () => {
    for (const isCold of [false, true]) {
      const world = new ClusterWorld();
      const { deliver } = world;
      world.deliver = async (messages) => {
        await deliver.call(world, messages);
        if (isCold) world.coldStart();
        return await deliver.call(world, messages);
      };
      await live(world, () => {});
      assert.deepEqual(outcome(world), await undisturbed(), `cold=${isCold}`);
    }
  });

  it('goes on in another process between any two batches', async () => {
    const world = new ClusterWorld();
    await live(world, () => world.coldStart());
    assert.deepEqual(outcome(world), await undisturbed());
  });

  it('takes turns with another process, each fencing the other', async () => {
    const world = new ClusterWorld();
    const processes = [world.coordinator, world.coldStart()];
    await live(world, () => {
      processes.reverse();
      world.coordinator = processes[0] ?? world.coordinator;
    });
    assert.deepEqual(outcome(world), await undisturbed());
  });

  it('sends what it has decided when it dies between the write and any of its words', async () => {
    for (const kind of ['attempt', 'command', 'next']) {
      for (const isCold of [false, true]) {
        const world = new ClusterWorld();
        await live(world, () => {
          world.failing = kind;
          if (isCold) world.coldStart();
        });
        assert.deepEqual(outcome(world), await undisturbed(), `${kind} cold=${isCold}`);
        assert.ok(world.logs.some(({ message }) => message.includes('taken again')));
      }
    }
  });

  it('takes a turn again whose write fails, before it happens or after', async () => {
    const expected = await undisturbed();
    for (const happens of [false, true]) {
      for (let at = 1; at <= 9; at++) {
        const world = new ClusterWorld();
        world.coldStart(refusing(world.rows, at, happens));
        await live(world, () => {});
        assert.deepEqual(outcome(world), expected, `write ${at} happens=${happens}`);
      }
    }
  });

  it('keeps large records as objects, few at a time, and none for ever', async () => {
    const world = new ClusterWorld({ objectAboveBytes: 500 });
    await live(world, () => world.coldStart());
    assert.deepEqual(outcome(world), await undisturbed());
    const turns = () => world.blobs.locations.filter((l) => l.includes('/turns/')).length;
    assert.ok(turns() <= 3, "the row's, and what it has superseded");
    await world.settle({ type: 'ended', jobId: JOB_ID });
    assert.ok(turns() <= 1);
    await world.next(2);
    assert.deepEqual(world.answered.at(-1)?.output, {
      ...{ action: 'END', jobId: JOB_ID, status: 'CANCELED' },
    });
  });

  it('puts aside what it cannot take, says why, and goes on with the job', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const of = (body: string, index: number): QueueRecord => ({
      ...{ ...named(String(index)), body, group: JOB_ID, receives: 1 },
    });
    const unknown = {
      type: 'next',
      jobId: 'c'.repeat(32),
      taskToken: 't',
      execution: 'e',
      rounds: 0,
    };
    const bodies = [
      'no json',
      '[]',
      JSON.stringify({ jobId: 'x', type: 'tick' }),
      JSON.stringify({ jobId: JOB_ID, type: 'dance' }),
      JSON.stringify({ jobId: JOB_ID, type: 'reports', attempt: 0 }),
      JSON.stringify({ jobId: JOB_ID, type: 'request', requestId: '1', request: { type: 'fly' } }),
      JSON.stringify(unknown),
      JSON.stringify({
        jobId: JOB_ID,
        type: 'request',
        requestId: 'c',
        request: { type: 'cancel' },
      }),
    ];
    assert.deepEqual(await world.coordinator.handle(bodies.map(of)), []);
    assert.deepEqual(
      world.buried.map(({ reason }) => reason.split(':')[0]),
      [...Array(6).fill('MESSAGE_MALFORMED'), 'JOB_NOT_FOUND'],
    );
    assert.deepEqual(world.answered.at(-1), { token: 't', error: 'JOB_NOT_FOUND' });
    assert.equal((await world.view()).status, 'CANCELLING');
    assert.equal(world.metrics.PoisonMessages, 7);
  });

  it('takes what came before poison that cannot be put aside, and nothing behind it', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const request = { type: 'cancel' } as const;
    const cancel = JSON.stringify({ type: 'request', jobId: JOB_ID, requestId: 'r', request });
    const records = [cancel, 'poison', cancel].map((body, index): QueueRecord => {
      return { ...named(String(index)), body, group: JOB_ID, receives: 1 };
    });
    world.isDeadLetterQueueDown = true;
    assert.deepEqual(await world.coordinator.handle(records), ['1', '2']);
    assert.equal((await world.view()).status, 'CANCELLING');
  });

  it('finds the message that breaks a turn among those that do not', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const broken = world.reportsOf(0, { type: 'metrics' } as never);
    const request = { type: 'cancel' } as const;
    const cancel: CoordinatorMessage = { type: 'request', jobId: JOB_ID, requestId: 'r', request };
    assert.deepEqual(await world.send(broken, cancel), []);
    assert.deepEqual(
      world.buried.map(({ body }) => body),
      [JSON.stringify(broken)],
    );
    assert.equal((await world.view()).status, 'CANCELLING');
  });

  it('lets a job fail that is not planned, and ends it', async () => {
    const world = new ClusterWorld();
    await world.submit('no module');
    const thrown = await world.plan().catch((error: unknown) => error);
    const request = { type: 'not-planned', jobId: JOB_ID, error: world.caught(thrown) } as const;
    await world.settle(request);
    await world.work();
    const view = await world.view();
    assert.deepEqual(
      [view.status, view.error?.code, view.error?.kind],
      ['FAILED', 'BUNDLE_NOT_A_MODULE', 'invalid'],
    );
    assert.equal((await world.next(0))?.action, 'END');
  });

  it('lets a job fail that cannot begin', async () => {
    const world = new ClusterWorld();
    await world.submit('numbers', { savepointPath: 's3://bucket/savepoints/none' });
    assert.deepEqual(await world.next(0), { action: 'END', jobId: JOB_ID, status: 'FAILED' });
    assert.equal((await world.view()).error?.code, 'RESTORE_PATH_NOT_FOUND');
  });

  it('ends a job whose program builds another graph than it did, and its slots', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    world.modules.numbers = (env) => {
      env.fromSequence(1, 2).print();
    };
    world.coldStart();
    assert.deepEqual(await world.send(world.reportsOf(0, { type: 'checkpoint-wanted' })), []);
    const { status, error, exceptions } = await world.view();
    assert.deepEqual([status, error?.code], ['FAILED', 'GRAPH_HASH_MISMATCH']);
    assert.equal(exceptions.entries[0]?.error.code, 'GRAPH_HASH_MISMATCH');
    assert.deepEqual(
      world.told('cancel').map(({ slotIndex }) => slotIndex),
      [0, 1],
    );
    assert.deepEqual(await world.next(1), { action: 'END', jobId: JOB_ID, status: 'FAILED' });
    assert.equal(world.metrics.JobFailed, 1);
    assert.deepEqual(world.buried, []);
  });

  it('runs nothing of a program that was written over, and ends its job', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    let runs = 0;
    world.modules.other = () => {
      runs += 1;
    };
    const [location = ''] = world.blobs.locations.filter((l) => l.endsWith('/bundle.mjs'));
    await world.blobs.delete(location);
    await world.blobs.put(location, Buffer.from('other'));
    world.coldStart();
    assert.deepEqual(await world.send(world.reportsOf(0, { type: 'checkpoint-wanted' })), []);
    const { status, error, exceptions } = await world.view();
    assert.deepEqual([status, error?.code, runs], ['FAILED', 'PROGRAM_CHANGED', 0]);
    assert.equal(exceptions.entries[0]?.error.code, 'PROGRAM_CHANGED');
  });

  it('ends a job that cannot be woken before its messages are given up', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const works = world.modules.numbers;
    world.modules.numbers = () => {
      throw new TypeError('no such secret');
    };
    world.coldStart();
    const messages = [world.reportsOf(0, { type: 'checkpoint-wanted' })];
    // It may pass.
    assert.deepEqual(await world.deliver(messages, 1), ['0']);
    assert.deepEqual(await world.deliver(messages, 2), ['0']);
    assert.equal((await world.view()).status, 'RUNNING');
    assert.deepEqual(await world.deliver(messages, MAX_FAULTS), []);
    const { status, error } = await world.view();
    assert.equal(status, 'FAILED');
    assert.match(error?.message ?? '', /no such secret/);
    assert.ok(world.logs.some(({ level, message }) => level === 'error' && /ended/.test(message)));
    assert.deepEqual([world.told('cancel').length, world.buried], [2, []]);
    if (works !== undefined) world.modules.numbers = works;
    assert.equal((await world.next(1))?.action, 'END');
  });

  it('goes on when what user code threw has passed', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const works = world.modules.numbers;
    world.modules.numbers = () => {
      throw new TypeError('no such secret');
    };
    world.coldStart();
    const messages = [world.reportsOf(0, { type: 'checkpoint-wanted' })];
    assert.deepEqual(await world.deliver(messages, 1), ['0']);
    assert.deepEqual(await world.deliver(messages, 2), ['0']);
    if (works !== undefined) world.modules.numbers = works;
    assert.deepEqual(await world.deliver(messages, MAX_FAULTS), []);
    assert.equal((await world.view()).status, 'RUNNING');
    assert.equal(world.told('trigger-checkpoint').length, 2);
  });

  it('ends a job whose record is lost, and says so', async () => {
    const world = new ClusterWorld({ objectAboveBytes: 500 });
    await world.startJob();
    world.coldStart();
    for (const location of world.blobs.locations.filter((l) => l.includes('/turns/'))) {
      await world.blobs.delete(location);
    }
    const messages = [world.reportsOf(0, { type: 'checkpoint-wanted' })];
    assert.deepEqual(await world.deliver(messages, 1), ['0']);
    assert.deepEqual(await world.deliver(messages, 2), ['0']);
    assert.deepEqual(await world.deliver(messages, MAX_FAULTS), []);
    const { status, error } = await world.view();
    assert.deepEqual([status, error?.code], ['FAILED', 'TURN_CORRUPT']);
    assert.equal((await world.next(1))?.action, 'END');
  });

  it('passes ticks on when they are due, and lets others wait', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const tickAt = async (atEpochMs: number): Promise<void> => {
      const body = JSON.stringify({ type: 'tick', jobId: JOB_ID, atEpochMs });
      await world.ticker.handle([{ ...named('t'), body, group: '', receives: 1 }]);
    };
    await tickAt(world.nowEpochMs + 3_600_000);
    assert.equal(world.ticks.at(-1)?.delayS, 900);
    await tickAt(world.nowEpochMs + 1);
    assert.equal(world.ticks.at(-1)?.delayS, 1);
    await tickAt(world.nowEpochMs);
    assert.equal(world.messages.at(-1)?.type, 'tick');
  });

  it('asks for another tick when one comes too early', async () => {
    const world = new ClusterWorld();
    await world.startJob({ flinkConfiguration: { 'execution.checkpointing.interval': '1 min' } });
    const tick = world.ticks.at(-1)?.message;
    assert.equal(tick?.type, 'tick');
    if (tick === undefined) return;
    const before = world.ticks.length;
    world.nowEpochMs += 59_000;
    await world.send(tick);
    assert.equal(world.ticks.length, before + 1);
    world.nowEpochMs += 1_000;
    await world.send(tick);
    assert.equal(world.triggered, 1);
  });

  it('passes on the tick that follows one that came too early', async () => {
    const world = new ClusterWorld();
    await world.startJob({ flinkConfiguration: { 'execution.checkpointing.interval': '1 min' } });
    const pass = async (messageId: string): Promise<void> => {
      const body = JSON.stringify(world.ticks.at(-1)?.message);
      await world.ticker.handle([{ ...named(messageId), body, group: '', receives: 1 }]);
    };
    const passedOn = () => world.messages.filter(({ type }) => type === 'tick');
    world.nowEpochMs += 60_000;
    await pass('first');
    const [first] = passedOn();
    assert.ok(first !== undefined);
    world.nowEpochMs -= 20;
    await world.send(first);
    assert.deepEqual([world.ticks.at(-1)?.message, world.triggered], [first, 0]);
    world.nowEpochMs += 20;
    await pass('second');
    // It comes twice, as from a standard queue.
    await pass('second');
    assert.deepEqual(passedOn(), [first]);
    await world.send(first);
    assert.equal(world.triggered, 1);
  });
});
