import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isErrorWithCode, type RowWrite } from '../../checkpoint/index.ts';
import { isStreamError } from '../../core/index.ts';
import { MemoryRowStore } from '../memory/memory-row-store.ts';
import { AwsWorld } from './aws-world.conformance.ts';
import type { Fault } from './fake-aws.conformance.ts';

const SORT_KEYS = ['a', 'b', 'c'] as const;

const rowWrite: fc.Arbitrary<RowWrite> = fc
  .record({
    type: fc.constantFrom('put', 'put', 'put', 'delete', 'check'),
    sortKey: fc.constantFrom(...SORT_KEYS),
    value: fc.nat(9),
    expectedVersion: fc.option(fc.nat(2), { nil: undefined }),
  })
  .map(({ type, sortKey, value, expectedVersion }): RowWrite => {
    const key = { partitionKey: 'p', sortKey };
    const condition = expectedVersion === undefined ? {} : { expectedVersion };
    if (type === 'put') return { type, ...key, value, ...condition };
    if (type === 'delete') return { type, ...key, ...condition };
    return { type: 'check', ...key, expectedVersion: expectedVersion ?? 0 };
  });
const fault: fc.Arbitrary<Fault> = fc.constantFrom<Fault[]>(
  'none',
  'none',
  'none',
  'throttled',
  'lost-request',
  'lost-response',
  'late',
  'broken-before',
  'broken-after',
);
/** What is done, and what becomes of its attempts; then so many late requests arrive. */
const step = fc.record({
  steps: fc.uniqueArray(rowWrite, { minLength: 1, maxLength: 3, selector: (s) => s.sortKey }),
  faults: fc.array(fault, { maxLength: 4 }),
  arrivals: fc.constantFrom(0, 0, 0, 1, 5),
});

/** When each write had its effect, by its number. */
interface Effects {
  readonly at: Map<number, number[]>;
  clock: number;
}

describe('DynamoRowStore, random faults', () => {
  it('does once what it reports as done, and never what it reports as a conflict', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat(), async (history, seed) => {
        const world = new AwsWorld({}, seed);
        const { rows } = world;
        const current = new AsyncLocalStorage<number>();
        const effects: Effects = { at: new Map(), clock: 0 };
        world.dynamoDb.onApplied = recorder(effects, current);
        const ends = new Map<number, { readonly outcome: Outcome; readonly at: number }>();
        for (const [number, { steps, faults, arrivals }] of history.entries()) {
          const left = [...faults];
          world.aws.faultOf = () => left.shift() ?? 'none';
          const outcome = await current.run(number, () => outcomeOf(() => rows.write(steps)));
          ends.set(number, { outcome, at: effects.clock });
          world.aws.arrive(arrivals);
        }
        world.aws.arrive();
        for (const [number, { steps }] of history.entries()) {
          if (steps.every(({ type }) => type === 'check')) continue;
          const { outcome = 'unknown', at = 0 } = ends.get(number) ?? {};
          const times = effects.at.get(number) ?? [];
          const said = `${outcome} ${JSON.stringify(steps)}`;
          if (outcome === 'done') assert.equal(times.length, 1, said);
          if (outcome === 'done') assert.ok((times[0] ?? 0) <= at, `in time ${said}`);
          if (outcome === 'conflict') assert.equal(times.length, 0, said);
          assert.ok(times.length <= 1, said);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('answers as a table in memory does when calls are only throttled', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (history) => {
        const world = new AwsWorld();
        const model = new MemoryRowStore();
        for (const { steps, faults } of history) {
          const left = faults.map((): Fault => 'throttled');
          world.aws.faultOf = () => left.shift() ?? 'none';
          const outcome = await outcomeOf(() => world.rows.write(steps));
          assert.equal(outcome, await outcomeOf(() => model.write(steps)));
        }
        world.aws.faultOf = () => 'none';
        assert.deepEqual(await world.rows.query('p'), await model.query('p'));
      }),
      { numRuns: 100 },
    );
  });
});

type Outcome = 'done' | 'conflict' | 'unknown';

async function outcomeOf(write: () => Promise<void>): Promise<Outcome> {
  try {
    await write();
    return 'done';
  } catch (thrown) {
    if (isErrorWithCode(thrown, 'ROW_CONFLICT')) return 'conflict';
    assert.ok(isStreamError(thrown) && thrown.kind === 'unavailable', String(thrown));
    return 'unknown';
  }
}

function recorder(effects: Effects, current: AsyncLocalStorage<number>): () => void {
  // A late one happens in nobody's turn: it was bound to its own when it was sent.
  return () => {
    effects.clock += 1;
    const number = current.getStore() ?? -1;
    effects.at.set(number, [...(effects.at.get(number) ?? []), effects.clock]);
  };
}
