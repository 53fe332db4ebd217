/** Goal: windows over a whole stream take triggers, evictors and states too. Method: a job is run. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ValueStateDescriptor } from '../state/index.ts';
import {
  CountEvictor,
  EndOfStreamTrigger,
  GlobalWindows,
  PurgingTrigger,
} from '../windowing/index.ts';
import { runJob } from './run-job.ts';

const firings = new ValueStateDescriptor<number>('firings', 0);

describe('windows over a whole stream', () => {
  it('fire by count, evict, and hold states of the window', async () => {
    const { result, printed } = await runJob(
      (env) => {
        const numbers = env.fromData([1, 2, 3, 4, 5]);
        numbers
          .countWindowAll(2)
          .reduce((a, b) => a + b)
          .print('pairs');
        numbers
          .countWindowAll(3, 2)
          .process<string>({
            process: (ctx, elements, out) => {
              const state = ctx.windowState().getState(firings);
              state.update(state.value() + 1);
              out.collect(`${state.value()}: ${[...elements].join('+')}`);
            },
            clear: (ctx) => ctx.windowState().getState(firings).clear(),
          })
          .print('slides');
        numbers
          .windowAll(GlobalWindows.create())
          .trigger(PurgingTrigger.of(EndOfStreamTrigger.create()))
          .evictor(CountEvictor.of(4))
          .reduce((a, b) => a + b)
          .print('last');
      },
      { parallelism: 1 },
    );
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.deepEqual(printed.trim().split('\n').toSorted(), [
      'last> 14',
      'pairs> 3',
      'pairs> 7',
      'slides> 1: 1+2',
      'slides> 2: 2+3+4',
    ]);
  });
});
