/** Goal: sampled when somebody asks, and not more often. Method: a process that answers by hand. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { AskedFlameGraph } from '../http/index.ts';
import type { Inspect, InspectAnswers, InspectRequest, ThreadStacks } from '../inspect/index.ts';
import { LocalFlameGraphs } from './local-flame-graphs.ts';

const ASKED: AskedFlameGraph = {
  ...{ jobId: 'j', vertexId: 'v', type: 'full', subtaskIndex: undefined, slotIndexes: [0, 1] },
};
const THREADS: readonly ThreadStacks[] = [
  {
    ...{ name: 'slot-0', threadId: 1 },
    stacks: [
      { names: ['run', 'map (job.ts:1)'], count: 3, isWaiting: false },
      { names: ['(idle)'], count: 4, isWaiting: true },
    ],
  },
  {
    ...{ name: 'slot-1', threadId: 2 },
    stacks: [{ names: ['run', 'sink'], count: 2, isWaiting: false }],
  },
];

describe('LocalFlameGraphs', () => {
  let nowMs: number;
  let asked: InspectRequest[];
  let fails: boolean;
  const inspect: Inspect = async <T extends InspectRequest>(request: T) => {
    asked.push(request);
    if (fails) throw new Error('gone');
    return THREADS as InspectAnswers[T['type']];
  };
  const settings = {
    ...{ isEnabled: true, refreshIntervalMs: 100, cleanupIntervalMs: 1000 },
    ...{ sampleCount: 10, delayBetweenSamplesMs: 5 },
  };
  const graphs = (isEnabled = true) =>
    new LocalFlameGraphs(
      { nowEpochMs: () => 7000 + nowMs, monotonicMs: () => nowMs },
      { ...settings, isEnabled },
    );
  const sampled = () => new Promise((resolve) => setImmediate(resolve));

  beforeEach(() => {
    nowMs = 0;
    asked = [];
    fails = false;
  });

  it('wait for the samples once, and are shown from then on', async () => {
    const all = graphs();
    assert.deepEqual(all.get(ASKED, inspect), { why: 'waiting' });
    assert.deepEqual(all.get(ASKED, inspect), { why: 'waiting' });
    const window = { durationMs: 50, intervalMs: 5, slotIndexes: [0, 1], isExact: true };
    assert.deepEqual(asked, [{ type: 'stacks', ...window }]);
    await sampled();
    assert.deepEqual(all.get(ASKED, inspect), {
      endEpochMs: 7000,
      root: {
        ...{ name: 'root', value: 9 },
        children: [
          {
            ...{ name: 'run', value: 5 },
            children: [
              { name: 'map (job.ts:1)', value: 3, children: [] },
              { name: 'sink', value: 2, children: [] },
            ],
          },
          { name: '(idle)', value: 4, children: [] },
        ],
      },
    });
  });

  it('tell what works from what waits', async () => {
    const all = graphs();
    all.get(ASKED, inspect);
    await sampled();
    for (const [type, value] of [
      ['on_cpu', 5],
      ['off_cpu', 4],
    ] as const) {
      const graph = all.get({ ...ASKED, type }, inspect);
      assert.equal('root' in graph && graph.root.value, value, type);
    }
    assert.equal(asked.length, 1);
  });

  it('that are old are shown while new samples are taken', async () => {
    const all = graphs();
    all.get(ASKED, inspect);
    await sampled();
    nowMs = 99;
    all.get(ASKED, inspect);
    assert.equal(asked.length, 1);
    nowMs = 100;
    const old = all.get(ASKED, inspect);
    assert.equal('endEpochMs' in old && old.endEpochMs, 7000);
    await sampled();
    const fresh = all.get(ASKED, inspect);
    assert.equal('endEpochMs' in fresh && fresh.endEpochMs, 7100);
    assert.equal(asked.length, 2);
  });

  it('that nobody looks at are forgotten', async () => {
    const all = graphs();
    all.get(ASKED, inspect);
    await sampled();
    nowMs = 1000;
    assert.deepEqual(all.get(ASKED, inspect), { why: 'waiting' });
  });

  it('are tried again when the process was gone', async () => {
    const all = graphs();
    fails = true;
    all.get(ASKED, inspect);
    await sampled();
    fails = false;
    assert.deepEqual(all.get(ASKED, inspect), { why: 'waiting' });
    assert.equal(asked.length, 2);
  });

  it('cost nothing where they are turned off', () => {
    assert.deepEqual(graphs(false).get(ASKED, inspect), { why: 'disabled' });
    assert.deepEqual(asked, []);
  });
});
