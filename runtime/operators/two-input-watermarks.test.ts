import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_WATERMARK_MS } from '../core/index.ts';
import { OperatorHarness } from '../testing/index.ts';
import { keyedCoProcessOperator } from './index.ts';

/**
 * What an operator of two inputs emits at each step: `1:5` is a watermark of the first, `2 idle`
 * and `2 active` are the second falling idle and waking up. Timers wait at 3, 6 and 9.
 */
async function steps(...expected: readonly (readonly [string, ...string[]])[]): Promise<void> {
  const harness = await OperatorHarness.twoInput(
    keyedCoProcessOperator<string, string, string, string>(
      {
        processElement1: (_value, { timerService }) => {
          for (const ms of [3, 6, 9]) timerService.registerEventTimeTimer(ms);
        },
        processElement2: () => {},
        onTimer: (ms, _ctx, out) => out.collect(`timer ${ms}`),
      },
      { first: (value) => value, second: (value) => value },
    ),
  ).open();
  const { first, second } = harness.operator;
  first.processElement('k', 0, -1);
  const seen = expected.map(([step]) => {
    const [index = '', what = ''] = step.split(/[: ]/);
    const input = index === '1' ? first : second;
    if (what === 'idle' || what === 'active') input.processIdle(what === 'idle');
    else input.processWatermark(what === 'end' ? MAX_WATERMARK_MS : Number(what));
    return [
      step,
      ...harness.take().map((one) => {
        if (one.type === 'watermark') {
          return one.watermarkMs === MAX_WATERMARK_MS ? 'end' : `wm${one.watermarkMs}`;
        }
        return one.type === 'idle' ? `idle=${one.idle}` : String(one.value);
      }),
    ];
  });
  assert.deepEqual(seen, expected);
}

describe('an operator of two inputs', () => {
  it('is at the lower watermark, of the active one while the other is idle', async () => {
    await steps(
      ...([
        ['1:5'],
        ['2:4', 'timer 3', 'wm4'],
        ['2 idle', 'wm5'],
        ['1:7', 'timer 6', 'wm7'],
      ] as const),
      ...([['2 active'], ['1:8'], ['2:6'], ['2:9', 'wm8']] as const),
    );
  });

  it('is idle with both, its timers fired up to what the further has reached', async () => {
    await steps(
      ['1:7'],
      ['2:2', 'wm2'],
      ['1 idle'],
      ['2 idle', 'timer 3', 'timer 6', 'wm7', 'idle=true'],
    );
    await steps(
      ['1:2'],
      ['2:7', 'wm2'],
      ['1 idle', 'timer 3', 'timer 6', 'wm7'],
      ['2 idle', 'idle=true'],
    );
  });

  it('goes on with one input when the other has ended: that is no idleness', async () => {
    await steps(
      ...([['1:1'], ['2 end', 'wm1'], ['1:4', 'timer 3', 'wm4']] as const),
      ...([
        ['1 idle', 'idle=true'],
        ['1 active', 'idle=false'],
      ] as const),
      ['1 end', 'timer 6', 'timer 9', 'end'],
    );
  });

  it('does not end while the input that is left is idle', async () => {
    await steps(
      ...([['1:4'], ['1 idle'], ['2 end', 'timer 3', 'wm4', 'idle=true']] as const),
      ...([
        ['1 active', 'idle=false'],
        ['1:6', 'timer 6', 'wm6'],
      ] as const),
      ['1 end', 'timer 9', 'end'],
    );
  });
});
