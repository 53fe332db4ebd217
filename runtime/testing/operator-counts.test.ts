/** What the operators of a chain tell that they took and gave. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutputTag } from '../operators/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { startJob } from './run-job.ts';

describe('the operators of a chain', () => {
  it('tell what each took and gave, under the names that are those of its vertex', async () => {
    const odd = new OutputTag<number>('odd');
    const { master, outcome } = await startJob((env) => {
      const split = env
        .fromSequence(1, 90)
        .filter((n) => n % 3 !== 0)
        .process({
          processElement: (n, ctx, out) => {
            if (n % 2 === 1) ctx.output(odd, n);
            else out.collect(n);
          },
        });
      split.print('even');
      split.getSideOutput(odd).print('odd');
    });
    assert.equal((await outcome).result.status, 'FINISHED');
    const [vertex] = master.executions();
    const told = vertex?.subtasks[0]?.metrics?.operators ?? [];
    const shown = told.map(({ name, numRecordsIn, numRecordsOut, numRecordsSide }) => {
      return [name, numRecordsIn, numRecordsOut, numRecordsSide];
    });
    assert.deepEqual(shown, [
      ['Source: Sequence', 90, 90, undefined],
      ['Filter', 90, 60, undefined],
      ['Process', 60, 30, 30],
      ['Sink: print(even)', 30, 0, undefined],
      ['Sink: print(odd)', undefined, 0, undefined],
    ]);
    assert.equal(
      master.snapshot().vertices[0]?.name,
      'Source: Sequence -> Filter -> Process -> (Sink: print(even), Sink: print(odd))',
    );
  });

  it('tell the watermark that came in, and the one that went out', async () => {
    const { master, outcome } = await startJob((env) => {
      const ahead = WatermarkStrategy.forGenerator<number>(() => ({
        onEvent: (n, _ms, output) => output.emitWatermark(n),
        onPeriodicEmit: () => {},
      })).withTimestampAssigner((n) => n);
      env
        .fromSequence(1, 9)
        .assignTimestampsAndWatermarks(ahead)
        .map((n) => {
          assert.ok(n < 9, 'enough');
          return n;
        })
        .print();
    });
    assert.equal((await outcome).result.status, 'FAILED');
    const [vertex] = master.executions();
    const told = vertex?.subtasks[0]?.metrics?.operators ?? [];
    assert.deepEqual(
      told.map(({ inputWatermarkMs, watermarkMs }) => [inputWatermarkMs, watermarkMs]),
      [
        [undefined, undefined],
        [undefined, 8],
        [8, 8],
        [8, 8],
      ],
    );
  });
});
