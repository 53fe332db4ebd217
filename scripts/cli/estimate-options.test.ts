import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ESTIMATE_OPTIONS, estimateSettings } from './estimate-options.ts';
import { parseOptions } from './parse-options.ts';

function settingsOf(...args: readonly string[]) {
  return estimateSettings(parseOptions(ESTIMATE_OPTIONS, args, { options: 'anywhere' }));
}

function refusalOf(...args: readonly string[]): string {
  try {
    settingsOf(...args);
  } catch (error) {
    assert.ok(error instanceof Error);
    assert.equal((error as Error & { code?: string }).code, 'BAD_ARGUMENTS');
    return error.message;
  }
  return assert.fail('it was taken');
}

describe('estimateSettings', () => {
  it('reads rates, sizes, shares and durations', () => {
    const args = [
      '--rate',
      '30k/min',
      '--record-bytes',
      '2k',
      '--keys',
      '1.5M',
      '--state-bytes=80',
    ];
    const more = ['--lease', '5 min', '--linger', '200ms', '--active', '5%', '--wakes', '12/d'];
    const rest = ['--api-requests', '360/h', '--slots', '6', '--checkpoint-interval', '30s'];
    assert.deepEqual(settingsOf(...args, ...more, ...rest), {
      operators: [],
      rateRecordsPerS: 500,
      recordBytes: 2_000,
      keys: 1_500_000,
      stateBytesPerKey: 80,
      checkpointIntervalMs: 30_000,
      taskSlots: 6,
      leaseMs: 300_000,
      lingerMs: 200,
      activeShare: 0.05,
      attemptsPerHour: 0.5,
      apiRequestsPerHour: 360,
    });
    assert.deepEqual(settingsOf(), { operators: [] });
  });

  it('reads what is said of operators, whose names may hold colons', () => {
    const args = ['--operator', 'Source: flights:rate=10/s', '--operator'];
    const { operators } = settingsOf(
      ...args,
      'delays:selectivity=0.02, bytes=64,keys=5k,dirty=10%',
    );
    assert.deepEqual(operators, [
      { operator: 'Source: flights', rateRecordsPerS: 10 },
      { operator: 'delays', selectivity: 0.02, recordBytes: 64, keys: 5_000, dirtyShare: 0.1 },
    ]);
  });

  it('says which value is wrong, and how it is written', () => {
    for (const [option, value, text] of [
      [
        '--rate',
        '500',
        /^The value of --rate must be a rate such as 500\/s, 30k\/min or 2M\/d: 500$/,
      ],
      ['--rate', '5/fortnight', /--rate must be a rate/],
      ['--record-bytes', 'big', /--record-bytes must be a number such as/],
      ['--active', '120%', /--active must be a share from 0% to 100%: 120%$/],
      ['--slots', '7', /--slots must be a number from 1 to 6: 7$/],
      ['--lease', '20 min', /--lease must be a duration .*, from 1000 ms to 870000 ms: 20 min$/],
      ['--checkpoint-interval', 'soon', /--checkpoint-interval must be a duration .*: soon$/],
      [
        '--operator',
        'delays',
        /^The value of --operator must be <name>:<setting>=<value>,…: delays$/,
      ],
      ['--operator', 'a:key=5', /^--operator knows no setting 'key'; did you mean keys\?$/],
      ['--operator', 'a:colour=red', /knows no setting 'colour'; rate, selectivity, bytes, keys/],
      ['--record-bytes', '0', /^The value of --record-bytes must be 1 or more: 0$/],
      ['--record-bytes', '-5', /^The value of --record-bytes must be a number such as .*: -5$/],
      ['--record-bytes', 'NaN', /^The value of --record-bytes must be a number such as .*: NaN$/],
      ['--record-bytes', '2G', /^The value of --record-bytes must be 1G at most: 2G$/],
      ['--rate', '-5/s', /^The value of --rate must be a rate such as .*: -5\/s$/],
      ['--rate', 'NaN/s', /^The value of --rate must be a rate such as .*: NaN\/s$/],
      ['--rate', '99G/s', /^The value of --rate must be 1G\/s at most: 99G\/s$/],
      ['--rate', `${'9'.repeat(400)}/s`, /^The value of --rate must be 1G\/s at most: 9+\/s$/],
      ['--wakes', '2k/s', /^The value of --wakes must be 1\/s at most: 2k\/s$/],
      ['--api-requests', '1M/s', /^The value of --api-requests must be 10k\/s at most: 1M\/s$/],
      ['--parallelism', '6000', /^An estimate is of a parallelism of 5,000 at most: 6000$/],
      ['--operator', 'a:bytes=0', /^The value of bytes of 'a' must be 1 or more: 0$/],
      ['--operator', 'a:keys=x', /^The value of keys of 'a' must be a number such as .*: x$/],
    ] as const) {
      assert.match(refusalOf(option, value), text);
    }
  });
});
