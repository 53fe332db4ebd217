/**
 * Goal: whatever the order of completions, and wherever a snapshot is restored, every result
 * leaves once, with its timestamp, and never on the other side of a watermark.
 * Method: random steps of input, answers, mailbox turns and restores against a plain model.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OperatorHarness } from '../testing/index.ts';
import { type AsyncOutputMode, asyncWaitOperator } from './index.ts';

type Step =
  | { readonly type: 'record' }
  | { readonly type: 'watermark' }
  | { readonly type: 'answer'; readonly which: number }
  | { readonly type: 'turn' }
  | { readonly type: 'restore' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ type: 'record' } as const) },
  { weight: 2, arbitrary: fc.constant({ type: 'watermark' } as const) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('answer' as const), which: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.constant({ type: 'turn' } as const) },
  { weight: 1, arbitrary: fc.constant({ type: 'restore' } as const) },
);

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An operator that is replaced by a restored one from time to time. */
class Run {
  readonly out: (number | string)[] = [];
  readonly input: (number | string)[] = [];
  mostUnderWay = 0;
  #next = 0;
  #underWay: { value: number; answer: PromiseWithResolvers<number> }[] = [];
  readonly #options: { mode: AsyncOutputMode; capacity: number };
  #harness: Awaited<ReturnType<Run['start']>> | undefined;

  constructor(mode: AsyncOutputMode, capacity: number) {
    this.#options = { mode, capacity };
  }

  start(restore?: ReturnType<OperatorHarness<never, never>['snapshotSync']>) {
    this.#underWay = [];
    const calls = this.#underWay;
    const ask = (value: number): Promise<number> => {
      const answer = Promise.withResolvers<number>();
      calls.push({ value, answer });
      return answer.promise;
    };
    const factory = asyncWaitOperator<number, number>(ask, { ...this.#options, timeoutMs: 0 });
    return OperatorHarness.oneInput(factory, restore === undefined ? {} : { restore }).open();
  }

  async take(steps: readonly Step[]): Promise<void> {
    this.#harness = await this.start();
    for (const next of steps) await this.#take(next, this.#harness);
    const harness = this.#harness;
    let ended = false;
    const finish = harness.finish(harness.operator).then(() => {
      ended = true;
    });
    while (!ended) await this.#answer(0);
    await finish;
    this.#collect(harness);
  }

  async #take(next: Step, harness: Awaited<ReturnType<Run['start']>>): Promise<void> {
    const { operator } = harness;
    if (next.type === 'record') {
      this.#next += 1;
      this.input.push(this.#next);
      operator.processElement(this.#next, this.#next * 10, -1);
    } else if (next.type === 'watermark') {
      this.input.push(`watermark ${this.#next * 10}`);
      operator.processWatermark(this.#next * 10);
    } else if (next.type === 'answer') await this.#answer(next.which);
    else if (next.type === 'turn') harness.runMailbox();
    else {
      const snapshot = harness.snapshotSync();
      this.#collect(harness);
      this.#harness = await this.start(snapshot);
      this.#harness.runMailbox();
    }
    this.mostUnderWay = Math.max(this.mostUnderWay, this.#underWay.length);
  }

  async #answer(which: number): Promise<void> {
    const [call] = this.#underWay.splice(which % Math.max(1, this.#underWay.length), 1);
    call?.answer.resolve(call.value);
    await settled();
  }

  #collect(harness: Awaited<ReturnType<Run['start']>>): void {
    for (const one of harness.take()) {
      if (one.type === 'watermark') this.out.push(`watermark ${one.watermarkMs}`);
      if (one.type !== 'record') continue;
      assert.equal(one.timestampMs, one.value * 10);
      this.out.push(one.value);
    }
  }
}

/** Records between watermarks, each group sorted; watermarks that repeat say nothing. */
function groups(elements: readonly (number | string)[]): unknown[] {
  const all: { until: string; values: number[] }[] = [];
  let values: number[] = [];
  for (const element of elements) {
    if (typeof element === 'number') values.push(element);
    else if (values.length > 0 || all.length === 0) {
      all.push({ until: element, values: values.toSorted((a, b) => a - b) });
      values = [];
    }
  }
  return [...all, values.toSorted((a, b) => a - b)];
}

describe('asynchronous I/O in any order of completions, restored anywhere', () => {
  for (const mode of ['ordered', 'unordered'] as const) {
    it(`emits every result once and keeps watermarks where they were: ${mode}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { maxLength: 40 }),
          fc.integer({ min: 1, max: 6 }),
          async (steps, capacity) => {
            const run = new Run(mode, capacity);
            await run.take(steps);
            assert.deepEqual(groups(run.out), groups(run.input));
            assert.ok(run.mostUnderWay <= capacity, `${run.mostUnderWay} of ${capacity}`);
            const records = run.out.filter((one) => typeof one === 'number');
            if (mode === 'ordered')
              assert.deepEqual(
                records,
                records.toSorted((a, b) => a - b),
              );
          },
        ),
        { numRuns: 150 },
      );
    });
  }
});
