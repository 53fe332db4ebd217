import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { claimThresholdBytes, US_EAST_1_PRICES as PRICES } from '../prices.ts';
import { costInput, type PipelineSettings } from './cost-graph.conformance.ts';
import type { CostInput } from './cost-input.ts';
import { costModel, estimateOf } from './cost-model.ts';
import { type CostWarning, costWarnings } from './cost-warnings.ts';
import { atRate, breakEven, managedFlinkUsdPerMonth } from './managed-flink.ts';
import { bytesText, durationText, moneyText, percentText } from './quantity-text.ts';

function warningsOf(
  settings: PipelineSettings,
  given: Partial<CostInput>,
  busySlots?: number,
): readonly CostWarning[] {
  const model = costModel(costInput(settings, given));
  const facts = { model, estimate: estimateOf(model), breakEven: breakEven(model) };
  return costWarnings(busySlots === undefined ? facts : { ...facts, busySlots });
}

function warningOf(code: string, ...args: Parameters<typeof warningsOf>): CostWarning | undefined {
  return warningsOf(...args).find((warning) => warning.code === code);
}

function codesOf(...args: Parameters<typeof warningsOf>): readonly string[] {
  return warningsOf(...args).map(({ code }) => code);
}

/** Busy enough, and nothing wrong with it. */
const FINE = { rateRecordsPerS: 20_000 };

describe('costWarnings', () => {
  it('has none of a job in one TaskManager that has enough to do', () => {
    assert.deepEqual(warningsOf({}, FINE), []);
  });

  it('names a hop that costs as much as the slots, what it sends, and in which messages', () => {
    const warning = warningOf('HOP_EXPENSIVE', { parallelism: 2 }, { ...FINE, lingerMs: 200 });
    assert.match(
      warning?.message ?? '',
      /^HASH from 'Source: events -> Map' to 'Count -> Sink: out' sends 1\.9 MiB\/s between TaskManagers, in messages of \d+\.\d KiB: \$\d+\.\d\d a month, against \$121\.07 for the slots$/,
    );
    assert.match(warning?.advice ?? '', /aggregate|--slots/);
    assert.ok(!codesOf({ parallelism: 2 }, { ...FINE, taskSlots: 2 }).includes('HOP_EXPENSIVE'));
  });

  it('compares what checkpoints cost with the slots, and says which interval is better', () => {
    const given = { ...FINE, checkpointIntervalMs: 1_000, keys: 100_000 };
    const warning = warningOf('CHECKPOINTS_EXPENSIVE', {}, given);
    const better = /interval of (\d+(?:\.\d+)?) s/.exec(warning?.advice ?? '');
    const checkpointIntervalMs = Math.ceil(Number(better?.[1]) * 1_100);
    assert.ok(checkpointIntervalMs > 2_000);
    assert.deepEqual(codesOf({}, { ...given, checkpointIntervalMs }), []);
  });

  it('knows when the coordinator has no time between checkpoints', () => {
    const settings = { parallelism: 100, partitioner: 'FORWARD' } as const;
    const close = codesOf(settings, { rateRecordsPerS: 2e6, checkpointIntervalMs: 2_000 });
    assert.ok(close.includes('CHECKPOINTS_TOO_CLOSE'));
    const fine = codesOf(settings, { rateRecordsPerS: 2e6, checkpointIntervalMs: 60_000 });
    assert.ok(!fine.includes('CHECKPOINTS_TOO_CLOSE'));
  });

  it('misses checkpoints, and those that are rarer than leases', () => {
    assert.deepEqual(codesOf({}, { ...FINE, checkpointIntervalMs: 900_000 }), [
      'CHECKPOINTS_TOO_RARE',
    ]);
    const { checkpointIntervalMs: _, ...input } = costInput({}, FINE);
    const model = costModel(input);
    const facts = { model, estimate: estimateOf(model), breakEven: breakEven(model) };
    assert.deepEqual(
      costWarnings(facts).map(({ code }) => code),
      ['NO_CHECKPOINTS'],
    );
  });

  it('says how many slots are enough, by a rule of thumb or by a run', () => {
    const settings = { parallelism: 6, partitioner: 'FORWARD' } as const;
    const measured = { rateRecordsPerS: 100, taskSlots: 6 };
    const idle = warningOf('SLOTS_IDLE', settings, measured);
    assert.match(idle?.message ?? '', /^6 slots are busy 0\.033 % of the time, as a slot gets/);
    assert.match(idle?.advice ?? '', /^parallelism 1 is enough/);
    assert.equal(warningOf('SLOTS_IDLE', settings, measured, 3), undefined);
    const busy = warningOf('SLOTS_OVERLOADED', settings, measured, 5.4);
    assert.match(busy?.message ?? '', /busy 90 % of the time, by the run$/);
    assert.match(busy?.advice ?? '', /^raise the parallelism to 7/);
  });

  it('counts bytes, not records alone, into what slots are busy with', () => {
    const settings = { parallelism: 2, partitioner: 'FORWARD' } as const;
    const large = { rateRecordsPerS: 1_000, recordBytes: 90_000, taskSlots: 2 };
    const busy = warningOf('SLOTS_OVERLOADED', settings, large);
    assert.match(
      busy?.message ?? '',
      /^2 slots would be busy 90 % .* gets 47\.7 MiB a second done$/,
    );
    assert.equal(busy?.advice, 'raise the parallelism to 3, or measure: --from-run');
    assert.ok(!codesOf(settings, { ...large, recordBytes: 200 }).includes('SLOTS_OVERLOADED'));
  });

  it('says which lane is too narrow, and does not call its slots idle', () => {
    // Of 32 MB/s half crosses, in two lanes.
    const given = { rateRecordsPerS: 32, recordBytes: 1_000_000 };
    const settings = { parallelism: 2 };
    const lane = warningOf('LANE_OVERLOADED', settings, { ...given, rateRecordsPerS: 48 });
    assert.match(
      lane?.message ?? '',
      /send 11\.\d MiB\/s to one other, where about 9\.5 MiB\/s get/,
    );
    const parallelism = Number(/parallelism to (\d+)/.exec(lane?.advice ?? '')?.[1]);
    assert.equal(parallelism, 3);
    const wider = codesOf({ parallelism }, { ...given, rateRecordsPerS: 48 });
    assert.ok(!wider.includes('LANE_OVERLOADED'));
    const narrow = codesOf({ parallelism: 2 }, { ...given, rateRecordsPerS: 20 });
    assert.ok(!narrow.includes('LANE_OVERLOADED') && !narrow.includes('SLOTS_IDLE'));
    assert.ok(codesOf({ parallelism: 2 }, { ...given, rateRecordsPerS: 2 }).includes('SLOTS_IDLE'));
    assert.ok(!codesOf(settings, { ...given, taskSlots: 2 }).includes('LANE_OVERLOADED'));
  });

  it('counts places in TaskManagers that are paid for and empty', () => {
    const settings = { parallelism: 4, partitioner: 'FORWARD' } as const;
    const warning = warningOf('SLOTS_UNUSED', settings, { rateRecordsPerS: 1e5, taskSlots: 3 });
    assert.match(warning?.message ?? '', /^4 slots leave 2 of 2 TaskManagers with 3 empty$/);
  });

  it('says which parallelism holds a state that is too large', () => {
    const given = { ...FINE, keys: 10_000_000, stateBytesPerKey: 100 };
    const [warning] = warningsOf({}, given);
    assert.equal(warning?.code, 'STATE_TOO_LARGE');
    const parallelism = Number(/parallelism to (\d+)/.exec(warning?.advice ?? '')?.[1]);
    assert.ok(parallelism > 1);
    assert.ok(!codesOf({ parallelism }, given).includes('STATE_TOO_LARGE'));
    assert.ok(codesOf({ parallelism: parallelism - 1 }, given).includes('STATE_TOO_LARGE'));
  });

  it('knows the concurrency of an account', () => {
    const settings = { parallelism: 901, partitioner: 'FORWARD', maxParallelism: 1024 } as const;
    assert.ok(codesOf(settings, { rateRecordsPerS: 4e7 }).includes('TOO_MANY_TASK_MANAGERS'));
  });

  it('names the managed service when that is cheaper, and when it is not', () => {
    const dear = { ...FINE, rateRecordsPerS: 100_000, taskSlots: 1 };
    const [warning] = warningsOf({ parallelism: 3 }, dear);
    assert.equal(warning?.code, 'MANAGED_FLINK_CHEAPER');
    assert.match(warning?.message ?? '', /more than the smallest application of .* \$165\.60/);
    const share = /less than (.*) %/.exec(warning?.advice ?? '');
    const activeShare = (Number(share?.[1]) / 100) * 0.9;
    assert.ok(
      !codesOf({ parallelism: 3 }, { ...dear, activeShare }).includes('MANAGED_FLINK_CHEAPER'),
    );
  });
});

describe('breakEven', () => {
  it('compares with one KPU, one for orchestration, and 50 GB', () => {
    // 2 · $0.11 · 730 h + 50 · $0.10
    assert.ok(Math.abs(managedFlinkUsdPerMonth(PRICES) - 165.6) < 1e-9);
  });

  it('finds the rate at which both cost the same', () => {
    const model = costModel(costInput({ parallelism: 2 }, { lingerMs: 500 }));
    const { rateRecordsPerS } = breakEven(model);
    assert.ok(typeof rateRecordsPerS === 'number');
    const { usdPerActiveHour } = estimateOf(atRate(model, rateRecordsPerS / 500));
    assert.ok(Math.abs(usdPerActiveHour * 730 - 165.6) < 0.01);
  });

  it('scales sources with rates of their own', () => {
    const operators = [{ operator: 'Source: events', rateRecordsPerS: 500 }];
    const settings = { parallelism: 2 };
    const own = costModel(costInput(settings, { lingerMs: 500, operators, rateRecordsPerS: 0 }));
    const shared = costModel(costInput(settings, { lingerMs: 500 }));
    assert.deepEqual(breakEven(own), breakEven(shared));
  });

  it('is never where nothing is sent, and always where slots alone cost more', () => {
    assert.equal(breakEven(costModel(costInput())).rateRecordsPerS, 'never');
    const many = breakEven(costModel(costInput({ parallelism: 4 })));
    assert.equal(many.rateRecordsPerS, 'always');
    assert.ok(many.activeShare < 0.7);
  });
});

describe('claimThresholdBytes', () => {
  it('is where a PUT, a GET and a small message cost as much as a large one', () => {
    // $5.4e-6 + 3 · $4e-7 are 16.5 requests: (16.5 − 1) / 2 units each way.
    assert.ok(Math.abs(claimThresholdBytes(PRICES) - 7.75 * 65_536) < 1);
  });
});

describe('quantities', () => {
  it('are short, and never nothing where there is something', () => {
    assert.deepEqual([0, 3.456, 0.0567, 0.00000432, 4e-9].map(moneyText), [
      '0.00',
      '3.46',
      '0.057',
      '0.0000043',
      '<0.000001',
    ]);
    assert.deepEqual([512, 2 ** 21, 3 * 2 ** 30].map(bytesText), ['0.5 KiB', '2.0 MiB', '3.0 GiB']);
    assert.deepEqual([250, 45_000, 600_000].map(durationText), ['0.25 s', '45 s', '10 min']);
    assert.equal(percentText(0.034), '3.4 %');
  });
});
