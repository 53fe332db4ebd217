/** Goal: what threads do is seen as it is. Method: a thread that works, one that waits, profiles. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ProcessInspector, ThreadRegistry, threadDump } from './index.ts';
import { mergedCpuProfile, mergedHeapProfile } from './merged-profiles.ts';
import { type CpuProfile, sampledStacks } from './sampled-stacks.ts';
import { SourceNames } from './source-names.ts';

const at = (functionName: string) => {
  return { functionName, url: '', lineNumber: 0, columnNumber: 0 };
};
const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: at('(root)'), children: [2, 4] },
    { id: 2, callFrame: at('run'), children: [3] },
    { id: 3, callFrame: at('wait') },
    { id: 4, callFrame: at('(idle)') },
  ],
  samples: [2, 3, 2, 4],
  timeDeltas: [1, 1, 1, 1],
  startTime: 10,
  endTime: 14,
};

describe('a sampled profile', () => {
  it('is stacks with counts; who waits is told from who works', () => {
    const stacks = sampledStacks(PROFILE).map(({ frames, count, isWaiting }) => {
      return [frames.map(({ functionName }) => functionName).join(' '), count, isWaiting];
    });
    assert.deepEqual(stacks, [
      ['run', 2, false],
      ['run wait', 1, true],
      ['(idle)', 1, true],
    ]);
  });

  it('of several threads is one file, with a frame for each thread', () => {
    const merged = mergedCpuProfile(
      ['slot-0', 'slot-1'].map((name) => ({ name, profile: PROFILE })),
    );
    const ids = new Set(merged.nodes.map(({ id }) => id));
    assert.equal(ids.size, 9);
    const [root] = merged.nodes;
    const tops = merged.nodes.filter(({ id }) => root?.children?.includes(id));
    assert.deepEqual(
      tops.map(({ callFrame }) => callFrame.functionName),
      ['slot-0', 'slot-1'],
    );
    assert.ok(merged.samples?.every((id) => ids.has(id)));
    assert.deepEqual([merged.samples?.length, merged.endTime], [8, 18]);
  });

  it('of allocations keeps sizes, and which node a sample is of', () => {
    const head = { id: 3, callFrame: at('(root)'), selfSize: 9, children: [] };
    const profile = { head, samples: [{ nodeId: 3, ordinal: 1, size: 9 }] };
    const { head: root, samples } = mergedHeapProfile([
      { name: 'a', profile },
      { name: 'b', profile },
    ]);
    assert.deepEqual(
      samples.map(({ nodeId }) => nodeId),
      root.children.map(({ id }) => id),
    );
    assert.equal(new Set(root.children.map(({ id }) => id)).size, 2);
  });
});

describe('SourceNames', () => {
  it('names a place of a script without a map by itself', () => {
    const names = new SourceNames();
    const place = { lineNumber: 4, columnNumber: 0 };
    assert.equal(names.placeOf({ url: 'file:///nowhere/job.mjs', ...place }), 'job.mjs:5');
    assert.equal(names.placeOf({ url: 'node:timers', ...place }), 'node:timers:5');
    assert.equal(names.placeOf({ url: '', ...place }), '');
  });
});

/** A small function in a hot one, as a user's in an operator. */
const BUSY = `
class Operator { constructor(f) { this.f = f; } process(v) { this.out = this.f(v); } }
const user = function userFunction(n) {
  let x = n; for (let i = 0; i < 50; i += 1) x = (x * 31 + i) % 1000003; return x;
};
const operator = new Operator(user);
function run() { for (let i = 0; i < 20000; i += 1) operator.process(i); }
function loop() { run(); setImmediate(loop); }
loop();
`;

describe('ProcessInspector', () => {
  const threads = new ThreadRegistry();
  const clock = { nowEpochMs: () => 5, monotonicMs: () => performance.now() };
  const inspector = new ProcessInspector(threads, clock);
  let directory = '';
  let workers: Worker[];

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-inspect-'));
    const source = { version: 3, sources: ['job.ts'], names: [], mappings: 'AAAA;AACA;AACA;AACA' };
    const map = Buffer.from(JSON.stringify(source)).toString('base64');
    const comment = `//# sourceMappingURL=data:application/json;base64,${map}\n`;
    writeFileSync(join(directory, 'busy.mjs'), `${BUSY}${comment}`);
    const waits = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => {});`;
    writeFileSync(join(directory, 'idle.mjs'), waits);
    workers = ['busy', 'idle'].map((name, slotIndex) => {
      const url = pathToFileURL(join(directory, `${name}.mjs`));
      const worker = new Worker(url, { name: `slot-${slotIndex}` });
      const ring = new SharedArrayBuffer(128 + 1024);
      threads.add({ slotIndex, name: `slot-${slotIndex}`, worker }, [ring]);
      return worker;
    });
    await Promise.all(workers.map((worker) => once(worker, 'online')));
  });
  after(async () => {
    await Promise.all(workers.map((worker) => worker.terminate()));
    rmSync(directory, { recursive: true, force: true });
  });

  it('measures heaps of all threads, and the rings between them', async () => {
    const statistics = await inspector.inspect({ type: 'statistics' });
    assert.deepEqual([statistics.threadCount, statistics.networkTotalBytes], [3, 2048]);
    assert.ok(statistics.heapUsedBytes > 0 && statistics.heapUsedBytes < statistics.heapMaxBytes);
    assert.equal(statistics.measuredAtEpochMs, 5);
  });

  it('sees a function of a user that V8 has built into its caller, at its source', async () => {
    const window = { durationMs: 300, intervalMs: 2, slotIndexes: [0], isExact: true };
    const stacks = await inspector.inspect({ type: 'stacks', ...window });
    assert.deepEqual(
      stacks.map(({ name }) => name),
      ['slot-0'],
    );
    const names = stacks.flatMap((thread) => thread.stacks.flatMap((stack) => stack.names));
    assert.ok(
      names.some((name) => /^userFunction \(job\.ts:\d+\)$/.test(name)),
      names.join(', '),
    );
  });

  it('tells in a dump who works and who waits', async () => {
    const window = { durationMs: 60, intervalMs: 2, isExact: false };
    const stacks = await inspector.inspect({ type: 'stacks', ...window });
    const dumps = new Map(
      stacks.map((thread) => [thread.name, threadDump(thread, ['task Map (1/2)']).text]),
    );
    assert.match(dumps.get('slot-0') ?? '', /"slot-0" Id=\d+ RUNNABLE.*\n {4}task Map \(1\/2\)\n/);
    assert.match(dumps.get('slot-1') ?? '', /"slot-1" Id=\d+ WAITING/);
    assert.ok(dumps.has('main'));
  });

  it('takes profiles that V8’s tools read', async () => {
    const cpu = await inspector.inspect({ type: 'profile', mode: 'CPU', durationMs: 30 });
    const { nodes, samples } = JSON.parse(cpu) as CpuProfile;
    assert.ok(nodes.length > 3 && (samples?.length ?? 0) > 0);
    const heap = await inspector.inspect({ type: 'profile', mode: 'ALLOC', durationMs: 30 });
    const { head } = JSON.parse(heap) as { head: { children: unknown[] } };
    assert.equal(head.children.length, 3);
  });
});
