/**
 * Goal: whole jobs with asynchronous I/O are bounded, ordered, exact after a failure, and take
 * checkpoints while nothing answers. Method: calls that the test answers, in virtual time.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AsyncDataStream, type StreamExecutionEnvironment } from '../api/index.ts';
import { printSink, sequenceSource } from '../connectors/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { runJob } from './run-job.ts';

const COUNT = 3000;

/** Answers in another order than it was asked, and counts what is under way. */
class Service {
  underWay = 0;
  mostUnderWay = 0;
  asked = 0;

  async ask(n: number): Promise<number> {
    this.asked += 1;
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    for (let turns = (n * 7) % 5; turns >= 0; turns -= 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.underWay -= 1;
    return n;
  }
}

const numbers = (env: StreamExecutionEnvironment) =>
  env.fromSource(sequenceSource(1, COUNT), WatermarkStrategy.noWatermarks<number>(), 'numbers');

const linesOf = (printed: string): number[] => printed.trim().split('\n').map(Number);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('a job with asynchronous I/O', () => {
  for (const rebalances of [false, true]) {
    const where = rebalances ? 'in a task of its own' : 'chained to its source';
    it(`keeps its order and its capacity, ${where}`, async () => {
      const service = new Service();
      const { result, printed } = await runJob((env) => {
        const input = rebalances ? numbers(env).rebalance() : numbers(env);
        const ask = (n: number): Promise<number> => service.ask(n);
        AsyncDataStream.orderedWait(input, ask, 0, 20).sinkTo(printSink());
      });
      assert.equal(result.status, 'FINISHED', result.error?.message);
      assert.deepEqual(linesOf(printed), upTo(COUNT));
      assert.equal(service.mostUnderWay, 20);
    });
  }

  it('emits each record once where two such operators are chained', async () => {
    const [one, other] = [new Service(), new Service()];
    const { result, printed } = await runJob((env) => {
      const first = AsyncDataStream.unorderedWait(numbers(env), (n) => one.ask(n), 0, 7);
      const second = AsyncDataStream.unorderedWait(first, (n) => other.ask(n), 0, 5);
      second.sinkTo(printSink());
    });
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.deepEqual(
      linesOf(printed).toSorted((a, b) => a - b),
      upTo(COUNT),
    );
    assert.deepEqual([one.mostUnderWay, other.mostUnderWay], [7, 5]);
  });

  it('completes checkpoints while nothing at all is answered', async () => {
    let open: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let completed = 0;
    const { result, printed } = await runJob((env) => {
      env.enableCheckpointing(100);
      const ask = {
        asyncInvoke: async (n: number): Promise<number> => {
          await gate;
          return n;
        },
        notifyCheckpointComplete: (): void => {
          completed += 1;
          if (completed === 3) open?.();
        },
      };
      AsyncDataStream.orderedWait(numbers(env), ask, 0, 4).sinkTo(printSink());
    });
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.ok(completed >= 3);
    assert.deepEqual(linesOf(printed), upTo(COUNT));
  });

  it('fails with the operator and the subtask named when a call is rejected', async () => {
    const { result } = await runJob((env) => {
      const ask = async (n: number): Promise<number> => {
        if (n === 17) throw new Error('no such id');
        return n;
      };
      AsyncDataStream.orderedWait(numbers(env), ask, 0).name('Ask').sinkTo(printSink());
    });
    assert.equal(result.status, 'FAILED');
    assert.match(
      result.error?.message ?? '',
      /async function failed in operator "Ask" \(subtask 1\/1\): no such id; record=17/,
    );
  });
});
