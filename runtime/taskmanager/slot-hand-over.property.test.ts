import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CheckpointBarrier } from '../protocol/index.ts';
import { FixtureCluster } from './slot-fixture.ts';
import { FixtureJob } from './slot-fixture-job.ts';

const HASH = { kind: 'HASH', keySelector: (value: unknown) => value } as const;

/** left, right → join (two inputs) → sink; sources in slots of their own, or all in one. */
function jobOf(apart: boolean): FixtureJob {
  const job = new FixtureJob();
  const at = (group: string) => (apart ? { slotSharingGroup: group } : {});
  const inputs = ['left', 'right'].map((name) => ({
    node: job.source(name, { ...at(name), parallelism: 2 }),
    by: HASH,
  }));
  const [left, right] = inputs;
  assert.ok(left !== undefined && right !== undefined);
  const join = job.coMap('join', [left, right], { ...at('join'), parallelism: 2 });
  job.map('sink', [{ node: join, by: HASH }], at('sink'));
  return job;
}

const SOURCES = ['left/0', 'left/1', 'right/0', 'right/1'] as const;

type Step =
  | { readonly do: 'push'; readonly source: number; readonly bytes: number }
  | { readonly do: 'watermark'; readonly source: number; readonly by: number }
  | { readonly do: 'idle'; readonly source: number; readonly idle: boolean }
  | { readonly do: 'end'; readonly source: number }
  | { readonly do: 'turn' | 'stall' | 'hand over'; readonly slot: number }
  | { readonly do: 'trigger' | 'abort' | 'go on' };

const source = fc.nat(SOURCES.length - 1);
const slot = fc.nat(8);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      ...{ do: fc.constant('push' as const), source },
      bytes: fc.integer({ min: 1, max: 600 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ do: fc.constant('watermark' as const), source },
      by: fc.nat(9),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('idle' as const), source, idle: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), source }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('turn' as const), slot }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stall' as const), slot }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('hand over' as const), slot }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('trigger' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('go on' as const) }) },
);

/** Records by the sources they came from, watermarks, and what became of it in the end. */
interface Outcome {
  readonly bySource: Readonly<Record<string, readonly string[]>>;
  readonly lastWatermarkMs: number | undefined;
  readonly finished: readonly string[];
  readonly types: readonly string[];
}

class Run {
  readonly cluster: FixtureCluster;
  readonly #barrier: Partial<CheckpointBarrier>;
  readonly #watermarks: number[] = [];
  readonly #positions = SOURCES.map(() => ({ pushed: 0, watermarkMs: 0, ended: false }));
  readonly #handOvers: boolean;
  #nextId = 1;
  #under: number | undefined;
  handOvers = 0;

  constructor(apart: boolean, barrier: Partial<CheckpointBarrier>, handOvers: boolean) {
    this.cluster = new FixtureCluster(jobOf(apart), { ringBytes: 1024 });
    this.#barrier = barrier;
    this.#handOvers = handOvers;
  }

  async toTheEnd(steps: readonly Step[]): Promise<Outcome> {
    const { cluster } = this;
    await cluster.start();
    cluster.hooks('sink/0').watermark = (ms) => this.#watermarks.push(ms);
    for (const next of steps) await this.#take(next);
    for (const [i] of SOURCES.entries()) {
      await this.#take({ do: 'push', source: i, bytes: 5 });
      await this.#take({ do: 'end', source: i });
    }
    for (let i = 0; i < 40 && !this.#isOver; i += 1) {
      await this.#take({ do: 'go on' });
      await this.#take({ do: 'trigger' });
    }
    assert.deepEqual(cluster.tasksIn('task-failed'), []);
    return {
      bySource: this.#bySource(),
      lastWatermarkMs: this.#watermarks.at(-1),
      finished: cluster.tasksIn('task-finished').toSorted(),
      types: cluster.reports
        .map(({ type }) => type)
        .filter((type) => type === 'running' || type === 'released'),
    };
  }

  get #isOver(): boolean {
    const { reports, slots } = this.cluster;
    return reports.filter(({ type }) => type === 'released').length === slots.length;
  }

  async #take(next: Step): Promise<void> {
    const { cluster } = this;
    const count = cluster.slots.length;
    switch (next.do) {
      case 'push':
      case 'watermark':
      case 'idle':
      case 'end':
        this.#emit(next);
        break;
      case 'turn':
        await Promise.resolve();
        cluster.slots[next.slot % count]?.turn();
        cluster.slots[next.slot % count]?.flush();
        break;
      case 'stall':
        cluster.stalled.add(next.slot % count);
        await cluster.run();
        break;
      case 'hand over':
        if (this.#handOvers) cluster.slots[next.slot % count]?.handOver();
        break;
      case 'trigger':
        if (this.#under !== undefined) return;
        this.#under = this.#nextId;
        this.#nextId += 1;
        cluster.trigger(this.#under, this.#barrier);
        break;
      case 'abort':
        if (this.#under !== undefined) cluster.abort(this.#under);
        this.#under = undefined;
        break;
      case 'go on':
        await this.#goOn();
        break;
    }
  }

  #emit(next: Extract<Step, { readonly source: number }>): void {
    const key = SOURCES[next.source] ?? 'left/0';
    const at = this.#positions[next.source];
    if (at === undefined || at.ended) return;
    const from = this.cluster.source(key);
    if (next.do === 'push') from.push(`${key}:${at.pushed++}:`.padEnd(next.bytes, '.'));
    else if (next.do === 'end') from.end();
    else if (next.do === 'idle') from.idle(next.idle);
    else {
      at.watermarkMs += next.by;
      from.idle(false);
      from.watermark(at.watermarkMs);
    }
    at.ended = next.do === 'end';
  }

  /** Everything runs until nothing moves; completes what is acknowledged, follows who has left. */
  async #goOn(): Promise<void> {
    const { cluster } = this;
    cluster.stalled.clear();
    await cluster.run();
    const id = this.#under;
    if (id === undefined) return;
    const finished = cluster.tasksIn('task-finished');
    const acked = cluster.acks(id);
    const missing = ['join/0', 'join/1', 'sink/0', ...SOURCES].filter(
      (name) => !acked.has(name) && !finished.includes(name),
    );
    this.#under = undefined;
    if (missing.length > 0) cluster.abort(id);
    else cluster.complete(id);
    await cluster.run();
    for (const [i, { left }] of [...cluster.slots.entries()]) {
      if (left === undefined) continue;
      this.handOvers += 1;
      await cluster.succeed(i);
      await cluster.run();
    }
  }

  #bySource(): Record<string, string[]> {
    const found: Record<string, string[]> = {};
    for (const line of this.cluster.job.log) {
      const record = /^sink\/0: record ((\w+\/\d):\d+):/.exec(line);
      if (record === null) continue;
      const [, value = '', from = ''] = record;
      found[from] = [...(found[from] ?? []), value];
    }
    for (const values of Object.values(found)) values.sort();
    return found;
  }
}

describe('slots that are handed over, however it interleaves with records and barriers', () => {
  for (const [name, barrier] of [
    ['aligned', {}],
    ['unaligned', { unalignedAfterMs: 0 }],
    ['at least once', { mode: 'AT_LEAST_ONCE' }],
  ] as const) {
    it(`give what slots give that stay (${name})`, async () => {
      let handOvers = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.boolean(),
          fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }),
          async (apart, steps) => {
            const stays = await new Run(apart, barrier, false).toTheEnd(steps);
            const goes = new Run(apart, barrier, true);
            assert.deepEqual(await goes.toTheEnd(steps), stays);
            handOvers += goes.handOvers;
          },
        ),
        { numRuns: 25 },
      );
      assert.ok(handOvers > 0, 'no slot was handed over: the property says nothing');
    });
  }
});
