import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { functionLogger } from '../shared/index.ts';
import { leaseMetrics, type ProcessStart } from './lease-metrics.ts';

const REQUEST = { jobId: '0'.repeat(32), attempt: 1, taskManager: 2, lease: 3 };
const TIMES = {
  ...{ claimedMs: 10, fetchedMs: 20, threadMs: 25, bundleMs: 30, restoredMs: 40 },
  firstRecordMs: 55,
};

function written(processStart?: ProcessStart) {
  const lines: string[] = [];
  const metrics = leaseMetrics({
    ...{ prefix: 'p', request: REQUEST, processStart, nowEpochMs: () => 7 },
    write: (line) => void lines.push(line),
  });
  return { metrics, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

function metricOf(name: string): object {
  const metrics = [{ Name: name, Unit: 'Milliseconds' }];
  const directive = { Namespace: 'Sluice', Dimensions: [['prefix']], Metrics: metrics };
  return { Timestamp: 7, CloudWatchMetrics: [directive] };
}

describe('leaseMetrics', () => {
  it('says how late a lease was handed over, as the metric that the alarm watches', () => {
    const { metrics, last } = written();
    metrics.rollOverLate(1_500);
    const { _aws, prefix, LeaseRollOverLateMs, lease } = last();
    assert.deepEqual(_aws, metricOf('LeaseRollOverLateMs'));
    assert.deepEqual([prefix, LeaseRollOverLateMs, lease], ['p', 1_500, 3]);
  });

  it('says how a slot came to its first record, since the start of a new process', () => {
    const { metrics, last } = written({ nodeMs: 20, loadedMs: 120 });
    metrics.slotStarted({ slotIndex: 4, ...TIMES });
    const { _aws, SlotStartMs, slot, isCold, nodeMs, restoredMs } = last();
    assert.deepEqual(_aws, metricOf('SlotStartMs'));
    assert.deepEqual([SlotStartMs, slot, isCold, nodeMs, restoredMs], [175, 4, true, 20, 40]);
  });

  it('counts from the invocation in a process that has run leases before', () => {
    const { metrics, last } = written();
    metrics.slotStarted({ slotIndex: 4, ...TIMES });
    assert.deepEqual([last().SlotStartMs, last().isCold], [55, false]);
  });

  it('writes lines as the logger does, so that who looks for those of a job finds them', (t) => {
    const logged: string[] = [];
    t.mock.method(process.stdout, 'write', (line: string) => logged.push(line) > 0);
    const { logger, json } = functionLogger('taskmanager', 'p', {});
    json.appendKeys(REQUEST);
    logger.log('info', 'a line', {});
    t.mock.restoreAll();
    const ofLogger = JSON.parse(logged.at(-1) ?? '') as Record<string, unknown>;
    const { metrics, last } = written();
    metrics.rollOverLate(0);
    for (const field of ['level', 'service', 'prefix', ...Object.keys(REQUEST)]) {
      assert.ok(ofLogger[field] !== undefined, field);
      assert.equal(last()[field], ofLogger[field], field);
    }
    assert.ok(Date.parse(String(last().timestamp)) >= 0);
  });
});
