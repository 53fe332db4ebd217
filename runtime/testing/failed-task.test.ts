/** Which task is said to have failed, where tasks of a slot call each other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobFunction } from '../api/index.ts';
import { generatorSource } from '../connectors/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { startJob } from './run-job.ts';

/** Source → keyBy → map → filter; the map, or what it is told, throws. */
function failing(where: 'generate' | 'before' | 'map' | 'filter'): JobFunction {
  const fail = (at: string, n: number): void => {
    if (at === where && n === 7) throw new Error('at seven');
  };
  return (env) => {
    const numbers = generatorSource({
      generate: (n) => {
        fail('generate', n);
        return { n };
      },
      count: 20,
    });
    env
      .fromSource(numbers, WatermarkStrategy.noWatermarks(), 'numbers')
      .map((one) => {
        fail('before', one.n);
        return one;
      })
      .name('before')
      .keyBy('n')
      .map((one) => {
        fail('map', one.n);
        return one;
      })
      .name('the map')
      .filter(({ n }) => {
        fail('filter', n);
        return false;
      })
      .print();
  };
}

async function taskThatFailed(where: Parameters<typeof failing>[0]): Promise<string | undefined> {
  const { master, outcome } = await startJob(failing(where), {
    configuration: { 'restart-strategy.type': 'none' },
  });
  const { result } = await outcome;
  assert.equal(result.status, 'FAILED');
  const [root] = master.exceptions.entries;
  const failed = master
    .executions()
    .filter(({ subtasks }) => subtasks.some(({ state }) => state === 'FAILED'));
  assert.deepEqual(
    failed.map(({ vertexId }) => vertexId),
    [root?.task?.vertexId],
  );
  return root?.taskName;
}

describe('the task that failed', () => {
  it('is that of the operator that threw, whichever task of its slot had the turn', async () => {
    assert.match((await taskThatFailed('map')) ?? '', /^the map -> Filter/);
    assert.match((await taskThatFailed('filter')) ?? '', /^the map -> Filter/);
    assert.match((await taskThatFailed('before')) ?? '', /^Source: numbers -> before/);
    assert.match((await taskThatFailed('generate')) ?? '', /^Source: numbers -> before/);
  });
});
