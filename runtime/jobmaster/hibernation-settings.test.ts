import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Configuration, type ConfigValue } from '../core/index.ts';
import { hibernationSettings } from './hibernation-settings.ts';

const CHECKPOINTS = { 'execution.checkpointing.interval': '10 s' };

function settingsOf(options: Readonly<Record<string, ConfigValue>>) {
  return hibernationSettings(Configuration.fromRecord({ ...CHECKPOINTS, ...options }));
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
    assert.throws(() => hibernationSettings(configuration), {
      code: 'HIBERNATION_NEEDS_CHECKPOINTS',
    });
  });
});
