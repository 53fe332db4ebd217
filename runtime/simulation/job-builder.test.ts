import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runJob } from '../testing/index.ts';
import { ExternalStore } from './external-store.ts';
import { buildSimJob } from './job-builder.ts';
import { randomJob, type SimRecord } from './job-spec.ts';
import { expectedStreams } from './oracle.ts';
import { BugSwitch } from './planted-bugs.ts';
import { SimArrivals } from './sim-arrivals.ts';
import { SimRng } from './sim-rng.ts';

const JOBS = 40;

describe('random jobs', () => {
  it('write what the sequential oracle says, without faults', async () => {
    const violations: string[] = [];
    let records = 0;
    for (let seed = 0; seed < JOBS; seed += 1) {
      const spec = randomJob(new SimRng(seed), true);
      const store = new ExternalStore((what) => violations.push(what));
      const ports = {
        store,
        call: async (_label: string, act: () => void) => act(),
        violate: (what: string) => violations.push(what),
        pause: () => Promise.resolve(),
        bugs: new BugSwitch(),
        nowMs: () => 0,
        arrivals: new SimArrivals(() => 0),
      };
      let jobId = '';
      const { result } = await runJob((env) => buildSimJob(env, spec, ports), {
        configuration: { 'pipeline.auto-watermark-interval': '5 ms' },
      });
      jobId = result.jobId;
      assert.equal(result.status, 'FINISHED', `seed=${seed} ${result.error?.message}`);
      const streams = expectedStreams(spec, (source) => spec.sources[source]?.recordsPerSplit ?? 0);
      for (const sink of spec.sinks) {
        const expected = (streams[sink] ?? []).map(text).toSorted();
        records += expected.length;
        assert.deepEqual(store.output(jobId, sink).map(text).toSorted(), expected, `seed=${seed}`);
      }
    }
    assert.deepEqual(violations, []);
    assert.ok(records > 20 * JOBS, `the jobs write something: records=${records}`);
  });
});

function text({ id, key, value }: SimRecord): string {
  return `${id} ${key} ${value}`;
}
