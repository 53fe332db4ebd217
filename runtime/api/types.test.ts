/**
 * What the compiler accepts and refuses. `tsc` does the checking: a line under `@ts-expect-error`
 * that compiles is an error. Running the file only proves that the accepted programs build.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sink } from '../connectors/index.ts';
import { type Collector, type KeyedProcessContext, OutputTag } from '../operators/index.ts';
import type { AggregateFunction } from '../state/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { type TimeWindow, TumblingEventTimeWindows } from '../windowing/index.ts';
import type { DataStream } from './data-stream.ts';
import { StreamExecutionEnvironment } from './environment.ts';
import { type TypeOf, Types } from './types.ts';

interface Order {
  readonly id: number;
  readonly shop: string;
  readonly price: number;
  readonly note?: string;
  readonly placed: Date;
  readonly check: () => boolean;
}

type Same<A, B> =
  (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
const same = <A, B>(_yes: Same<A, B>): void => {};

const env = new StreamExecutionEnvironment();
const order = { id: 1, shop: 'a', price: 2, placed: new Date(0), check: () => true };
const orders: DataStream<Order> = env.fromData<Order>(order);
const texts = env.fromData('a');
const minutes = TumblingEventTimeWindows.of(60_000);

/** Accepted by nobody; never called. */
const refused = (..._programs: readonly (() => unknown)[]): void => {};

describe('types of streams', () => {
  it('infers results end to end', () => {
    const words = env.fromData('to be', 'or not').flatMap((line) => line.split(' '));
    same<typeof words extends DataStream<infer T> ? T : never, string>(true);
    const counts = words.map((word) => ({ word, count: 1 })).keyBy('word');
    const sums = counts.sum('count');
    same<typeof sums extends DataStream<infer T> ? T : never, { word: string; count: number }>(
      true,
    );
    const big = orders.filter((o): o is Order & { note: string } => o.note !== undefined);
    same<typeof big extends DataStream<infer T> ? T : never, Order & { note: string }>(true);
    const numbers = env.fromData([1, 2, 3]);
    same<typeof numbers extends DataStream<infer T> ? T : never, number>(true);
    assert.ok(env.getStreamGraph().nodes.length > 0);
  });

  it('speaks of the fields when a key is mistyped', () => {
    // `Parameters` takes the last overload, as the compiler's message does.
    type Key = Parameters<DataStream<{ user: string; amount: number }>['keyBy']>[0];
    same<Key, 'user' | 'amount'>(true);
    type ByField = Parameters<DataStream<{ user: string; amount: number }>['partitionCustom']>[1];
    same<ByField, 'user' | 'amount'>(true);
    assert.ok(orders.keyBy('shop') !== undefined);
  });

  it('knows the key of process functions', () => {
    const lengths = orders
      .keyBy((o) => o.shop)
      .process((o: Order, ctx: KeyedProcessContext<string>, out: Collector<number>) => {
        out.collect(o.price + ctx.getCurrentKey().length);
      });
    same<typeof lengths extends DataStream<infer T> ? T : never, number>(true);
  });

  it('accepts compound keys', () => {
    orders.keyBy((o) => [o.shop, o.id]);
    orders.keyBy((o) => ({ shop: o.shop, day: o.placed }));
  });

  it('refuses keys that are no keys', () => {
    refused(
      // @ts-expect-error no such field
      () => orders.keyBy('shopp'),
      // @ts-expect-error the field may be missing
      () => orders.keyBy('note'),
      // @ts-expect-error a function is no key
      () => orders.keyBy('check'),
      // @ts-expect-error may be undefined
      () => orders.keyBy((o) => o.note),
      // @ts-expect-error nothing is returned
      () => orders.keyBy((o) => void o.shop),
      // @ts-expect-error a function is no key
      () => orders.keyBy((o) => o.check),
      // @ts-expect-error a promise is no key
      () => orders.keyBy(async (o) => o.shop),
      // @ts-expect-error no such field
      () => orders.keyBy((o) => o.shopp),
      // @ts-expect-error keys of different types
      () => orders.connect(orders).keyBy('shop', 'price'),
      // @ts-expect-error keys of different types
      () => orders.keyBy('shop').connect(orders.keyBy('price')),
    );
  });

  it('refuses fields that do not fit the aggregation', () => {
    const byShop = orders.keyBy('shop');
    byShop.maxBy('placed');
    refused(
      // @ts-expect-error a text has no sum
      () => byShop.sum('shop'),
      // @ts-expect-error no such field
      () => byShop.minBy('prize'),
      // @ts-expect-error a function has no order
      () => byShop.max('check'),
      // @ts-expect-error a text has no sum
      () => byShop.window(minutes).sum('shop'),
      // @ts-expect-error no such field
      () => orders.windowAll(minutes).maxBy('prize'),
    );
  });

  it('types side outputs by their tag', () => {
    const tag = new OutputTag<string>('notes');
    const side = orders
      .process((o: Order, ctx, out: Collector<number>) => {
        ctx.output(tag, o.shop);
        out.collect(o.price);
      })
      .getSideOutput(tag);
    same<typeof side extends DataStream<infer T> ? T : never, string>(true);
    refused(
      // @ts-expect-error the tag carries texts
      () => orders.process((o: Order, ctx) => ctx.output(tag, o.price)),
      // @ts-expect-error late orders are no texts
      () => orders.keyBy('shop').window(minutes).sideOutputLateData(tag),
    );
  });

  it('checks accumulators and window functions', () => {
    const average: AggregateFunction<Order, { sum: number; count: number }, number> = {
      createAccumulator: () => ({ sum: 0, count: 0 }),
      add: (o, acc) => ({ sum: acc.sum + o.price, count: acc.count + 1 }),
      getResult: (acc) => acc.sum / acc.count,
      merge: (a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
    };
    const windows = orders.keyBy('shop').window(minutes);
    const averages = windows.aggregate(average);
    same<typeof averages extends DataStream<infer T> ? T : never, number>(true);
    const rows = windows.aggregate(average, (key, ctx, values, out: Collector<string>) => {
      same<typeof key, string>(true);
      same<typeof ctx.window, TimeWindow>(true);
      for (const value of values) out.collect(`${key}${ctx.window.end}${value.toFixed()}`);
    });
    same<typeof rows extends DataStream<infer T> ? T : never, string>(true);
    const first: (a: Order, b: Order) => Order = (a) => a;
    refused(
      // @ts-expect-error add answers no accumulator
      () => windows.aggregate({ ...average, add: (o: Order) => o.shop }),
      // @ts-expect-error the average takes orders
      () => texts.windowAll(minutes).aggregate(average),
      // @ts-expect-error the averages are numbers, not texts
      () => windows.aggregate(average, (_k, _w, texts: Iterable<string>, _o) => texts),
      // @ts-expect-error reduce answers an order
      () => windows.reduce((a, b) => a.price + b.price),
      // @ts-expect-error the key is a text
      () => windows.reduce(first, (key: number, _ctx, _values, _out) => key),
      // @ts-expect-error the key is a text
      () => windows.apply((key: number, _window, _values, _out) => key),
      // @ts-expect-error the records are orders
      () => orders.windowAll(minutes).apply((_window, values: Iterable<string>) => values),
    );
  });

  it('matches sinks, sources and watermark strategies with the records', () => {
    const files = {} as Sink<string>;
    const byPlaced = WatermarkStrategy.forMonotonousTimestamps<Order>();
    orders.assignTimestampsAndWatermarks(byPlaced.withTimestampAssigner((o) => o.placed.getTime()));
    refused(
      () => orders.map((o) => o.shop).sinkTo(files),
      // @ts-expect-error orders are no texts
      () => orders.sinkTo(files),
      // @ts-expect-error texts are no orders
      () => orders.union(texts),
      // @ts-expect-error texts have no such field
      () => texts.map((text) => text.price),
      // @ts-expect-error the partition is a number
      () => orders.partitionCustom((shop: string) => shop, 'shop'),
    );
  });

  it('gives declared types their TypeScript type', () => {
    const row = Types.row({
      id: Types.long,
      tags: Types.array(Types.string),
      note: Types.nullable(Types.string),
    });
    same<TypeOf<typeof row>, { id: number; tags: string[]; note: string | null }>(true);
    refused(
      // @ts-expect-error the row has other fields
      () => orders.map((o) => o.shop).returns(row),
    );
  });
});
