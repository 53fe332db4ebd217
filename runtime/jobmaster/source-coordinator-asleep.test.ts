import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EnumeratorContext, Source } from '../connectors/index.ts';
import type { SourceEvent } from '../protocol/index.ts';
import { MemoryFileSystem } from '../testing/index.ts';
import type { SleepingSource } from './sleeping-job.ts';
import { SourceCoordinator } from './source-coordinator.ts';

/** Deals out splits to who asks, as long as there are some. */
interface Dealer {
  readonly left: readonly string[];
  readonly isComplete: boolean;
  /** Only while it sleeps. */
  readonly knows?: string;
}

interface Setup {
  readonly coordinator: SourceCoordinator;
  readonly sent: (readonly [number, SourceEvent])[];
  /** Another turn's, of what this one leaves. */
  readonly later: (change?: Partial<Dealer>) => Promise<Setup>;
}

async function setup(dealer: Dealer, asleep?: SleepingSource): Promise<Setup> {
  const sent: (readonly [number, SourceEvent])[] = [];
  const coordinator = new SourceCoordinator({
    source: dealing(dealer) as Source<unknown, unknown, unknown>,
    parallelism: 2,
    clock: { nowEpochMs: () => 0, monotonicMs: () => 0 },
    timers: { schedule: () => () => undefined },
    logger: { log: () => undefined },
    fileSystem: new MemoryFileSystem(),
    send: (subtaskIndex, event) => sent.push([subtaskIndex, event]),
    fail: (error) => assert.fail(error),
    ...(asleep === undefined ? {} : { asleep, restored: asleep.enumerator }),
  });
  await coordinator.start();
  const later = (change: Partial<Dealer> = {}): Promise<Setup> => {
    const left = { vertexId: 'v', operatorId: 'o', ...coordinator.sleep() };
    const enumerator = { ...(left.enumerator as Dealer), ...change };
    return setup(dealer, JSON.parse(JSON.stringify({ ...left, enumerator })) as SleepingSource);
  };
  return { coordinator, sent, later };
}

function dealing(initial: Dealer): Source<unknown, string, Dealer> {
  return {
    name: 'dealer',
    boundedness: 'BOUNDED',
    createEnumerator: (ctx: EnumeratorContext<string>, state = initial) => {
      let { left } = state;
      return {
        start: () => undefined,
        addReader: (subtaskIndex) => {
          if (left.length === 0 && state.isComplete) ctx.signalNoMoreSplits(subtaskIndex);
        },
        handleSplitRequest: (subtaskIndex) => {
          const [split, ...others] = left;
          left = others;
          if (split !== undefined) ctx.assignSplits(subtaskIndex, [split]);
          else if (state.isComplete) ctx.signalNoMoreSplits(subtaskIndex);
        },
        addSplitsBack: (splits) => {
          left = [...left, ...splits];
        },
        snapshotState: () => ({ isComplete: state.isComplete, left }),
        ...(state.knows === undefined ? {} : { sleepState: () => ({ ...state, left }) }),
        close: () => undefined,
      };
    },
    createReader: () => assert.fail('nothing is read'),
  };
}

const ASKS = { type: 'request-split' } as const;
const NO_MORE = { type: 'no-more-splits' } as const;

describe('SourceCoordinator asleep', () => {
  it('does not repeat what it has assigned or told', async () => {
    const { coordinator, later } = await setup({ left: ['s'], isComplete: true });
    coordinator.readerStarted(0);
    coordinator.handle(0, ASKS);
    coordinator.handle(0, ASKS);
    const next = await later();
    assert.deepEqual(next.sent, []);
    next.coordinator.handle(0, ASKS);
    assert.deepEqual(next.sent, []);
  });

  it('remembers who asks and got nothing', async () => {
    const { coordinator, later, sent } = await setup({ left: [], isComplete: false });
    coordinator.readerStarted(1);
    coordinator.handle(1, ASKS);
    assert.deepEqual(sent, []);
    const next = await later({ left: ['late'] });
    assert.deepEqual(next.sent, [[1, { type: 'add-splits', splits: ['late'] }]]);
    assert.deepEqual((await next.later()).sent, []);
  });

  it('tells a reader that none come, who did not ask and was not told', async () => {
    const { coordinator, later } = await setup({ left: [], isComplete: false });
    coordinator.readerStarted(0);
    const next = await later({ isComplete: true });
    assert.deepEqual(next.sent, [[0, NO_MORE]]);
    assert.deepEqual((await next.later()).sent, []);
  });

  it("keeps what its enumerator says for those who sleep, not a checkpoint's state", async () => {
    const { coordinator } = await setup({ left: ['s'], isComplete: true });
    const { coordinator: other } = await setup({ left: ['s'], isComplete: true, knows: 'readers' });
    assert.deepEqual(coordinator.sleep().enumerator, { left: ['s'], isComplete: true });
    const asleep = { left: ['s'], isComplete: true, knows: 'readers' };
    assert.deepEqual(other.sleep().enumerator, asleep);
    assert.deepEqual(other.snapshot(1), { left: ['s'], isComplete: true });
  });

  it('takes back, and tells anew, what a reader has lost that starts again', async () => {
    const { coordinator, later } = await setup({ left: ['a', 'b'], isComplete: true });
    coordinator.readerStarted(0);
    coordinator.handle(0, ASKS);
    coordinator.snapshot(1);
    coordinator.handle(0, ASKS);
    coordinator.handle(0, ASKS);
    const next = await later();
    next.coordinator.readerReset(0, 1);
    next.coordinator.readerStarted(0);
    next.coordinator.handle(0, ASKS);
    next.coordinator.handle(0, ASKS);
    assert.deepEqual(next.sent, [
      [0, { type: 'add-splits', splits: ['b'] }],
      [0, NO_MORE],
    ]);
  });
});
