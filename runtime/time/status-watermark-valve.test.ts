import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_WATERMARK_MS } from '../core/index.ts';
import { StatusWatermarkValve } from './index.ts';

type Input =
  | { readonly type: 'watermark'; readonly channel: number; readonly ms: number }
  | { readonly type: 'idle'; readonly channel: number; readonly idle: boolean }
  | { readonly type: 'end'; readonly channel: number };

const CHANNELS = 3;
const channel = fc.nat(CHANNELS - 1);
const input: fc.Arbitrary<Input> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('watermark' as const),
      channel,
      ms: fc.oneof({ weight: 9, arbitrary: fc.nat(20) }, fc.constant(MAX_WATERMARK_MS)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('idle' as const), channel, idle: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('end' as const), channel }) },
);

function valveOf() {
  const log: string[] = [];
  const valve = new StatusWatermarkValve(CHANNELS, {
    emitWatermark: (ms) => log.push(`wm${ms}`),
    emitIdle: (idle) => log.push(`idle=${idle}`),
  });
  const take = (taken: Input): void => {
    if (taken.type === 'watermark') valve.inputWatermark(taken.channel, taken.ms);
    else if (taken.type === 'idle') valve.inputIdle(taken.channel, taken.idle);
    else valve.inputEnd(taken.channel);
  };
  return { valve, log, take };
}

/** What each step puts out, of three channels. Steps are `0:15`, `0 idle`, `0 active`, `0 end`. */
function stepsOf(steps: readonly string[]): readonly (readonly [string, ...string[]])[] {
  const { valve, log } = valveOf();
  return steps.map((step) => {
    const [channelText = '', what = ''] = step.split(/[: ]/);
    const index = Number(channelText);
    if (what === 'end') valve.inputEnd(index);
    else if (what === 'idle' || what === 'active') valve.inputIdle(index, what === 'idle');
    else valve.inputWatermark(index, Number(what));
    return [step, ...log.splice(0)] as const;
  });
}

function assertSteps(...expected: readonly (readonly [string, ...string[]])[]): void {
  assert.deepEqual(stepsOf(expected.map(([step]) => step)), expected);
}

describe('StatusWatermarkValve', () => {
  it('puts out the first watermark when every channel has one (fact 51)', () => {
    assertSteps(['0:0'], ['1:0'], ['2:0', 'wm0']);
  });

  it('puts out the lowest when that advances, nothing when channels go back (fact 51)', () => {
    assertSteps(
      ...([['0:0'], ['1:0'], ['2:0', 'wm0'], ['0:12'], ['2:8'], ['2:10']] as const),
      ...([
        ['1:15', 'wm10'],
        ['2:17', 'wm12'],
        ['0:20', 'wm15'],
      ] as const),
      ...([['0:13'], ['1:9'], ['2:16']] as const),
    );
  });

  it('says once that all are idle, and that one is active again', () => {
    assertSteps(
      ...([['0 active'], ['2 idle'], ['1 idle'], ['0 idle', 'idle=true'], ['0 idle']] as const),
      ...([['1 active', 'idle=false'], ['0 active'], ['2 active']] as const),
    );
  });

  it('puts out what the furthest has reached once all are idle, in any order (fact 51)', () => {
    const reached = [['0:10'], ['1:5'], ['2:3', 'wm3']] as const;
    assertSteps(...reached, ['0 idle'], ['1 idle'], ['2 idle', 'wm10', 'idle=true']);
    assertSteps(...reached, ['2 idle', 'wm5'], ['1 idle', 'wm10'], ['0 idle', 'idle=true']);
    assertSteps(...reached, ['1 idle'], ['2 idle', 'wm10'], ['0 idle', 'idle=true']);
  });

  it('does so when the last to fall idle had not caught up (fact 53)', () => {
    assertSteps(
      ...([['0:100'], ['1:50'], ['2:70', 'wm50'], ['1 idle', 'wm70']] as const),
      ...([['1 active'], ['1:60'], ['0 idle'], ['2 idle']] as const),
      ['1 idle', 'wm100', 'idle=true'],
    );
  });

  it('puts out nothing while all active channels have yet to catch up (fact 53)', () => {
    assertSteps(
      ...([['0:10'], ['1:7'], ['2 idle', 'wm7'], ['2 active']] as const),
      ...([['0 idle'], ['1 idle'], ['2:6'], ['2:8', 'wm8']] as const),
    );
  });

  it('counts at once a channel that wakes up ahead of the output (fact 53)', () => {
    assertSteps(
      ...([['0:10'], ['1:7'], ['2 idle', 'wm7'], ['2 active'], ['0 idle'], ['1 idle']] as const),
      ...([['0 active', 'wm10'], ['2 idle']] as const),
    );
    assertSteps(
      ...([['0:10'], ['1:20'], ['2:30', 'wm10'], ['2 idle'], ['0 idle', 'wm20']] as const),
      ...([['0 active'], ['1 idle'], ['2 active', 'wm30']] as const),
      ...([['0 idle'], ['2 idle', 'idle=true']] as const),
    );
  });

  it('lets a channel fall idle again that had not caught up', () => {
    assertSteps(
      ...([['0:7'], ['1:10'], ['2:11', 'wm7'], ['0 idle', 'wm10']] as const),
      ...([['0 active'], ['0:9'], ['0 idle'], ['1:12', 'wm11']] as const),
    );
  });

  it('takes an end for no idleness: the others hold, and fall idle, without it', () => {
    assertSteps(
      ...([
        ['0:5'],
        ['1:3'],
        ['2 end', 'wm3'],
        ['1 idle', 'wm5'],
        ['0 idle', 'idle=true'],
      ] as const),
      ...([
        ['1 active', 'idle=false'],
        ['1:8', 'wm8'],
        ['1 end', 'idle=true'],
      ] as const),
      ['0 end', 'idle=false', `wm${MAX_WATERMARK_MS}`],
    );
  });
});

describe('StatusWatermarkValve, resumed', () => {
  it('puts out again what the other one has put out last', () => {
    const before = valveOf();
    for (let i = 0; i < CHANNELS; i += 1) before.valve.inputWatermark(i, 5 + i);
    for (let i = 0; i < CHANNELS; i += 1) before.valve.inputIdle(i, true);
    const after = valveOf();
    after.valve.resume(before.valve.status);
    assert.deepEqual(after.log, ['wm7', 'idle=true']);
    const fresh = valveOf();
    fresh.valve.resume(valveOf().valve.status);
    assert.deepEqual(fresh.log, []);
  });

  it('refuses the status of another number of channels', () => {
    const { valve } = valveOf();
    assert.throws(() => valve.resume({ watermarkMs: 0, idle: false, channels: [] }));
  });

  it('behaves as the other one from there on, whatever comes', () => {
    const inputs = fc.array(input, { maxLength: 40, size: 'max' });
    fc.assert(
      fc.property(inputs, inputs, (first, then) => {
        const before = valveOf();
        for (const taken of first) before.take(taken);
        const after = valveOf();
        after.valve.resume(JSON.parse(JSON.stringify(before.valve.status)));
        before.log.length = 0;
        after.log.length = 0;
        for (const taken of then) {
          before.take(taken);
          after.take(taken);
        }
        assert.deepEqual(after.log, before.log);
        assert.deepEqual(after.valve.status, before.valve.status);
      }),
      { numRuns: 1000 },
    );
  });
});
