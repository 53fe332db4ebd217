import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadBytes } from '../checkpoint/index.ts';
import { FrameReplay } from '../exchange/index.ts';
import { FixtureCluster } from './slot-fixture.ts';
import { FixtureJob } from './slot-fixture-job.ts';

const HASH = { kind: 'HASH', keySelector: (value: unknown) => value } as const;
const LAYERS = ['src', 'map', 'sink'] as const;

type Step =
  | { readonly do: 'turn'; readonly slot: number }
  | { readonly do: 'push'; readonly source: number; readonly bytes: number }
  /** One slot stands still while others fill its rings. */
  | { readonly do: 'congest'; readonly slot: number }
  | { readonly do: 'trigger' }
  | { readonly do: 'abort' }
  | { readonly do: 'pass'; readonly ms: number };

interface Scenario {
  readonly parallelism: readonly [number, number, number];
  readonly apart: boolean;
  readonly unalignedAfterMs: number;
  readonly steps: readonly Step[];
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 32, arbitrary: fc.record({ do: fc.constant('turn' as const), slot: fc.nat(8) }) },
  {
    weight: 16,
    arbitrary: fc.record({
      do: fc.constant('push' as const),
      source: fc.nat(2),
      bytes: fc.integer({ min: 1, max: 600 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('congest' as const), slot: fc.nat(8) }) },
  { weight: 4, arbitrary: fc.constant({ do: 'trigger' as const }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'abort' as const }) },
);

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  parallelism: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
  ),
  apart: fc.boolean(),
  unalignedAfterMs: fc.constantFrom(-1, 0, 30),
  steps: fc.array(steps, { minLength: 20, maxLength: 120 }),
});

function jobOf({ parallelism: [a, b, c], apart }: Scenario): FixtureJob {
  const job = new FixtureJob();
  const at = (parallelism: number, group: string) =>
    apart ? { parallelism, slotSharingGroup: group } : { parallelism };
  const source = job.source('src', at(a, 'a'));
  const map = job.map('map', [{ node: source, by: HASH }], at(b, 'b'));
  job.map('sink', [{ node: map, by: HASH }], at(c, 'c'));
  return job;
}

/** Sources hear of what was pushed by way of promises. */
async function settleMicrotasks(): Promise<void> {
  for (let i = 0; i < 4; i += 1) await Promise.resolve();
}

class Run {
  readonly #scenario: Scenario;
  readonly #cluster: FixtureCluster;
  readonly #pushed: string[][] = [[], [], []];
  #nextId = 1;
  #under: number | undefined;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#cluster = new FixtureCluster(jobOf(scenario), { ringBytes: 1024 });
  }

  /** How many checkpoints were complete, and how many records they held on their way. */
  async toTheEnd(): Promise<{ complete: number; overtaken: number }> {
    await this.#cluster.start();
    for (const step of this.#scenario.steps) await this.#take(step);
    await this.#cluster.run();
    this.#cluster.nowMs += 100;
    await this.#cluster.run();
    await this.#take({ do: 'trigger' });
    await this.#cluster.run();
    this.#cluster.nowMs += 100;
    await this.#cluster.run();
    const tasks = this.#scenario.parallelism.reduce((sum, p) => sum + p, 0);
    assert.equal(this.#cluster.acks(this.#nextId - 1).size, tasks, 'the last one completes');
    assert.deepEqual(this.#cluster.tasksIn('task-failed'), []);
    const counts = { complete: 0, overtaken: 0 };
    for (let id = 1; id < this.#nextId; id += 1) {
      if (this.#cluster.acks(id).size < tasks) continue;
      counts.complete += 1;
      counts.overtaken += await this.#checkCut(id);
    }
    const all = this.#pushed.flat().toSorted();
    assert.deepEqual(this.#seen('sink', undefined), all, 'nothing is lost or repeated');
    return counts;
  }

  async #take(step: Step): Promise<void> {
    const cluster = this.#cluster;
    const sources = this.#scenario.parallelism[0];
    switch (step.do) {
      case 'turn':
        await settleMicrotasks();
        cluster.slots[step.slot % cluster.slots.length]?.turn();
        cluster.slots[step.slot % cluster.slots.length]?.flush();
        break;
      case 'push':
        this.#push(step.source % sources, step.bytes);
        break;
      case 'congest':
        await this.#congest(step.slot % cluster.slots.length, sources);
        break;
      case 'trigger':
        // As with max-concurrent-checkpoints = 1.
        if (this.#under !== undefined) await this.#take({ do: 'abort' });
        this.#under = this.#nextId;
        this.#nextId += 1;
        cluster.trigger(this.#under, { unalignedAfterMs: this.#scenario.unalignedAfterMs });
        break;
      case 'abort':
        if (this.#under !== undefined) cluster.abort(this.#under);
        this.#under = undefined;
        break;
      case 'pass':
        cluster.nowMs += step.ms;
        break;
    }
  }

  #push(source: number, bytes: number): void {
    const value = `${source}:${this.#pushed[source]?.length}:`.padEnd(bytes, '.');
    this.#pushed[source]?.push(value);
    this.#cluster.source(`src/${source}`).push(value);
  }

  async #congest(slot: number, sources: number): Promise<void> {
    for (let round = 0; round < 12; round += 1) {
      this.#push(round % sources, 400);
      await settleMicrotasks();
      for (const [i, other] of this.#cluster.slots.entries()) {
        if (i === slot) continue;
        other.turn();
        other.flush();
      }
    }
  }

  /** What a layer had at a cut, with what was on its way, is what the layer before had. */
  async #checkCut(id: number): Promise<number> {
    let overtaken = 0;
    let before = this.#emitted(id);
    for (const layer of LAYERS.slice(1)) {
      const onTheWay = await this.#onTheWay(layer, id);
      overtaken += onTheWay.length;
      const seen = this.#seen(layer, id);
      assert.deepEqual([...seen, ...onTheWay].toSorted(), before, `${layer} at ${id}`);
      before = seen;
    }
    return overtaken;
  }

  #emitted(id: number): string[] {
    const values: string[] = [];
    for (const [name, { state }] of this.#cluster.acks(id)) {
      if (!name.startsWith('src/')) continue;
      const count = state.operators[0]?.operatorStates[0]?.itemCount;
      values.push(...(this.#pushed[state.subtaskIndex]?.slice(0, count) ?? []));
    }
    return values.toSorted();
  }

  /** Records before the snapshot, or all. */
  #seen(layer: string, id: number | undefined): string[] {
    const [, maps, sinks] = this.#scenario.parallelism;
    const values: string[] = [];
    for (let i = 0; i < (layer === 'map' ? maps : sinks); i += 1) {
      const prefix = `${layer}/${i}: `;
      for (const line of this.#cluster.job.log) {
        if (line === `${prefix}snapshot ${id}`) break;
        if (line.startsWith(`${prefix}record `)) values.push(line.slice(prefix.length + 7));
      }
    }
    return values.toSorted();
  }

  async #onTheWay(layer: string, id: number): Promise<string[]> {
    const values: string[] = [];
    for (const [name, { state }] of this.#cluster.acks(id)) {
      if (!name.startsWith(`${layer}/`)) continue;
      for (const { bytes } of state.channels) {
        const replay = new FrameReplay(await loadBytes(bytes, this.#cluster.blobs), true);
        while (replay.next({ record: (value) => values.push(String(value)) })) {}
      }
    }
    return values;
  }
}

describe('checkpoints of a job, however slots, records and triggers interleave', () => {
  it('cut every edge between the same records, and lose and repeat none', async () => {
    const total = { complete: 0, overtaken: 0 };
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { complete, overtaken } = await new Run(scenario).toTheEnd();
        total.complete += complete;
        total.overtaken += overtaken;
      }),
      { numRuns: 60 },
    );
    assert.ok(total.complete >= 60 && total.overtaken > 0, JSON.stringify(total));
  });
});
