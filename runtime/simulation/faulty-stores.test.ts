import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FaultyCalls, GOOD_STORE, type StoreFaults } from './faulty-stores.ts';
import { SimProcess } from './sim-process.ts';
import { SimWorld } from './sim-world.ts';

async function outcome(
  faults: Partial<StoreFaults>,
  isWrite = true,
): Promise<{ reported: string; doneAtMs: number | undefined; reportedAtMs: number }> {
  const world = new SimWorld(1);
  const host = new SimProcess(world, 'p', 0);
  const calls = new FaultyCalls(host, () => ({ ...GOOD_STORE, ...faults }));
  let doneAtMs: number | undefined;
  const result = { reported: '', reportedAtMs: 0 };
  const report = (reported: string): void => {
    result.reported = reported;
    result.reportedAtMs = world.nowMs;
  };
  calls
    .call('op', isWrite, async () => {
      doneAtMs = world.nowMs;
    })
    .then(
      () => report('done'),
      (error: { code: string }) => report(error.code),
    );
  let over = false;
  world.schedule(1000, 'over', () => {
    over = true;
  });
  await world.run(() => over, { maxEvents: 100, maxTimeMs: 2000 });
  return { ...result, doneAtMs };
}

describe('FaultyCalls', () => {
  it('reports what has happened when nothing is wrong', async () => {
    const { reported, doneAtMs } = await outcome({});
    assert.equal(reported, 'done');
    assert.ok(doneAtMs !== undefined);
  });

  it('throttles and loses without effect', async () => {
    assert.deepEqual((await outcome({ throttleRate: 1 })).doneAtMs, undefined);
    assert.equal((await outcome({ throttleRate: 1 })).reported, 'THROTTLED');
    assert.deepEqual((await outcome({ loseRate: 1 })).doneAtMs, undefined);
    assert.equal((await outcome({ loseRate: 1 })).reported, 'TIMED_OUT');
  });

  it('does writes that it reports as failed, at once or long after', async () => {
    const ambiguous = await outcome({ ambiguousRate: 1 });
    assert.equal(ambiguous.reported, 'TIMED_OUT');
    assert.ok((ambiguous.doneAtMs ?? Number.NaN) <= ambiguous.reportedAtMs);
    const late = await outcome({ lateRate: 1, maxLateMs: 500 });
    assert.equal(late.reported, 'TIMED_OUT');
    assert.ok((late.doneAtMs ?? Number.NaN) > late.reportedAtMs);
  });

  it('never reports a read as failed that is ambiguous or late', async () => {
    assert.equal((await outcome({ ambiguousRate: 1 }, false)).reported, 'done');
    assert.equal((await outcome({ lateRate: 1 }, false)).reported, 'done');
  });
});
