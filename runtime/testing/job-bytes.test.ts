/** What is counted of edges: bytes of what is encoded, at both ends the same; calls have none. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamExecutionEnvironment } from '../api/index.ts';
import type { TaskMetricsRecord } from '../protocol/index.ts';
import { startJob } from './run-job.ts';

type Counted = Pick<
  TaskMetricsRecord,
  'numBytesIn' | 'numBytesOut' | 'hasLocalInput' | 'hasLocalOutput'
>;

/** Of each subtask, vertex by vertex, when the job has finished. */
async function countedOf(
  job: (env: StreamExecutionEnvironment) => void,
  parallelism: number,
): Promise<readonly (readonly Counted[])[]> {
  const { master, outcome } = await startJob(job, { parallelism });
  assert.equal((await outcome).result.status, 'FINISHED');
  return master.executions().map(({ subtasks }) => {
    return subtasks.map(({ metrics }) => {
      assert.ok(metrics !== undefined);
      const { numBytesIn, numBytesOut, hasLocalInput, hasLocalOutput } = metrics;
      return {
        ...{ numBytesIn, numBytesOut },
        ...(hasLocalInput === undefined ? {} : { hasLocalInput }),
        ...(hasLocalOutput === undefined ? {} : { hasLocalOutput }),
      };
    });
  });
}

const sum = (subtasks: readonly Counted[] | undefined, name: 'numBytesIn' | 'numBytesOut') =>
  (subtasks ?? []).reduce((total, subtask) => total + subtask[name], 0);

describe('the bytes of an edge', () => {
  for (const checkpoints of [false, true]) {
    const which = checkpoints ? 'with checkpoints' : 'without checkpoints';
    it(`are the same at both ends of a job that has finished, ${which}`, async () => {
      const [source, sink] = await countedOf((env) => {
        if (checkpoints) env.enableCheckpointing(20);
        env.fromSequence(1, 5000).rebalance().print();
      }, 3);
      assert.ok(sum(source, 'numBytesOut') > 10_000);
      assert.equal(sum(sink, 'numBytesIn'), sum(source, 'numBytesOut'));
    });
  }

  it('say that they are not of all records where some are called', async () => {
    const [source, sink] = await countedOf((env) => {
      env.fromSequence(1, 100).rebalance().print();
    }, 2);
    for (const { hasLocalInput, hasLocalOutput } of source ?? []) {
      assert.deepEqual([hasLocalInput, hasLocalOutput], [undefined, true]);
    }
    for (const { hasLocalInput, hasLocalOutput } of sink ?? []) {
      assert.deepEqual([hasLocalInput, hasLocalOutput], [true, undefined]);
    }
    const called = await countedOf((env) => {
      env.fromSequence(1, 100).disableChaining().print();
    }, 1);
    assert.deepEqual(called, [
      [{ numBytesIn: 0, numBytesOut: 0, hasLocalOutput: true }],
      [{ numBytesIn: 0, numBytesOut: 0, hasLocalInput: true }],
    ]);
  });

  it('are of all records where none is called', async () => {
    const [source, sink] = await countedOf((env) => {
      env.fromSequence(1, 100).rebalance().print().slotSharingGroup('other');
    }, 2);
    for (const counted of [...(source ?? []), ...(sink ?? [])]) {
      assert.deepEqual([counted.hasLocalInput, counted.hasLocalOutput], [undefined, undefined]);
    }
    assert.ok(sum(source, 'numBytesOut') > 0);
    assert.equal(sum(sink, 'numBytesIn'), sum(source, 'numBytesOut'));
  });
});
