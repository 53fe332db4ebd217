import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ListState, ListStateDescriptor, MapStateDescriptor } from '../state/index.ts';
import { OperatorHarness, restoreAt } from '../testing/index.ts';
import {
  coFlatMapOperator,
  coMapOperator,
  coProcessOperator,
  filterOperator,
  flatMapOperator,
  lifeCycleOf,
  type MapFunction,
  mapOperator,
  processOperator,
  type RichFunction,
  reduceOperator,
} from './index.ts';

/** Numbers the records of its subtask; the count is operator state. */
class Numbering implements MapFunction<string, string> {
  readonly seen: unknown[] = [];
  #count: ListState<number> | undefined;
  #next = 0;

  initializeState: NonNullable<RichFunction['initializeState']> = (ctx) => {
    this.#count = ctx.operatorState.getListState(new ListStateDescriptor<number>('count'));
    for (const count of this.#count.get()) this.#next += count;
    this.seen.push(['initialize', ctx.isRestored, ctx.restoredCheckpointId]);
  };

  open(): void {
    this.seen.push(['open', this.#next]);
  }

  map(value: string): string {
    this.#next += 1;
    return `${this.#next} ${value}`;
  }

  snapshotState: NonNullable<RichFunction['snapshotState']> = ({ checkpointId }) => {
    this.seen.push(['snapshot', checkpointId]);
    this.#count?.update([this.#next]);
  };
}

const named = { operatorName: 'Number', subtaskIndex: 1, parallelism: 4 };

describe('a checkpointed function', () => {
  it('initializes before open and finds its state again', async () => {
    const first = new Numbering();
    const harness = await OperatorHarness.oneInput(mapOperator(first)).open();
    for (const text of ['a', 'b']) harness.operator.processElement(text, 0, -1);
    const snapshot = await harness.snapshot();
    harness.operator.processElement('lost', 0, -1);
    const expected = [
      ['initialize', false, undefined],
      ['open', 0],
      ['snapshot', 1],
    ];
    assert.deepEqual(first.seen, expected);

    const second = new Numbering();
    const options = { restore: snapshot };
    const restored = await OperatorHarness.oneInput(mapOperator(second), options).open();
    restored.operator.processElement('c', 0, -1);
    assert.deepEqual(restored.values(), ['3 c']);
    assert.deepEqual(second.seen, [
      ['initialize', true, 1],
      ['open', 2],
    ]);
  });

  it('has the items of its list dealt out when the parallelism changes', async () => {
    const snapshots = [];
    for (let subtaskIndex = 0; subtaskIndex < 3; subtaskIndex++) {
      const options = { subtaskIndex, parallelism: 3 };
      const harness = await OperatorHarness.oneInput(mapOperator(new Numbering()), options).open();
      for (let n = 0; n <= subtaskIndex; n++) harness.operator.processElement('x', 0, -1);
      snapshots.push(await harness.snapshot());
    }
    const counts: number[] = [];
    for (const subtaskIndex of [0, 1]) {
      const options = restoreAt(snapshots, subtaskIndex, 2);
      const harness = await OperatorHarness.oneInput(mapOperator(new Numbering()), options).open();
      harness.operator.processElement('y', 0, -1);
      counts.push(Number.parseInt(harness.values()[0] ?? '', 10) - 1);
    }
    assert.deepEqual(counts, [1 + 3, 2]);
  });

  it('sees union lists whole and broadcast states alike in every subtask', async () => {
    const seen: unknown[] = [];
    const fn = (name: string): MapFunction<string, string> => ({
      map: (value) => value,
      initializeState: ({ operatorState }) => {
        const union = operatorState.getUnionListState(new ListStateDescriptor<string>('union'));
        const rules = operatorState.getBroadcastState(
          new MapStateDescriptor<string, number>('rules'),
        );
        seen.push([[...union.get()], [...rules.entries()]]);
        union.update([name]);
        rules.put('limit', 3);
      },
    });
    const snapshots = [];
    for (const [subtaskIndex, name] of ['a', 'b'].entries()) {
      const options = { subtaskIndex, parallelism: 2 };
      const harness = await OperatorHarness.oneInput(mapOperator(fn(name)), options).open();
      snapshots.push(await harness.snapshot());
    }
    seen.length = 0;
    for (const subtaskIndex of [0, 1, 2]) {
      await OperatorHarness.oneInput(
        mapOperator(fn('c')),
        restoreAt(snapshots, subtaskIndex, 3),
      ).open();
    }
    const all = [['a', 'b'], [['limit', 3]]];
    assert.deepEqual(seen, [all, all, all]);
  });

  it('is named when its methods throw', async () => {
    const broken = (method: string) => ({
      map: (n: number) => n,
      [method]: () => {
        throw new Error('disk gone');
      },
    });
    const harnessOf = (method: string) =>
      OperatorHarness.oneInput(mapOperator<number, number>(broken(method)), named);
    const failure = (method: string) => ({
      kind: 'user',
      code: 'USER_FUNCTION_FAILED',
      message: `${method} of map function failed in operator "Number" (subtask 2/4): disk gone`,
      details: { operator: 'Number', subtask: 1 },
    });
    await assert.rejects(harnessOf('initializeState').open(), failure('initializeState'));
    const snapshot = await harnessOf('snapshotState').open();
    await assert.rejects(snapshot.snapshot(), failure('snapshotState'));
    const complete = 'notifyCheckpointComplete';
    const completing = await harnessOf(complete).open();
    assert.throws(() => completing.operator.notifyCheckpointComplete?.(1), failure(complete));
    const aborted = 'notifyCheckpointAborted';
    const aborting = await harnessOf(aborted).open();
    assert.throws(() => aborting.operator.notifyCheckpointAborted?.(1), failure(aborted));
  });

  it('must not make the cut wait', async () => {
    const fn = {
      map: (n: number) => n,
      snapshotState: () => Promise.reject(new Error('late')),
    };
    const harness = await OperatorHarness.oneInput(
      mapOperator<number, number>(fn as unknown as MapFunction<number, number>),
      named,
    ).open();
    await assert.rejects(harness.snapshot(), {
      kind: 'user',
      code: 'ASYNC_SNAPSHOT',
      message: /map function in operator "Number" \(subtask 2\/4\) has a snapshotState/,
    });
  });

  it('may wait in initializeState and in notifyCheckpointComplete', async () => {
    const seen: string[] = [];
    const fn: MapFunction<number, number> = {
      map: (n) => n,
      initializeState: async () => {
        await Promise.resolve();
        seen.push('initialized');
      },
      open: () => {
        seen.push('opened');
      },
      notifyCheckpointComplete: async (id) => {
        await Promise.resolve();
        seen.push(`complete ${id}`);
      },
    };
    const harness = await OperatorHarness.oneInput(mapOperator(fn)).open();
    await harness.operator.notifyCheckpointComplete?.(7);
    assert.deepEqual(seen, ['initialized', 'opened', 'complete 7']);
  });
});

describe('every operator with a function', () => {
  const calls: string[] = [];
  const hooks = (operator: string): RichFunction => ({
    initializeState: () => void calls.push(`${operator} initialize`),
    snapshotState: ({ checkpointId }) => void calls.push(`${operator} snapshot ${checkpointId}`),
    notifyCheckpointComplete: (id) => void calls.push(`${operator} complete ${id}`),
    notifyCheckpointAborted: (id) => void calls.push(`${operator} aborted ${id}`),
  });
  const key = (): string => 'k';
  const nothing = (): void => {};
  const one = (n: number): number => n;
  const harnesses = {
    map: OperatorHarness.oneInput(mapOperator({ map: one, ...hooks('map') })),
    filter: OperatorHarness.oneInput(
      filterOperator<number>({ filter: () => true, ...hooks('filter') }),
    ),
    flatMap: OperatorHarness.oneInput(
      flatMapOperator<number, number>({ flatMap: nothing, ...hooks('flatMap') }),
    ),
    process: OperatorHarness.oneInput(
      processOperator<number, number>({ processElement: nothing, ...hooks('process') }),
    ),
    reduce: OperatorHarness.oneInput(
      reduceOperator<number>({ reduce: one, ...lifeCycleOf(hooks('reduce')) }, key),
    ),
    coMap: OperatorHarness.twoInput(
      coMapOperator<number, number, number>({ map1: one, map2: one, ...hooks('coMap') }),
    ),
    coFlatMap: OperatorHarness.twoInput(
      coFlatMapOperator<number, number, number>({
        flatMap1: nothing,
        flatMap2: nothing,
        ...hooks('coFlatMap'),
      }),
    ),
    coProcess: OperatorHarness.twoInput(
      coProcessOperator<number, number, number>({
        processElement1: nothing,
        processElement2: nothing,
        ...hooks('coProcess'),
      }),
    ),
  };

  for (const [operator, harness] of Object.entries(harnesses)) {
    it(`passes checkpoints on to its function: ${operator}`, async () => {
      calls.length = 0;
      await harness.open();
      await harness.snapshot();
      await harness.operator.notifyCheckpointComplete?.(1);
      harness.operator.notifyCheckpointAborted?.(2);
      const expected = ['initialize', 'snapshot 1', 'complete 1', 'aborted 2'];
      assert.deepEqual(
        calls,
        expected.map((call) => `${operator} ${call}`),
      );
    });
  }
});
