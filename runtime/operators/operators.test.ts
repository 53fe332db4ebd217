import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_TIMESTAMP_MS, StreamError } from '../core/index.ts';
import { ListStateDescriptor, ValueStateDescriptor } from '../state/index.ts';
import { OperatorHarness } from '../testing/index.ts';
import {
  type Collector,
  fieldAggregation,
  filterOperator,
  flatMapOperator,
  type MapFunction,
  mapOperator,
  OutputTag,
  processOperator,
  type RuntimeContext,
  reduceOperator,
} from './index.ts';
import { shortJson } from './user-function.ts';

const named = { operatorName: 'Parse', subtaskIndex: 1, parallelism: 4 };

describe('mapOperator', () => {
  it('keeps the timestamp and forwards watermarks and idleness', () => {
    const harness = OperatorHarness.oneInput(mapOperator((n: number) => n * 2));
    harness.operator.processElement(21, 5, -1);
    harness.operator.processElement(1, NO_TIMESTAMP_MS, -1);
    harness.operator.processWatermark(7);
    harness.operator.processIdle(true);
    assert.deepEqual(harness.emitted, [
      { type: 'record', value: 42, timestampMs: 5 },
      { type: 'record', value: 2 },
      { type: 'watermark', watermarkMs: 7 },
      { type: 'idle', idle: true },
    ]);
  });

  it('names function, operator, subtask and record when the function throws', () => {
    const cause = new RangeError('too big');
    const failing = mapOperator(() => {
      throw cause;
    });
    const harness = OperatorHarness.oneInput(failing, named);
    assert.throws(() => harness.operator.processElement({ a: 1n }, 0, -1), {
      kind: 'user',
      code: 'USER_FUNCTION_FAILED',
      message: 'map function failed in operator "Parse" (subtask 2/4): too big; record={"a":"1n"}',
      details: { operator: 'Parse', subtask: 1, record: '{"a":"1n"}' },
      cause,
    });
  });

  it('opens and closes rich functions with a runtime context', async () => {
    const seen: unknown[] = [];
    class Rich implements MapFunction<number, number> {
      #count = { inc: (): void => {} };
      open(ctx: RuntimeContext): void {
        seen.push(ctx.taskInfo);
        this.#count = ctx.getMetricGroup().counter('seen');
        ctx.getMetricGroup().gauge('size', () => 7);
        ctx.getMetricGroup().histogram('took').update(3);
      }
      map(value: number): number {
        this.#count.inc();
        return value + 1;
      }
      async close(): Promise<void> {
        seen.push('closed');
      }
    }
    const harness = await OperatorHarness.oneInput(mapOperator(new Rich()), named).open();
    harness.operator.processElement(1, 0, -1);
    await harness.finish(harness.operator);
    assert.deepEqual(harness.values(), [2]);
    assert.deepEqual(seen, [
      {
        jobName: 'test job',
        taskName: 'Parse',
        index: 1,
        parallelism: 4,
        maxParallelism: 128,
        attempt: 0,
      },
      'closed',
    ]);
    const { seen: count, size, 'took.p99': p99 } = harness.metrics();
    assert.deepEqual([count, size, p99], [1, 7, 3]);
  });

  it('says which phase failed when open throws or rejects', async () => {
    const message = 'open of map function failed in operator "Parse" (subtask 2/4): no';
    for (const open of [() => Promise.reject(new Error('no')), () => assert.fail('no')]) {
      const harness = OperatorHarness.oneInput(mapOperator({ open, map: (n: number) => n }), named);
      await assert.rejects(harness.open(), { code: 'USER_FUNCTION_FAILED', message });
    }
  });

  it('refuses keyed state on a stream that is not keyed', async () => {
    const open = (ctx: RuntimeContext): void => {
      ctx.getState(new ValueStateDescriptor<number>('n'));
    };
    const harness = OperatorHarness.oneInput(mapOperator({ open, map: (n: number) => n }), named);
    await assert.rejects(harness.open(), {
      kind: 'invalid',
      code: 'NO_KEYED_CONTEXT',
      message:
        'keyed state needs a keyed stream, call keyBy before this operator: state=n operator=Parse',
    });
  });

  it('refuses a metric name for two kinds', () => {
    const harness = OperatorHarness.oneInput((ctx, output) => {
      ctx.metrics.counter('n');
      assert.throws(() => ctx.metrics.histogram('n'), { code: 'METRIC_NAME_CLASH' });
      return mapOperator((n: number) => n)(ctx, output);
    });
    assert.equal(harness.metrics().n, 0);
  });

  it('refuses functions that return a promise', () => {
    const harness = OperatorHarness.oneInput(
      mapOperator(async (n: number) => n),
      named,
    );
    assert.throws(() => harness.operator.processElement(1, 0, -1), {
      kind: 'user',
      code: 'ASYNC_FUNCTION',
      message:
        /map function in operator "Parse" \(subtask 2\/4\) returned a promise.*in a source or a sink/,
    });
  });

  it('passes errors of the engine, and adds the operator to user errors without one', () => {
    const internal = new StreamError({ kind: 'internal', code: 'X', message: 'broken' });
    const user = new StreamError({
      kind: 'user',
      code: 'Y',
      message: 'bad line',
      details: { n: 1 },
    });
    const failing = (error: Error) =>
      OperatorHarness.oneInput(
        mapOperator(() => {
          throw error;
        }),
        named,
      );
    assert.throws(() => failing(internal).operator.processElement(1, 0, -1), internal);
    assert.throws(() => failing(user).operator.processElement(1, 0, -1), {
      code: 'Y',
      message: 'bad line: operator="Parse" subtask=2/4 record=1',
      details: { operator: 'Parse', subtask: 1, record: '1', n: 1 },
    });
  });

  it('gives keyed state to a rich function on a keyed stream', async () => {
    let state = { value: () => 0, update: (_: number): void => {} };
    const count = {
      open: (ctx: RuntimeContext): void => {
        state = ctx.getState(new ValueStateDescriptor('n', 0));
      },
      map: (key: string): string => {
        state.update(state.value() + 1);
        return `${key}${state.value()}`;
      },
    };
    const harness = await OperatorHarness.oneInput(mapOperator(count, (key: string) => key)).open();
    for (const key of ['a', 'b', 'a']) harness.operator.processElement(key, 0, -1);
    assert.deepEqual(harness.values(), ['a1', 'b1', 'a2']);
  });
});

describe('filterOperator', () => {
  it('keeps records for which the function returns true', () => {
    const harness = OperatorHarness.oneInput(filterOperator((n: number) => n > 1));
    for (const n of [1, 2]) harness.operator.processElement(n, n, -1);
    assert.deepEqual(harness.records(), [[2, 2]]);
  });

  it('refuses results that are no boolean', () => {
    const refused = (result: unknown, code: string, message: RegExp): void => {
      const fn = (() => result) as () => boolean;
      const harness = OperatorHarness.oneInput(filterOperator(fn), named);
      assert.throws(() => harness.operator.processElement(1, 0, -1), { code, message });
    };
    refused(undefined, 'FILTER_NOT_BOOLEAN', /returned undefined where true or false/);
    refused(1, 'FILTER_NOT_BOOLEAN', /filter function in operator "Parse".* returned a number/);
    refused(Promise.resolve(true), 'ASYNC_FUNCTION', /returned a promise/);
  });
});

describe('flatMapOperator', () => {
  it('takes results from the collector and from what is returned', () => {
    const harness = OperatorHarness.oneInput(
      flatMapOperator(function* (text: string, out: Collector<string>) {
        out.collect('first');
        yield* text.split(' ');
      }),
    );
    harness.operator.processElement('a b', 3, -1);
    assert.deepEqual(harness.records(), [
      ['first', 3],
      ['a', 3],
      ['b', 3],
    ]);
  });

  it('refuses a string and what is not iterable', () => {
    const refused = (result: unknown, message: RegExp): void => {
      const fn = (() => result) as () => string[];
      const harness = OperatorHarness.oneInput(flatMapOperator(fn), named);
      const code = 'FLAT_MAP_NOT_ITERABLE';
      assert.throws(() => harness.operator.processElement(1, 0, -1), { code, message });
    };
    refused('abc', /returned a string, which would become its characters: return an array/);
    refused(5, /flatMap function in operator "Parse".* returned a number/);
  });

  it('does not take the blame for an exception downstream', () => {
    const downstream = new Error('edge');
    const harness = OperatorHarness.oneInput<number, number>((ctx, output) =>
      flatMapOperator((n: number, out: Collector<number>) => out.collect(n))(ctx, {
        ...output,
        collect: () => {
          throw downstream;
        },
      }),
    );
    assert.throws(() => harness.operator.processElement(1, 0, -1), downstream);
  });
});

describe('processOperator', () => {
  it('gives the timestamp, the times and side outputs', () => {
    const tag = new OutputTag<string>('odd');
    const harness = OperatorHarness.oneInput(
      processOperator((n: number, ctx, out: Collector<unknown>) => {
        const { timerService } = ctx;
        if (n % 2 === 1) ctx.output(tag, `odd ${n}`);
        else
          out.collect([
            ctx.timestamp,
            timerService.currentWatermark(),
            timerService.currentProcessingTime(),
          ]);
      }),
      { startEpochMs: 50 },
    );
    harness.operator.processWatermark(4);
    harness.operator.processElement(1, 5, -1);
    harness.operator.processElement(2, NO_TIMESTAMP_MS, -1);
    assert.deepEqual(harness.values(), [[undefined, 4, 50]]);
    assert.deepEqual(harness.side('odd'), [['odd 1', 5]]);
  });

  it('refuses timers on a stream that is not keyed, and tags that are none', () => {
    const harness = OperatorHarness.oneInput(
      processOperator((n: number, ctx) => {
        if (n === 0) ctx.timerService.registerEventTimeTimer(5);
        else ctx.output('tag' as never, n as never);
      }),
    );
    const kind = 'invalid';
    const process = (n: number) => () => harness.operator.processElement(n, 0, -1);
    assert.throws(process(0), { kind, code: 'TIMERS_NEED_KEYS', message: /call keyBy before/ });
    assert.throws(process(1), { kind, code: 'OUTPUT_TAG_INVALID', message: /new OutputTag/ });
    assert.throws(() => new OutputTag(''), { kind, code: 'OUTPUT_TAG_INVALID' });
  });
});

describe('reduceOperator', () => {
  it('emits the reduction so far for every record', () => {
    const harness = OperatorHarness.oneInput(
      reduceOperator<[string, number]>(
        (a, b) => [a[0], a[1] + b[1]],
        (r) => r[0],
      ),
    );
    for (const [key, n] of [
      ['a', 1],
      ['b', 5],
      ['a', 2],
    ] as [string, number][]) {
      harness.operator.processElement([key, n], n, -1);
    }
    assert.deepEqual(harness.records(), [
      [['a', 1], 1],
      [['b', 5], 5],
      [['a', 3], 2],
    ]);
  });

  it('names the key selector and the record when the key is undefined', () => {
    const harness = OperatorHarness.oneInput(
      reduceOperator(
        (a: { id?: string }) => a,
        (r) => r.id,
      ),
      named,
    );
    assert.throws(() => harness.operator.processElement({}, 0, -1), {
      kind: 'user',
      code: 'KEY_UNDEFINED',
      message: /key selector returned undefined.*operator="Parse" subtask=2\/4 record=\{\}/,
    });
  });
});

describe('fieldAggregation', () => {
  type Row = { k: string; n: number };
  const a: Row = { k: 'a', n: 1 };
  const b: Row = { k: 'b', n: 5 };

  it('replaces only the field of the first record for sum, min and max', () => {
    assert.deepEqual(fieldAggregation<Row>('sum', 'n')(a, b), { k: 'a', n: 6 });
    assert.deepEqual(fieldAggregation<Row>('max', 'n')(a, b), { k: 'a', n: 5 });
    assert.deepEqual(fieldAggregation<Row>('min', 'n')(b, a), { k: 'b', n: 1 });
    assert.deepEqual(fieldAggregation<[string, bigint]>('sum', 1)(['x', 1n], ['y', 2n]), ['x', 3n]);
    assert.deepEqual(a, { k: 'a', n: 1 });
  });

  it('takes the whole record for minBy and maxBy, the first of equals', () => {
    assert.equal(fieldAggregation<Row>('maxBy', 'n')(a, b), b);
    assert.equal(fieldAggregation<Row>('minBy', (row) => row.n)(a, b), a);
    assert.equal(fieldAggregation<Row>('maxBy', () => 0)(a, b), a);
  });

  it('refuses missing and unfit fields and functions it cannot write back', () => {
    const code = 'AGGREGATION_FIELD_INVALID';
    assert.throws(() => fieldAggregation<Row>('sum', 'x')(a, b), {
      kind: 'user',
      code,
      message: /field "x"/,
    });
    assert.throws(() => fieldAggregation<Row>('sum', 'k')(a, b), {
      code,
      message: /needs numbers/,
    });
    assert.throws(() => fieldAggregation<Row>('max', (row) => row.n), {
      kind: 'invalid',
      code: 'AGGREGATION_NEEDS_FIELD',
    });
  });
});

describe('shortJson', () => {
  it('cuts long records to 200 characters and survives cycles', () => {
    assert.equal(shortJson('x'.repeat(500)).length, 200);
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    assert.equal(shortJson(cycle), '[object Object]');
  });
});

describe('keyed flatMap', () => {
  it('keeps a list by key', async () => {
    let list = { add: (_: number): void => {}, get: (): readonly number[] => [] };
    const harness = await OperatorHarness.oneInput(
      flatMapOperator(
        {
          open: (ctx: RuntimeContext): void => {
            list = ctx.getListState(new ListStateDescriptor<number>('l'));
          },
          flatMap: (n: number, out: Collector<number[]>): void => {
            list.add(n);
            out.collect([...list.get()]);
          },
        },
        (n: number) => n % 2,
      ),
    ).open();
    for (const n of [1, 2, 3]) harness.operator.processElement(n, 0, -1);
    assert.deepEqual(harness.values(), [[1], [2], [1, 3]]);
  });
});
