import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { objectsCreated, type WakeOffer } from '../connectors/index.ts';
import { Configuration, type ConfigValue } from '../core/index.ts';
import { hibernationSettings, type WakingGraph } from './hibernation-settings.ts';

const CHECKPOINTS = { 'execution.checkpointing.interval': '10 s' };

const AFTER = { 'sluice.hibernate-after': '5 min' };
const NO_SOURCES: WakingGraph = { nodes: [] };

function settingsOf(options: Readonly<Record<string, ConfigValue>>, graph = NO_SOURCES) {
  return hibernationSettings(Configuration.fromRecord({ ...CHECKPOINTS, ...options }), graph);
}

/** A job with a source for each of these offers. */
function offering(...offers: readonly (readonly WakeOffer[])[]): WakingGraph {
  const nodes = offers.map((some, i) => {
    const source = { name: `s${i}`, wakeOffers: () => some };
    return { body: { kind: 'source', source } };
  });
  return { nodes } as never;
}

describe('hibernationSettings', () => {
  it('is off unless it is asked for', () => {
    assert.equal(settingsOf({}), undefined);
  });

  it('takes a time, and a schedule as EventBridge Scheduler has them', () => {
    const after = { 'sluice.hibernate-after': '5 min' };
    assert.deepEqual(settingsOf(after), { afterMs: 300_000 });
    for (const wakeSchedule of ['rate(1 hour)', 'rate(15 minutes)', 'cron(0 8 ? * MON-FRI *)']) {
      const settings = settingsOf({ ...after, 'sluice.wake-schedule': wakeSchedule });
      assert.deepEqual(settings, { afterMs: 300_000, wakeSchedule });
    }
  });

  it('refuses what cannot be', () => {
    for (const options of [
      { 'sluice.hibernate-after': '1 ms' },
      { 'sluice.wake-schedule': 'rate(1 hour)' },
      ...['every hour', 'rate(1 hours)', 'rate(0 minutes)', 'rate(2 hour)', 'cron(0 8 * * *)'].map(
        (schedule) => ({ 'sluice.hibernate-after': '5 min', 'sluice.wake-schedule': schedule }),
      ),
    ]) {
      assert.throws(() => settingsOf(options), { code: 'INVALID_HIBERNATION', kind: 'invalid' });
    }
  });

  it('refuses a job that takes no checkpoints', () => {
    const configuration = Configuration.fromRecord({ 'sluice.hibernate-after': '5 min' });
    assert.throws(() => hibernationSettings(configuration, NO_SOURCES), {
      code: 'HIBERNATION_NEEDS_CHECKPOINTS',
    });
  });

  it('takes an event pattern, and says what is wrong with one', () => {
    const events = (text: string) => settingsOf({ ...AFTER, 'sluice.wake-events': text });
    assert.deepEqual(events('{ "source": ["my.app"] }'), {
      afterMs: 300_000,
      wakeEvents: '{"source":["my.app"]}',
    });
    for (const [text, fault] of [
      ['{"source"', /'sluice.wake-events' must be an event pattern .* it is no JSON/],
      ['[]', /the pattern must be a JSON object/],
      ['{"source": "my.app"}', /'source' must be a list of values, or an object: value=\{"source"/],
      [`{"source": ["${'x'.repeat(4_096)}"]}`, /take 4096 characters at the most/],
    ] as const) {
      assert.throws(() => events(text), { code: 'INVALID_HIBERNATION', message: fault });
    }
    const alone = { 'sluice.wake-events': '{"source":["a"]}' };
    assert.throws(() => settingsOf(alone), /'sluice.wake-events' needs 'sluice.hibernate-after'/);
  });

  it('asks sources what wakes them, beside the options', () => {
    const [a, b] = [objectsCreated('a'), objectsCreated('b')];
    const hourly = { kind: 'schedule', schedule: 'rate(1 hour)' } as const;
    assert.deepEqual(settingsOf(AFTER, offering([a], [a])), {
      afterMs: 300_000,
      wakeEvents: JSON.stringify('pattern' in a && a.pattern),
    });
    const options = { 'sluice.wake-schedule': 'rate(1 day)', 'sluice.wake-events': '{"id":["1"]}' };
    const settings = settingsOf({ ...AFTER, ...options }, offering([b, hourly], [hourly]));
    assert.deepEqual(settings, {
      afterMs: 300_000,
      wakeSchedule: 'rate(1 day)',
      wakeSchedules: ['rate(1 hour)'],
      wakeEvents: JSON.stringify({ $or: [{ id: ['1'] }, 'pattern' in b && b.pattern] }),
    });
    assert.equal(settingsOf({}, offering([a])), undefined, 'a job that never hibernates');
  });

  it('refuses what a source may not offer, by its name', () => {
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [{ kind: 'events', pattern: {} }, /"s0" offers .*: the pattern must name a field/],
      [{ kind: 'schedule', schedule: 'often' }, /a schedule must be such as .* schedule=often/],
      [{ kind: 'smoke' }, /of no kind this release knows: kind=smoke/],
    ];
    for (const [offer, message] of wrong) {
      const graph = offering([offer as WakeOffer]);
      assert.throws(() => settingsOf(AFTER, graph), { code: 'INVALID_WAKE_OFFER', message });
    }
    const many = [1, 2, 3, 4, 5].map((hour) => ({
      ...{ kind: 'schedule', schedule: `cron(0 ${hour} ? * * *)` },
    })) as WakeOffer[];
    assert.throws(() => settingsOf(AFTER, offering(many)), { code: 'INVALID_HIBERNATION' });
  });
});
