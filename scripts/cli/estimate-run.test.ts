import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobGraph } from '../../runtime/graph/index.ts';
import {
  busySlots,
  eventsOfRun,
  mergeOperators,
  operatorsOfRun,
  parseRun,
} from './estimate-run.ts';

const [SOURCE, COUNT] = ['a'.repeat(32), 'b'.repeat(32)];
const SHARED = { parallelism: 1, maxParallelism: 128, slotSharingGroup: 'default' };
const GRAPH: JobGraph = {
  jobName: 'pipeline',
  jobType: 'STREAMING',
  vertices: [
    {
      ...{ ...SHARED, id: SOURCE, name: 'Source: events -> Map' },
      operators: [
        { nodeId: 1, operatorId: SOURCE, name: 'Source: events', operator: 'Source: events' },
        {
          ...{ nodeId: 2, operatorId: 'c'.repeat(32), uid: 'parse', name: 'Map' },
          ...{ operator: 'Map', chainInput: { nodeId: 1 } },
        },
      ],
    },
    {
      ...{ ...SHARED, id: COUNT, name: 'Count -> Sink: out' },
      operators: [{ nodeId: 3, operatorId: COUNT, uid: 'count', name: 'Count', operator: 'Count' }],
    },
  ],
  edges: [
    {
      ...{ id: 0, sourceVertexId: SOURCE, sourceNodeId: 2, targetVertexId: COUNT },
      ...{ targetNodeId: 3, inputIndex: 0, partitioner: 'HASH', exchange: 'PIPELINED' },
    },
  ],
  hash: '0'.repeat(32),
};

/** As `GET /jobs/<id>` answers after ten seconds. */
const ANSWER = {
  duration: 10_000,
  vertices: [
    {
      id: SOURCE,
      name: 'Source: events -> Map',
      metrics: {
        ...{ 'read-records': 5_000, 'write-records': 2_500, 'write-bytes': 100_000 },
        'accumulated-busy-time': 4_000,
      },
    },
    {
      ...{ id: 'another', name: 'Count -> Sink: out' },
      metrics: { 'read-records': 2_500, 'write-records': 0, 'accumulated-busy-time': 1_000 },
    },
  ],
  checkpoints: {
    counts: { completed: 3 },
    summary: { state_size: { avg: 40_000 }, checkpointed_size: { avg: 10_000 } },
  },
};

describe('parseRun', () => {
  it('reads the answer of a cluster, and takes its checkpoints', () => {
    const run = parseRun(ANSWER, 'x');
    assert.deepEqual(run.checkpoints, { stateBytes: 40_000, writtenBytes: 10_000 });
    assert.deepEqual(run.vertices[0], {
      ...{ id: SOURCE, name: 'Source: events -> Map', busyMs: 4_000 },
      ...{ recordsIn: 5_000, recordsOut: 2_500, bytesOut: 100_000 },
    });
    assert.equal(busySlots(run), 0.5);
  });

  it('reads a snapshot, and the result that holds one', () => {
    const vertex = { id: COUNT, name: 'Count', numRecordsIn: 7, numRecordsOut: 3, numBytesOut: 30 };
    const metrics = { elapsedMs: 1_000, vertices: [vertex] };
    assert.deepEqual(parseRun({ metrics }, 'x'), parseRun(metrics, 'x'));
    assert.equal(parseRun(metrics, 'x').vertices[0]?.bytesOut, 30);
    assert.equal(busySlots(parseRun(metrics, 'x')), undefined);
  });

  it('refuses what is no run', () => {
    for (const value of [undefined, 5, {}, { duration: 0, vertices: ANSWER.vertices }]) {
      assert.throws(() => parseRun(value, 'f.json'), {
        code: 'RUN_UNREADABLE',
        message: /=f\.json$/,
      });
    }
    const vertices = [{ id: 'v', name: 'Map', metrics: {} }];
    assert.throws(() => parseRun({ duration: 1, vertices }, 'f'), {
      message: /^the counters of 'Map' are missing: run=f$/,
    });
  });
});

describe('operatorsOfRun', () => {
  it('gives rates, selectivity, sizes and state; finds vertices by id, or by name', () => {
    assert.deepEqual(operatorsOfRun(parseRun(ANSWER, 'x'), GRAPH, 1_000, undefined), [
      { operator: SOURCE, rateRecordsPerS: 500, selectivity: 0.5, recordBytes: 40 },
      { operator: COUNT, keys: 1_000, stateBytesPerKey: 40, dirtyShare: 0.25 },
    ]);
  });

  it('scales the sources to another rate', () => {
    const [source] = operatorsOfRun(parseRun(ANSWER, 'x'), GRAPH, 1_000, 50);
    assert.equal(source?.rateRecordsPerS, 50);
  });

  it('refuses the run of another job', () => {
    const run = parseRun({ ...ANSWER, vertices: ANSWER.vertices.slice(0, 1) }, 'x');
    assert.throws(() => operatorsOfRun(run, GRAPH, 1, undefined), {
      code: 'RUN_OF_ANOTHER_JOB',
      message: /vertex=Count -> Sink: out$/,
    });
  });
});

describe('eventsOfRun', () => {
  it('counts checkpoints, leases, and reports of metrics that no checkpoint takes along', () => {
    const run = parseRun({ ...ANSWER, duration: 1_800_000 }, 'x');
    const events = eventsOfRun(run, 2, 840_000);
    assert.deepEqual(
      [events.activeS, events.checkpoints, events.handOvers, events.metricsReports],
      [1_800, 3, 4, 57],
    );
    assert.deepEqual([events.wantedCheckpoints, events.attempts, events.jobs], [2, 1, 1]);
  });
});

describe('mergeOperators', () => {
  it('lets what is said count before what was measured', () => {
    const measured = [{ operator: COUNT, keys: 5, dirtyShare: 0.5 }];
    const said = [
      { operator: 'count', keys: 9 },
      { operator: 'parse', selectivity: 2 },
    ];
    assert.deepEqual(mergeOperators(said, measured, GRAPH), [
      { operator: 'count', keys: 9, dirtyShare: 0.5 },
      { operator: 'parse', selectivity: 2 },
    ]);
  });
});
