/** Goal: profiles are taken, kept, bounded. Method: a process that answers by hand. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Inspect, InspectAnswers, InspectRequest } from '../inspect/index.ts';
import { ProcessProfiles } from './process-profiles.ts';

describe('ProcessProfiles', () => {
  let nowEpochMs: number;
  let asked: InspectRequest[];
  let answer: PromiseWithResolvers<string>;
  let files: Map<string, string>;
  let profiles: ProcessProfiles;

  beforeEach(() => {
    nowEpochMs = 0;
    asked = [];
    answer = Promise.withResolvers();
    files = new Map();
    profiles = create(true);
  });

  function create(isEnabled: boolean): ProcessProfiles {
    const inspect: Inspect = async <T extends InspectRequest>(request: T) => {
      asked.push(request);
      return (await answer.promise) as InspectAnswers[T['type']];
    };
    return new ProcessProfiles({
      log: {
        keepProfile: (name, text) => void files.set(name, text),
        profile: (name) => Buffer.from(files.get(name) ?? ''),
        dropProfile: (name) => void files.delete(name),
      },
      inspect,
      clock: { nowEpochMs: () => nowEpochMs, monotonicMs: () => 0 },
      settings: { isEnabled, maxDurationS: 60, historyCount: 2 },
    });
  }

  async function taken(text = '{}'): Promise<void> {
    answer.resolve(text);
    await new Promise((resolve) => setImmediate(resolve));
  }

  it('are RUNNING, then FINISHED with a file for V8’s tools', async () => {
    assert.equal(profiles.start('ITIMER', 5).status, 'RUNNING');
    assert.deepEqual(asked, [{ type: 'profile', mode: 'CPU', durationMs: 5000 }]);
    nowEpochMs = 5000;
    await taken('{"nodes":[]}');
    const [one] = profiles.list();
    assert.deepEqual(
      [one?.status, one?.finishedAtEpochMs, one?.fileName],
      ['FINISHED', 5000, '1970-01-01_00-00-00_ITIMER.cpuprofile'],
    );
    const file = profiles.read('1970-01-01_00-00-00_ITIMER.cpuprofile');
    assert.equal(Buffer.from(file?.content ?? '').toString(), '{"nodes":[]}');
    assert.equal(profiles.read('../1970-01-01_00-00-00_ITIMER.cpuprofile'), undefined);
  });

  it('of allocations are heap profiles', async () => {
    profiles.start('ALLOC', 1);
    await taken();
    assert.match(profiles.list()[0]?.fileName ?? '', /_ALLOC\.heapprofile$/);
  });

  it('fail with their process, and say so', async () => {
    profiles.start('CPU', 1);
    answer.reject(new Error('it is gone'));
    await new Promise((resolve) => setImmediate(resolve));
    const [one] = profiles.list();
    assert.deepEqual(
      [one?.status, one?.message, one?.fileName],
      ['FAILED', 'it is gone', undefined],
    );
  });

  it('are one at a time, of a kind that V8 has, and not too long', () => {
    assert.throws(() => profiles.start('LOCK', 1), { status: 400, message: /LOCK is not there/ });
    assert.throws(() => profiles.start('WALL', 1), { status: 400 });
    assert.throws(() => profiles.start('CPU', 61), { status: 400, message: /duration-max/ });
    profiles.start('CPU', 60);
    assert.throws(() => profiles.start('CPU', 1), { status: 409 });
  });

  it('are forgotten when there are newer ones', async () => {
    for (let i = 0; i < 3; i += 1) {
      nowEpochMs = i * 1000;
      profiles.start('CPU', 1);
      await taken();
    }
    assert.deepEqual([...files.keys()].length, 2);
    assert.equal(profiles.read('1970-01-01_00-00-00_CPU.cpuprofile'), undefined);
  });

  it('can be turned off', () => {
    const off = create(false);
    for (const act of [() => off.list(), () => off.start('CPU', 1), () => off.read('x')]) {
      assert.throws(act, { status: 404, message: /rest\.profiling\.enabled/ });
    }
  });
});
