import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../core/index.ts';
import type { JobGraph } from '../graph/index.ts';
import { FailureLog } from './failure-log.ts';

function graphOf(...chains: readonly (readonly string[])[]): JobGraph {
  const vertices = chains.map((names, at) => ({
    id: `v${at}`,
    name: names.join(' -> '),
    parallelism: 2,
    maxParallelism: 128,
    slotSharingGroup: 'default',
    operators: names.map((name, nodeId) => ({ nodeId, operatorId: name, name, operator: name })),
  }));
  return { jobName: 'job', jobType: 'STREAMING', vertices, edges: [], hash: '' };
}

const parts = {
  clock: { nowEpochMs: () => 5, monotonicMs: () => 5 },
  exceptionHistoryCount: 4,
  journal: {},
};

/** The task blamed for a failure in `operator` that the task of `v0` reported. */
function blamed(graph: JobGraph, operator: string): string | undefined {
  const log = new FailureLog(parts);
  const details = { operator, subtask: 1 };
  const error = new StreamError({ kind: 'user', code: 'BOOM', message: 'boom', details }).toJSON();
  log.note({ error, task: { vertexId: 'v0', subtaskIndex: 0 } }, graph, true);
  return log.history.entries[0]?.taskName;
}

describe('FailureLog', () => {
  it('blames the task whose operator failed, not the one that called it', () => {
    assert.equal(blamed(graphOf(['Source'], ['Sum', 'Sink']), 'Sum'), 'Sum -> Sink (2/2)');
  });

  it('believes the task that reports when names do not tell', () => {
    assert.equal(blamed(graphOf(['Source'], ['Map'], ['Map']), 'Map'), 'Source (2/2)');
    assert.equal(blamed(graphOf(['Map'], ['Map']), 'Map'), 'Map (2/2)');
    assert.equal(blamed(graphOf(['Source'], ['Sum']), 'unknown'), 'Source (2/2)');
  });

  it('says once a restart why, and nothing before a failure', () => {
    const lines: unknown[] = [];
    const logger = { log: (...line: unknown[]) => void lines.push(line) };
    const log = new FailureLog(parts);
    log.tellOfRestart(logger, 10);
    const error = new StreamError({ kind: 'user', code: 'BOOM', message: 'boom' }).toJSON();
    log.note({ error }, graphOf(['Source']), true);
    log.tellOfRestart(logger, 10);
    const fields = { code: 'BOOM', delayMs: 10 };
    assert.deepEqual(lines, [['warn', 'the job restarts after: boom', fields]]);
  });
});
