import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_WATERMARK_MS } from '../core/index.ts';
import {
  InternalTimerService,
  StatusWatermarkValve,
  type Timer,
  type WatermarkOutput,
  WatermarkOutputMultiplexer,
  WatermarkStrategy,
} from './index.ts';

type Seen = (number | string)[];

function valveOf(channelCount: number): { valve: StatusWatermarkValve; seen: Seen } {
  const seen: Seen = [];
  const valve = new StatusWatermarkValve(channelCount, {
    emitWatermark: (ms) => seen.push(ms),
    emitIdle: (idle) => seen.push(idle ? 'idle' : 'active'),
  });
  return { valve, seen };
}

function recordingOutput(): WatermarkOutput & { readonly seen: Seen } {
  const seen: Seen = [];
  return {
    seen,
    emitWatermark: (ms) => seen.push(ms),
    markIdle: () => seen.push('idle'),
    markActive: () => seen.push('active'),
  };
}

describe('StatusWatermarkValve', () => {
  it('puts out only what advances, and ignores watermarks of an idle channel (fact 49)', () => {
    const { valve, seen } = valveOf(1);
    for (const ms of [25, 18, 42]) valve.inputWatermark(0, ms);
    valve.inputIdle(0, true);
    valve.inputWatermark(0, 50);
    valve.inputIdle(0, false);
    assert.deepEqual(seen, [25, 42, 'idle', 'active']);
    valve.inputWatermark(0, 50);
    assert.equal(valve.watermarkMs, 50);
  });

  it('leaves idle channels out of the minimum (fact 51)', () => {
    const { valve, seen } = valveOf(3);
    valve.inputWatermark(0, 15);
    valve.inputWatermark(1, 10);
    valve.inputIdle(2, true);
    valve.inputWatermark(1, 18);
    valve.inputWatermark(0, 20);
    assert.deepEqual(seen, [10, 15, 18]);
  });

  it('goes on to what the others reached as channels fall idle one by one (fact 51)', () => {
    const { valve, seen } = valveOf(3);
    for (const [index, ms] of [25, 10, 17].entries()) valve.inputWatermark(index, ms);
    valve.inputIdle(1, true);
    valve.inputIdle(2, true);
    valve.inputIdle(0, true);
    assert.deepEqual(seen, [10, 17, 25, 'idle']);
  });

  it('waits for a channel that woke up only once it has caught up (fact 53)', () => {
    const { valve, seen } = valveOf(3);
    for (const [index, ms] of [10, 7, 3].entries()) valve.inputWatermark(index, ms);
    valve.inputIdle(2, true);
    valve.inputIdle(2, false);
    valve.inputWatermark(2, 5);
    assert.deepEqual(seen, [3, 7]);
    valve.inputWatermark(2, 9);
    valve.inputWatermark(1, 12);
    assert.deepEqual(seen, [3, 7, 9]);
  });

  it('is not held back by a channel that ended, and ends when all have ended', () => {
    const { valve, seen } = valveOf(2);
    valve.inputEnd(0);
    valve.inputWatermark(1, 5);
    valve.inputEnd(1);
    assert.deepEqual(seen, [5, MAX_WATERMARK_MS]);
  });

  it('keeps the final watermark back while a live channel is idle', () => {
    const { valve, seen } = valveOf(2);
    valve.inputWatermark(0, 5);
    valve.inputIdle(1, true);
    valve.inputEnd(0);
    valve.inputIdle(1, false);
    valve.inputWatermark(1, 7);
    valve.inputIdle(1, true);
    valve.inputEnd(1);
    assert.deepEqual(seen, [5, 'idle', 'active', 7, 'idle', 'active', MAX_WATERMARK_MS]);
  });
});

describe('WatermarkStrategy', () => {
  it('emits the highest timestamp less the bound less one', () => {
    const output = recordingOutput();
    const generator = WatermarkStrategy.forBoundedOutOfOrderness(10).createGenerator(() => 0);
    generator.onEvent('a', 100, output);
    generator.onEvent('b', 90, output);
    generator.onPeriodicEmit(output);
    const monotonous = WatermarkStrategy.forMonotonousTimestamps().createGenerator(() => 0);
    monotonous.onEvent('a', 100, output);
    monotonous.onPeriodicEmit(output);
    assert.deepEqual(output.seen, [89, 99]);
  });

  it('is idle after the timeout, counted from the first check, until an event (fact 55)', () => {
    const output = recordingOutput();
    let nowMs = 1000;
    const generator = WatermarkStrategy.noWatermarks()
      .withIdleness(10)
      .createGenerator(() => nowMs);
    generator.onPeriodicEmit(output);
    nowMs += 10;
    generator.onPeriodicEmit(output);
    assert.deepEqual(output.seen, []);
    nowMs += 1;
    generator.onPeriodicEmit(output);
    generator.onPeriodicEmit(output);
    generator.onEvent('a', 5, output);
    generator.onPeriodicEmit(output);
    assert.deepEqual(output.seen, ['idle', 'active']);
  });

  it('refuses an idleness that is not positive (fact 55), and a negative bound', () => {
    const strategy = WatermarkStrategy.noWatermarks();
    for (const ms of [0, -1, Number.NaN]) {
      assert.throws(() => strategy.withIdleness(ms), { code: 'IDLENESS_INVALID' });
    }
    assert.throws(() => WatermarkStrategy.forBoundedOutOfOrderness(-1), {
      kind: 'invalid',
      code: 'OUT_OF_ORDERNESS_INVALID',
      message: 'out-of-orderness must be zero or more milliseconds: valueMs=-1',
    });
  });

  it("keeps what was said of it in whatever order it is said, with Flink's update interval", () => {
    const { alignment, idlenessMs } = WatermarkStrategy.forMonotonousTimestamps()
      .withWatermarkAlignment('shop', '20 s')
      .withIdleness('1 min')
      .withTimestampAssigner(() => 0);
    assert.deepEqual(alignment, { group: 'shop', maxDriftMs: 20_000, updateIntervalMs: 1000 });
    assert.equal(idlenessMs, 60_000);
  });

  it('refuses an alignment that cannot be', () => {
    const strategy = WatermarkStrategy.forMonotonousTimestamps();
    const refused = (call: () => unknown, message: RegExp): void =>
      assert.throws(call, { kind: 'invalid', code: 'ALIGNMENT_INVALID', message });
    refused(() => strategy.withWatermarkAlignment('', 1), /needs a name/);
    refused(() => strategy.withWatermarkAlignment('g', -1), /drift.*valueMs=-1/);
    refused(() => strategy.withWatermarkAlignment('g', 1, 0), /interval.*valueMs=0/);
    refused(
      () => WatermarkStrategy.noWatermarks().withWatermarkAlignment('g', 1),
      /no watermarks to align/,
    );
  });
});

describe('WatermarkOutputMultiplexer', () => {
  it('puts out the minimum of the active splits and never regresses', () => {
    const output = recordingOutput();
    const multiplexer = new WatermarkOutputMultiplexer(output);
    const a = multiplexer.register('a');
    const b = multiplexer.register('b');
    a.emitWatermark(10);
    b.emitWatermark(7);
    multiplexer.unregister('b');
    const c = multiplexer.register('c');
    c.emitWatermark(3);
    a.emitWatermark(20);
    c.markIdle();
    a.markIdle();
    c.markActive();
    c.emitWatermark(30);
    b.emitWatermark(99);
    assert.deepEqual(output.seen, [7, 10, 20, 'idle', 'active', 30]);
  });
});

/** What a multiplexer of these splits puts out at each step: `a:5`, `a idle`, `a active`, `a end`. */
function splitSteps(...expected: readonly (readonly [string, ...(number | string)[]])[]): void {
  const output = recordingOutput();
  const multiplexer = new WatermarkOutputMultiplexer(output);
  const splits = new Map(['a', 'b'].map((id) => [id, multiplexer.register(id)]));
  const seen = expected.map(([step]) => {
    const [id = '', what = ''] = step.split(/[: ]/);
    if (what === 'idle') splits.get(id)?.markIdle();
    else if (what === 'active') splits.get(id)?.markActive();
    else if (what === 'end') multiplexer.unregister(id);
    else splits.get(id)?.emitWatermark(Number(what));
    return [step, ...output.seen.splice(0)];
  });
  assert.deepEqual(seen, expected);
}

describe('WatermarkOutputMultiplexer of splits that fall idle or end', () => {
  it('goes on with the others, and is not pulled back by one that wakes up behind them', () => {
    splitSteps(['a:2'], ['b:5', 2], ['a idle', 5], ['a:3'], ['b:9'], ['a:7', 7]);
  });

  it('is idle with the last, at what the furthest has reached, in either order', () => {
    splitSteps(['a:5'], ['b:2', 2], ['a idle'], ['b idle', 5, 'idle']);
    splitSteps(['a:5'], ['b:2', 2], ['b idle', 5], ['a idle', 'idle']);
    splitSteps(['a idle'], ['b idle', 'idle'], ['b:1', 1, 'active'], ['a active'], ['a:4']);
  });

  it('takes an end for no idleness', () => {
    splitSteps(['a:5'], ['b:2', 2], ['b end', 5], ['a:6', 6], ['a end']);
    splitSteps(['a:5'], ['b:2', 2], ['a idle'], ['b end', 5, 'idle'], ['a active', 'active']);
  });
});

function timersOf(onFire?: (service: InternalTimerService, timer: Timer) => void) {
  const fired: string[] = [];
  let nowMs = 0;
  let pending: { atMs: number; callback: () => void } | undefined;
  const fire = (kind: string) => (timer: Timer) => {
    fired.push(`${kind}${timer.timestampMs}:${String(timer.key)}`);
    onFire?.(service, timer);
  };
  const service: InternalTimerService = new InternalTimerService(
    { onEventTime: fire('E'), onProcessingTime: fire('P') },
    {
      nowEpochMs: () => nowMs,
      schedule: (atMs, callback) => {
        const mine = { atMs, callback };
        pending = mine;
        return () => {
          if (pending === mine) pending = undefined;
        };
      },
    },
  );
  const advanceTo = (ms: number): void => {
    nowMs = ms;
    while (pending !== undefined && pending.atMs <= ms) {
      const { callback } = pending;
      pending = undefined;
      callback();
    }
  };
  return { service, fired, advanceTo };
}

describe('InternalTimerService', () => {
  it('registers a timer once per timestamp, key and namespace', () => {
    const { service, fired } = timersOf();
    for (const key of ['k1', 'k2', 'k1']) {
      for (const namespace of ['hello', 'ciao']) service.registerEventTimeTimer(10, key, namespace);
    }
    assert.equal(service.numEventTimeTimers(), 4);
    service.deleteEventTimeTimer(10, 'k1', 'hello');
    service.deleteEventTimeTimer(10, 'k2', 'ciao');
    service.deleteEventTimeTimer(10, 'k2', 'ciao');
    assert.equal(service.numEventTimeTimers(), 2);
    service.advanceWatermark(10);
    assert.deepEqual(fired, ['E10:k1', 'E10:k2']);
    assert.equal(service.numEventTimeTimers(), 0);
  });

  it('fires in order of timestamp, then of registration', () => {
    const { service, fired } = timersOf();
    for (const ms of [30, 10, 20, 10]) {
      for (const key of ['b', 'a']) service.registerEventTimeTimer(ms, key);
    }
    service.advanceWatermark(25);
    assert.deepEqual(fired, ['E10:b', 'E10:a', 'E20:b', 'E20:a']);
  });

  it('fires timers registered while firing, earlier ones first', () => {
    const { service, fired } = timersOf((timers, timer) => {
      if (timer.key !== 'a') return;
      timers.registerEventTimeTimer(5, 'early');
      timers.registerEventTimeTimer(12, 'later');
      timers.registerEventTimeTimer(99, 'never');
    });
    for (const key of ['a', 'b']) service.registerEventTimeTimer(10, key);
    service.advanceWatermark(20);
    assert.deepEqual(fired, ['E10:a', 'E5:early', 'E10:b', 'E12:later']);
    assert.equal(service.numEventTimeTimers(), 1);
  });

  it('schedules processing time for the earliest timer', () => {
    const { service, fired, advanceTo } = timersOf();
    service.registerProcessingTimeTimer(50, 'a');
    service.registerProcessingTimeTimer(20, 'b');
    service.registerProcessingTimeTimer(70, 'c');
    service.deleteProcessingTimeTimer(50, 'a');
    advanceTo(60);
    assert.deepEqual(fired, ['P20:b']);
    advanceTo(70);
    assert.deepEqual(fired, ['P20:b', 'P70:c']);
    service.registerProcessingTimeTimer(80, 'd');
    service.close();
    advanceTo(90);
    assert.equal(service.numProcessingTimeTimers(), 1);
  });

  it('fires many timers in order of timestamp', () => {
    const { service, fired } = timersOf();
    for (let i = 0; i < 500; i++) service.registerEventTimeTimer((i * 7919) % 503, 'k');
    service.advanceWatermark(MAX_WATERMARK_MS);
    const times = fired.map((text) => Number(text.slice(1, -2)));
    assert.equal(times.length, 500);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
  });
});
