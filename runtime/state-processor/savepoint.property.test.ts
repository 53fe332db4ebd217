/** Goal: what is written is read. Method: random keyed entries, through jobs of any parallelism. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { KeyValue } from '../api/index.ts';
import { verifySavepoint } from '../checkpoint/index.ts';
import { encodeKey } from '../core/index.ts';
import type { Collector, RuntimeContext } from '../operators/index.ts';
import {
  type KeyedStateStore,
  ListStateDescriptor,
  MapStateDescriptor,
  ValueStateDescriptor,
} from '../state/index.ts';
import type { KeyedStateBootstrapContext } from './bootstrap-functions.ts';
import { lastOfPiece } from './key-group-pieces.ts';
import { OperatorTransformation } from './operator-transformation.ts';
import { ProcessorWorld } from './processor-world.conformance.ts';
import type { KeyedStateReaderFunctionContext, StateReaderContext } from './reader-functions.ts';
import { SavepointReader } from './savepoint-reader.ts';
import { SavepointWriter } from './savepoint-writer.ts';

interface Entry {
  readonly key: KeyValue;
  readonly value: unknown;
  readonly items: readonly number[];
  readonly map: readonly (readonly [string, number])[];
  readonly timers: readonly number[];
}

const key = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.boolean(),
  fc.tuple(fc.integer(), fc.string({ maxLength: 3 })),
);
const value = fc.oneof(
  fc.double({ noNaN: true }).map((number) => number + 0),
  fc.string({ unit: 'grapheme' }),
  fc.constant(null),
  fc.record({ a: fc.integer(), b: fc.option(fc.string(), { nil: undefined }) }),
);
const entry = fc.record({
  key,
  value,
  items: fc.array(fc.integer(), { maxLength: 4 }),
  map: fc.uniqueArray(fc.tuple(fc.string({ maxLength: 3 }), fc.integer()), {
    selector: ([name]) => name,
    maxLength: 4,
  }),
  timers: fc.uniqueArray(fc.nat(1000), { maxLength: 3 }),
});
const entries = fc.uniqueArray(entry, {
  selector: ({ key: one }) => encodeKey(one),
  maxLength: 40,
});

const statesOf = (ctx: KeyedStateStore) => ({
  value: ctx.getState(new ValueStateDescriptor<{ readonly held: unknown }>('value')),
  items: ctx.getListState(new ListStateDescriptor<number>('items')),
  map: ctx.getMapState(new MapStateDescriptor<string, number>('map')),
});

class Write {
  #states: ReturnType<typeof statesOf> | undefined;

  open(ctx: RuntimeContext): void {
    this.#states = statesOf(ctx);
  }

  processElement(one: Entry, ctx: KeyedStateBootstrapContext<unknown>): void {
    this.#states?.value.update({ held: one.value });
    if (one.items.length > 0) this.#states?.items.update(one.items);
    this.#states?.map.putAll(one.map);
    for (const timer of one.timers) ctx.timerService.registerEventTimeTimer(timer);
  }
}

class Read {
  #states: ReturnType<typeof statesOf> | undefined;

  open(ctx: StateReaderContext): void {
    this.#states = statesOf(ctx);
  }

  readKey(one: unknown, ctx: KeyedStateReaderFunctionContext, out: Collector<Entry>): void {
    const { value: held, items, map } = this.#states as ReturnType<typeof statesOf>;
    out.collect({
      key: one as KeyValue,
      value: held.value()?.held,
      items: [...(items.get() ?? [])],
      map: [...map.entries()],
      timers: [...ctx.registeredEventTimeTimers()],
    });
  }
}

const textOf = ({ key: one, value: held, items, map, timers }: Entry): string =>
  JSON.stringify([
    ...[String(encodeKey(one)), typeof one, held, items],
    ...[[...map].sort(), [...timers].sort((a, b) => a - b)],
  ]);

describe('a savepoint of random entries', () => {
  it('is read as it was written, whatever the parallelism on its way', async () => {
    const parallelism = fc.integer({ min: 1, max: 5 });
    const counts = fc.tuple(
      parallelism,
      parallelism,
      parallelism,
      fc.integer({ min: 5, max: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(entries, counts, async (all, [writers, copiers, readers, groups]) => {
        const world = new ProcessorWorld();
        await world.run((env) => {
          const state = OperatorTransformation.bootstrapWith(env.fromData(all))
            .keyBy((one) => one.key)
            .transform(new Write());
          SavepointWriter.newSavepoint(env, groups).withOperator('first', state).write('/first');
        }, writers);
        // Through a second one, whose keys are dealt into other key groups on their way.
        await world.run((env) => {
          const read = SavepointReader.read(env, '/first').readKeyedState('first', new Read());
          SavepointWriter.fromExistingSavepoint(env, '/first')
            .changeOperatorIdentifier('first', 'old')
            .withOperator(
              'copy',
              OperatorTransformation.bootstrapWith(read)
                .keyBy((one) => one.key)
                .transform(new Write()),
            )
            .write('/second');
        }, copiers);
        const { manifest } = await verifySavepoint(world.blobs, '/second');
        assert.ok(manifest.vertices.every(({ maxParallelism }) => maxParallelism === groups));
        const expected = all.map(textOf).sort();
        for (const uid of ['old', 'copy']) {
          const texts: string[] = [];
          await world.run((env) => {
            SavepointReader.read(env, '/second')
              .readKeyedState(uid, new Read())
              .map((one) => texts.push(textOf(one)))
              .print();
          }, readers);
          assert.deepEqual(texts.sort(), expected);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('is read a piece at a time when it is large', async () => {
    const world = new ProcessorWorld();
    const large = Array.from({ length: 16_000 }, (_, index) => ({
      ...{ key: index, value: `${index} `.repeat(150), items: [], map: [], timers: [index] },
    }));
    await world.run((env) => {
      const state = OperatorTransformation.bootstrapWith(env.fromData(large))
        .keyBy((one) => one.key)
        .transform(new Write());
      SavepointWriter.newSavepoint(env, 32).withOperator('large', state).write('/large');
    }, 2);
    const { manifest } = await verifySavepoint(world.blobs, '/large');
    const shares = manifest.vertices.flatMap(({ subtasks }) => subtasks.map((s) => s.operators[0]));
    const chunks = shares.flatMap((share) => share?.keyedSegments.flatMap((s) => s.chunks) ?? []);
    assert.ok(lastOfPiece(chunks, 0, 31) < 20, `${chunks.length}`);
    for (const parallelism of [1, 3]) {
      const read: Entry[] = [];
      await world.run((env) => {
        SavepointReader.read(env, '/large')
          .readKeyedState('large', new Read())
          .map((one) => read.push(one))
          .print();
      }, parallelism);
      assert.deepEqual(read.map(textOf).sort(), large.map(textOf).sort());
    }
  });
});
