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
