import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Duration } from 'aws-cdk-lib/core';
import type { JobManagerProps } from './job-manager-props.ts';
import { clusterSettings } from './settings.ts';

/** The numbers of the settings, durations in seconds. */
function numbersOf(props: JobManagerProps): Readonly<Record<string, number>> {
  const { authorization: _, encryption: __, ...settings } = clusterSettings(props);
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      typeof value === 'number' ? value : value.toMilliseconds() / 1_000,
    ]),
  );
}

const USUAL = {
  taskSlots: 1,
  taskManagerMemoryMb: 1_769,
  lease: 840,
  leaseMargin: 120,
  taskManagerTimeout: 900,
  leaseTimeout: 915,
  turnTimeout: 30,
  jobExpiration: 604_800,
  continueAfterEvents: 22_000,
  maxTaskManagers: 900,
};

describe('clusterSettings', () => {
  it('has a value for everything', () => {
    assert.deepEqual(numbersOf({}), USUAL);
    assert.equal(clusterSettings({}).authorization, 'IAM');
    assert.equal(clusterSettings({}).encryption, 'SERVICE_MANAGED');
  });

  it('keeps the margin inside a short lease, and gives up sooner after it', () => {
    const leaseLength = Duration.seconds(5);
    const timeouts = { taskManagerTimeout: 80, leaseTimeout: 95 };
    const short = { ...USUAL, lease: 5, leaseMargin: 1.666, ...timeouts };
    assert.deepEqual(numbersOf({ leaseLength }), short);
    const leaseGrace = Duration.seconds(2);
    const shorter = numbersOf({ leaseLength, leaseGrace });
    assert.deepEqual([shorter.taskManagerTimeout, shorter.leaseTimeout], [7, 22]);
  });

  it('takes a reservation for the most TaskManagers of a job', () => {
    assert.equal(numbersOf({ reservedConcurrency: 20 }).maxTaskManagers, 20);
    assert.equal(numbersOf({ reservedConcurrency: 20, maxTaskManagers: 5 }).maxTaskManagers, 5);
  });

  it('refuses what cannot be, and names it', () => {
    const wrong: readonly (readonly [JobManagerProps, RegExp])[] = [
      [{ taskSlots: 0 }, /taskSlots=0$/],
      [{ taskSlots: 7 }, /from 1 to 6 taskSlots=7$/],
      [{ taskSlots: 1.5 }, /taskSlots=1.5$/],
      [{ leaseLength: Duration.minutes(15) }, /from 1000 to 870000 ms leaseLength=900000$/],
      [{ leaseLength: Duration.millis(10) }, /leaseLength=10$/],
      [{ leaseLength: Duration.seconds(5), leaseMargin: Duration.seconds(5) }, /leaseMargin=5000$/],
      [{ leaseGrace: Duration.millis(1) }, /leaseGrace=1$/],
      [{ turnTimeout: Duration.minutes(16) }, /turnTimeout=960000$/],
      [{ jobExpiration: Duration.millis(1) }, /jobExpiration=1$/],
      [{ continueAfterEvents: 22_001 }, /from 60 to 22000 continueAfterEvents=22001$/],
      [{ maxTaskManagers: 0 }, /maxTaskManagers=0$/],
      [{ reservedConcurrency: 5, maxTaskManagers: 6 }, /from 1 to 5 maxTaskManagers=6$/],
      [{ reservedConcurrency: 0 }, /reservedConcurrency=0$/],
    ];
    for (const [props, message] of wrong) {
      assert.throws(() => clusterSettings(props), { code: 'PROPERTY_OUT_OF_RANGE', message });
    }
  });

  it('refuses a key where none is wanted', () => {
    const props = { encryption: 'SERVICE_MANAGED', kmsKey: {} as never } as const;
    assert.throws(() => clusterSettings(props), { code: 'ENCRYPTION_INVALID' });
    assert.equal(clusterSettings({ kmsKey: {} as never }).encryption, 'CUSTOMER_MANAGED');
  });
});
