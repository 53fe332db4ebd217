import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { keyGroupRangeOf } from '../core/index.ts';
import type {
  ChannelStateRecord,
  KeyedSegmentRecord,
  OperatorStateMode,
  OperatorStateRecord,
  OperatorSubtaskStateRecord,
} from '../protocol/index.ts';
import { assignmentErrors, assignState, storedMaxParallelism } from './assign-state.ts';
import type { AssignmentGraph, AssignmentVertex } from './assign-state-graph.ts';
import type { CheckpointManifest, ManifestInput, ManifestVertex } from './manifest-record.ts';

const STRICT = { allowNonRestoredState: false };
const INLINE = { inlineBase64: '' };

function list(name: string, mode: OperatorStateMode, itemCount: number): OperatorStateRecord {
  return { name, mode, itemCount, bytes: INLINE };
}

function segment(firstKeyGroup: number, lastKeyGroup: number, id = 1): KeyedSegmentRecord {
  const chunk = {
    ...{ firstKeyGroup, lastKeyGroup, offsetBytes: 32, sizeBytes: 1, rawSizeBytes: 1 },
    ...{ crc32: 0, entryCount: 1 },
  };
  const kind = id === 1 ? 'BASE' : 'DELTA';
  return { kind, checkpointId: id, bytes: INLINE, chunks: [chunk] };
}

function share(
  operatorId: string,
  parts: Partial<OperatorSubtaskStateRecord> = {},
): OperatorSubtaskStateRecord {
  return { operatorId, keyedStates: [], keyedSegments: [], operatorStates: [], ...parts };
}

interface Subtask {
  readonly operators?: readonly OperatorSubtaskStateRecord[];
  readonly channels?: readonly ChannelStateRecord[];
  readonly finished?: boolean;
}

function stored(
  vertexId: string,
  operatorIds: readonly string[],
  subtasks: readonly Subtask[],
  more: Partial<ManifestVertex> = {},
): ManifestVertex {
  return {
    ...{ vertexId, name: `Vertex ${vertexId}`, parallelism: subtasks.length, maxParallelism: 128 },
    operators: operatorIds.map((operatorId) => ({ operatorId, name: `Op ${operatorId}` })),
    subtasks: subtasks.map((subtask, subtaskIndex) => ({
      ...{ vertexId, subtaskIndex, finished: false, operators: [], channels: [], ...subtask },
    })),
    inputs: [],
    ...more,
  };
}

function manifestOf(...vertices: ManifestVertex[]): CheckpointManifest {
  return {
    ...{ formatVersion: 1, kind: 'CHECKPOINT', checkpointId: 9, jobId: 'j', jobName: 'job' },
    ...{ triggeredAtEpochMs: 0, completedAtEpochMs: 0, full: true, vertices, sources: [] },
  };
}

function vertex(
  id: string,
  parallelism: number,
  operatorIds = [id],
  maxParallelism = 128,
): AssignmentVertex {
  const operators = operatorIds.map((operatorId) => ({ operatorId }));
  return { id, name: `Vertex ${id}`, parallelism, maxParallelism, operators };
}

function graphOf(...vertices: AssignmentVertex[]): AssignmentGraph {
  return { vertices, edges: [] };
}

/** Per new subtask, `old subtask: from-to` of each list; old subtasks have lists named by index. */
function dealt(mode: OperatorStateMode, counts: readonly (number | undefined)[], now: number) {
  const subtasks = counts.map((count, i) => {
    const states = count === undefined ? [] : [{ ...list('l', mode, count), bytes: mark(i) }];
    return { operators: [share('a', { operatorStates: states })] };
  });
  const assigned = assignState(
    manifestOf(stored('a', ['a'], subtasks)),
    graphOf(vertex('a', now)),
    STRICT,
  );
  return assigned.subtasks.map(({ operators }) =>
    operators.flatMap(({ operatorStates }) =>
      operatorStates.map(({ bytes, from, to }) => `${markOf(bytes)}: ${from}-${to}`),
    ),
  );
}

function mark(index: number): { readonly inlineBase64: string } {
  return { inlineBase64: String(index) };
}

function markOf(bytes: OperatorStateRecord['bytes']): string {
  return 'inlineBase64' in bytes ? bytes.inlineBase64 : '';
}

describe('assignState › operator states', () => {
  it('leaves split lists with their subtasks at the same parallelism', () => {
    assert.deepEqual(dealt('SPLIT_DISTRIBUTE', [3, 0, 2], 3), [['0: 0-3'], [], ['2: 0-2']]);
  });

  it('deals split lists out evenly at another parallelism', () => {
    assert.deepEqual(dealt('SPLIT_DISTRIBUTE', [3, 2], 3), [
      ['0: 0-2'],
      ['0: 2-3', '1: 0-1'],
      ['1: 1-2'],
    ]);
    assert.deepEqual(dealt('SPLIT_DISTRIBUTE', [3, undefined, 2], 1), [['0: 0-3', '2: 0-2']]);
    assert.deepEqual(dealt('SPLIT_DISTRIBUTE', [1], 3), [['0: 0-1'], [], []]);
  });

  it('gives union lists of all to all', () => {
    const all = ['0: 0-1', '1: 0-2'];
    assert.deepEqual(dealt('UNION', [1, 2], 3), [all, all, all]);
    assert.deepEqual(dealt('UNION', [1, 2], 2), [all, all]);
  });

  it('gives each subtask one whole copy of a broadcast state (fact 107)', () => {
    assert.deepEqual(dealt('BROADCAST', [3, 3], 3), [['0: 0-3'], ['1: 0-3'], ['0: 0-3']]);
    assert.deepEqual(dealt('BROADCAST', [3, 3, 3], 2), [['0: 0-3'], ['1: 0-3']]);
    assert.deepEqual(dealt('BROADCAST', [undefined, 3], 2), [['1: 0-3'], ['1: 0-3']]);
  });

  it('gives every item of a split list to one subtask, within one of each other (fact 107)', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 9 }), (before, now) => {
        fc.pre(before.length !== now);
        const seen: string[] = [];
        const sizes = dealt('SPLIT_DISTRIBUTE', before, now).map((parts) => {
          const sizeBefore = seen.length;
          for (const part of parts) {
            const [index, from = 0, to = 0] = part.split(/: |-/).map(Number);
            for (let i = from; i < to; i++) seen.push(`${index}/${i}`);
          }
          return seen.length - sizeBefore;
        });
        const all = before.flatMap((count, i) => [...Array(count).keys()].map((k) => `${i}/${k}`));
        assert.deepEqual(seen, all);
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
      }),
    );
  });
});

describe('assignState › keyed state', () => {
  const keyedSubtasks = (parallelism: number): Subtask[] =>
    Array.from({ length: parallelism }, (_, i) => {
      const { start, end } = keyGroupRangeOf(128, parallelism, i);
      const keyedSegments = [segment(start, end, 1), segment(start, start, 2)];
      const keyedStates = [{ name: 's', kind: 'value', version: 1 }];
      return { operators: [share('a', { keyedSegments, keyedStates })] };
    });

  it('gives each subtask the chains that touch its key groups, in order', () => {
    const manifest = manifestOf(stored('a', ['a'], keyedSubtasks(2)));
    const { subtasks } = assignState(manifest, graphOf(vertex('a', 3)), STRICT);
    const chains = subtasks.map(({ operators }) =>
      operators[0]?.keyedSegments.map((chain) =>
        chain.map(({ kind, chunks }) => `${kind} ${chunks[0]?.firstKeyGroup}`),
      ),
    );
    assert.deepEqual(chains, [
      [['BASE 0', 'DELTA 0']],
      [['BASE 0'], ['BASE 64', 'DELTA 64']],
      [['BASE 64']],
    ]);
    assert.deepEqual(subtasks[1]?.operators[0]?.keyedStates, [
      { name: 's', kind: 'value', version: 1 },
    ]);
  });

  it('finds operators that have moved into other vertices', () => {
    const moved = share('b', { keyedSegments: [segment(0, 127)] });
    const manifest = manifestOf(stored('a', ['a', 'b'], [{ operators: [share('a'), moved] }]));
    const { subtasks } = assignState(manifest, graphOf(vertex('a', 1), vertex('b', 1)), STRICT);
    assert.deepEqual(
      subtasks.map(({ vertexId, operators: restored }) => [
        vertexId,
        restored.map(({ operatorId, keyedSegments }) => [operatorId, keyedSegments.length]),
      ]),
      [
        ['a', [['a', 0]]],
        ['b', [['b', 1]]],
      ],
    );
  });

  it('refuses another max parallelism, unless nothing is stored by key group', () => {
    const graph = graphOf(vertex('a', 2, ['a'], 64));
    const keyed = manifestOf(stored('a', ['a'], keyedSubtasks(2)));
    assert.throws(() => assignState(keyed, graph, STRICT), {
      kind: 'invalid',
      code: 'MAX_PARALLELISM_CHANGED',
      message: /set the max parallelism back to 128.*vertex=Vertex a stored=128 now=64$/,
    });
    const operatorStates = [list('l', 'UNION', 1)];
    const plain = manifestOf(stored('a', ['a'], [{ operators: [share('a', { operatorStates })] }]));
    assert.equal(assignState(plain, graph, STRICT).subtasks.length, 2);
  });

  it('refuses a parallelism above the max parallelism', () => {
    const manifest = manifestOf(stored('a', ['a'], keyedSubtasks(2)));
    const codes = assignmentErrors(manifest, graphOf(vertex('a', 129)), STRICT);
    assert.deepEqual(
      codes.map(({ code }) => code),
      ['MAX_PARALLELISM_TOO_SMALL'],
    );
  });

  it('says which max parallelism a planner must keep', () => {
    const manifest = manifestOf(
      stored('a', ['a', 'b'], keyedSubtasks(2), { maxParallelism: 256 }),
      stored('c', ['c'], [{ operators: [share('c')] }]),
    );
    assert.deepEqual(
      [...storedMaxParallelism(manifest)],
      [
        ['a', 256],
        ['b', 256],
      ],
    );
  });
});

describe('assignState › operators', () => {
  const withState = [{ operators: [share('gone', { operatorStates: [list('l', 'UNION', 1)] })] }];

  it('refuses to drop state of operators the job does not have, unless allowed', () => {
    const vertexOf = stored('gone', ['gone'], withState);
    const named = { ...vertexOf, operators: [{ operatorId: 'gone', name: 'Sum', uid: 'sum' }] };
    const manifest = manifestOf(stored('a', ['a'], [{}]), named);
    const graph = graphOf(vertex('a', 1));
    assert.throws(() => assignState(manifest, graph, STRICT), {
      kind: 'invalid',
      code: 'NON_RESTORED_STATE',
      message:
        /^the checkpoint has state .*\(-n, --allowNonRestoredState; .*\): operators="Sum" \(uid sum\)$/,
    });
    const { subtasks } = assignState(manifest, graph, { allowNonRestoredState: true });
    assert.deepEqual(
      subtasks.map(({ vertexId }) => vertexId),
      ['a'],
    );
  });

  it('drops operators without state silently', () => {
    const manifest = manifestOf(stored('a', ['a'], [{}]), stored('gone', ['gone'], [{}]));
    assert.equal(assignState(manifest, graphOf(vertex('a', 1)), STRICT).subtasks.length, 1);
  });

  it('takes an enumerator for state, and gives back those of known sources', () => {
    const sources = [
      { operatorId: 'a', enumerator: { next: 1 } },
      { operatorId: 'gone', enumerator: 2 },
    ];
    const vertices = [stored('a', ['a'], [{}]), stored('gone', ['gone'], [{}])];
    const manifest = { ...manifestOf(...vertices), sources };
    const graph = graphOf(vertex('a', 1));
    assert.throws(() => assignState(manifest, graph, STRICT), { code: 'NON_RESTORED_STATE' });
    const assigned = assignState(manifest, graph, { allowNonRestoredState: true });
    assert.deepEqual(assigned.sources, sources.slice(0, 1));
  });

  it('starts vertices without known operators from nothing', () => {
    const manifest = manifestOf(stored('a', ['a'], [{}]));
    const { subtasks } = assignState(manifest, graphOf(vertex('a', 2), vertex('new', 2)), STRICT);
    assert.deepEqual(
      subtasks.map(({ vertexId, subtaskIndex, checkpointId }) => [
        vertexId,
        subtaskIndex,
        checkpointId,
      ]),
      [
        ['a', 0, 9],
        ['a', 1, 9],
      ],
    );
  });

  it('is finished where every subtask of every operator was', () => {
    const done = { finished: true };
    const manifest = manifestOf(
      stored('a', ['a'], [done, done]),
      stored('b', ['b'], [done, { finished: false }]),
    );
    const finishedOf = (graph: AssignmentGraph) =>
      assignState(manifest, graph, STRICT).subtasks.map(({ finished }) => finished);
    assert.deepEqual(finishedOf(graphOf(vertex('a', 3))), [true, true, true]);
    assert.deepEqual(finishedOf(graphOf(vertex('b', 2))), [false, false]);
    assert.deepEqual(finishedOf(graphOf(vertex('a', 1, ['a', 'b']))), [false]);
    assert.deepEqual(finishedOf(graphOf(vertex('a', 1, ['a', 'new']))), [false]);
  });
});

describe('assignState › frames under way', () => {
  const frames = (toSubtask: number, fromSubtask = 0): ChannelStateRecord => {
    return { edgeId: 4, fromSubtask, toSubtask, frameCount: 1, bytes: INLINE };
  };
  const manifestWith = (partitioner: string): CheckpointManifest => {
    const input: ManifestInput = { edgeId: 4, sourceVertexId: 's', inputIndex: 0, partitioner };
    const subtasks = [{ channels: [frames(0), frames(0, 1)] }, { channels: [frames(1)] }];
    return manifestOf(stored('a', ['a'], subtasks, { inputs: [input] }));
  };
  const graphWith = (partitioner: string, parallelism: number): AssignmentGraph => {
    const edge = { id: 7, sourceVertexId: 's', targetVertexId: 'a', inputIndex: 0, partitioner };
    return { vertices: [vertex('a', parallelism)], edges: [edge] };
  };
  const channelsOf = (partitioner: string, parallelism: number): string[][] =>
    assignState(
      manifestWith(partitioner),
      graphWith(partitioner, parallelism),
      STRICT,
    ).subtasks.map(({ channels }) =>
      channels.map((one) => `${one.edgeId}: ${one.fromSubtask}->${one.toSubtask}`),
    );

  it('go to the same subtask at the same parallelism, by the id of the edge now', () => {
    for (const partitioner of ['HASH', 'REBALANCE', 'BROADCAST', 'FORWARD']) {
      assert.deepEqual(channelsOf(partitioner, 2), [['7: 0->0', '7: 1->0'], ['7: 0->1']]);
    }
  });

  it('go to all who own key groups of keyed edges', () => {
    assert.deepEqual(channelsOf('HASH', 3), [
      ['7: 0->0', '7: 1->0'],
      ['7: 0->0', '7: 1->0', '7: 0->1'],
      ['7: 0->1'],
    ]);
    assert.deepEqual(channelsOf('HASH', 1), [['7: 0->0', '7: 1->0', '7: 0->1']]);
  });

  it('go to one subtask on edges without keys, and to each on broadcast edges', () => {
    assert.deepEqual(channelsOf('REBALANCE', 1), [['7: 0->0', '7: 1->0', '7: 0->1']]);
    assert.deepEqual(channelsOf('REBALANCE', 3), [['7: 0->0', '7: 1->0'], ['7: 0->1'], []]);
    assert.deepEqual(channelsOf('BROADCAST', 3), [
      ['7: 0->0', '7: 1->0'],
      ['7: 0->1'],
      ['7: 0->0', '7: 1->0'],
    ]);
  });

  it('cannot follow an edge that is gone, unless they may be dropped', () => {
    const graph = graphWith('REBALANCE', 2);
    assert.throws(() => assignState(manifestWith('HASH'), graph, STRICT), {
      kind: 'invalid',
      code: 'CHANNEL_STATE_NOT_RESTORABLE',
      message: /vertex=Vertex a input=0 partitioner=HASH$/,
    });
    const dropped = assignState(manifestWith('HASH'), graph, { allowNonRestoredState: true });
    assert.deepEqual(
      dropped.subtasks.map(({ channels }) => channels),
      [[], []],
    );
  });

  it('keep the max parallelism of the keyed edge they are on', () => {
    const { edges } = graphWith('HASH', 2);
    const graph = { vertices: [vertex('a', 2, ['a'], 256)], edges };
    assert.throws(() => assignState(manifestWith('HASH'), graph, STRICT), {
      code: 'MAX_PARALLELISM_CHANGED',
    });
    assert.equal(storedMaxParallelism(manifestWith('HASH')).get('a'), 128);
    assert.equal(storedMaxParallelism(manifestWith('REBALANCE')).size, 0);
  });
});
