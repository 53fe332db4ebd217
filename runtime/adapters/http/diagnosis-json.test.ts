import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Diagnosis } from '../../jobmaster/index.ts';
import { askOf, JOB_ID, RUNNING_JOB, SINK_ID, SOURCE_ID } from './shown-cluster.fixture.ts';

const diagnosis: Diagnosis = {
  ...{ atEpochMs: 5, status: 'HIBERNATED', verdict: 'blocked', summary: 'Why.' },
  sinks: [
    {
      ...{ operator: 'Sink', vertexId: SINK_ID, guarantee: 'EXACTLY_ONCE', numRecords: 7 },
      ...{ numRecordsPerSecond: 1.26, commitsWithCheckpoints: true },
    },
  ],
  findings: [
    {
      ...{ code: 'IDLE_PARTITION', severity: 'error', sentence: 's', advice: 'a' },
      ...{ evidence: { behindMs: 3 }, vertexId: SINK_ID, vertexName: 'Sink', operator: 'Window' },
      subtaskIndex: 0,
      input: {
        ...{ inputIndex: 1, fromVertexId: SOURCE_ID, fromVertexName: 'Source', fromSubtask: 2 },
        splitId: 'p-1',
      },
    },
    { code: 'HIBERNATES', severity: 'info', sentence: 's', advice: 'a', evidence: {} },
  ],
};

describe('GET /jobs/:jobid/diagnosis', () => {
  it('has every field, null where there is nothing', async () => {
    const { status, body } = await askOf(
      { ...RUNNING_JOB, diagnosis },
      `GET /jobs/${JOB_ID}/diagnosis`,
    );
    assert.equal(status, 200);
    const nowhere = { 'vertex-id': null, 'vertex-name': null, operator: null, subtask: null };
    assert.deepEqual(body, {
      ...{ timestamp: 5, state: 'SUSPENDED', verdict: 'blocked', summary: 'Why.' },
      sinks: [
        {
          ...{ operator: 'Sink', 'vertex-id': SINK_ID, guarantee: 'EXACTLY_ONCE', records: 7 },
          ...{ 'records-per-second': 1.3, 'commits-with-checkpoints': true },
        },
      ],
      findings: [
        {
          ...{ code: 'IDLE_PARTITION', severity: 'error', sentence: 's', advice: 'a' },
          ...{ evidence: { behindMs: 3 }, 'vertex-id': SINK_ID, 'vertex-name': 'Sink' },
          ...{ operator: 'Window', subtask: 0 },
          input: {
            ...{ index: 1, 'from-vertex-id': SOURCE_ID, 'from-vertex-name': 'Source' },
            ...{ 'from-subtask': 2, split: 'p-1' },
          },
        },
        {
          ...{ code: 'HIBERNATES', severity: 'info', sentence: 's', advice: 'a', evidence: {} },
          ...nowhere,
          input: null,
        },
      ],
    });
  });

  it('is 404 for a job that is not known', async () => {
    const { status } = await askOf(RUNNING_JOB, `GET /jobs/${'0'.repeat(32)}/diagnosis`);
    assert.equal(status, 404);
  });
});
