/** Goal: the check tells what a restore would do. Method: jobs against a savepoint made by hand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamExecutionEnvironment, Types } from '../../api/index.ts';
import type { CheckpointManifest } from '../../checkpoint/index.ts';
import { generateJobGraph } from '../../graph/index.ts';
import type { KeyedProcessFunction } from '../../operators/index.ts';
import type { KeyedStateMetaRecord } from '../../protocol/index.ts';
import { MapStateDescriptor, type StateOptions, ValueStateDescriptor } from '../../state/index.ts';
import { probeStates } from './probe-states.ts';
import { type SavepointReport, savepointCompatibility } from './savepoint-compatibility.ts';

interface Options {
  readonly uid?: string;
  readonly state?: StateOptions<unknown>;
  readonly kind?: 'value' | 'map';
  readonly fails?: boolean;
  readonly stored?: Partial<KeyedStateMetaRecord>;
  readonly maxParallelism?: number;
  readonly allow?: boolean;
}

const count = Types.row({ n: Types.long });
const closed: string[] = [];

/** A source, and an operator with the uid `sum` that declares the state `total`. */
function jobOf({ uid = 'sum', state = {}, kind = 'value', fails = false }: Options) {
  const env = new StreamExecutionEnvironment();
  const sum: KeyedProcessFunction<string, { k: string }, number> = {
    open(ctx) {
      if (fails) throw new Error('no database');
      if (kind === 'map') ctx.getMapState(new MapStateDescriptor('total', state));
      else ctx.getState(new ValueStateDescriptor<unknown>('total', undefined, state));
    },
    processElement: () => {},
    close: () => void closed.push(uid),
  };
  env
    .fromData({ k: 'a' })
    .uid('in')
    .keyBy('k')
    .process(sum)
    .name('Sum')
    .uid(uid)
    .print()
    .uid('out');
  return env.getStreamGraph();
}

async function reportOf(options: Options): Promise<SavepointReport> {
  const before = generateJobGraph(jobOf({}));
  const operators = before.vertices.flatMap((vertex) => vertex.operators);
  const idOf = (name: string): string =>
    operators.find(({ uid }) => uid === name)?.operatorId ?? '';
  const meta = { name: 'total', kind: 'value', version: 1, ...options.stored };
  const operator = { operatorId: idOf('sum'), uid: 'sum', name: 'Sum' };
  const [head] = before.vertices.filter((v) => v.operators.some(({ uid }) => uid === 'sum'));
  const segment = {
    kind: 'BASE',
    checkpointId: 3,
    bytes: { inlineBase64: '' },
    chunks: [
      {
        ...{ firstKeyGroup: 0, lastKeyGroup: 127, offsetBytes: 0, sizeBytes: 0, rawSizeBytes: 0 },
        ...{ crc32: 0, entryCount: 1 },
      },
    ],
  } as const;
  const share = {
    operatorId: operator.operatorId,
    keyedStates: [meta],
    keyedSegments: [segment],
    operatorStates: [],
  };
  const vertexId = head?.id ?? '';
  const manifest: CheckpointManifest = {
    ...{ formatVersion: 1, kind: 'SAVEPOINT', checkpointId: 3, jobId: 'j', jobName: 'job' },
    ...{ triggeredAtEpochMs: 0, completedAtEpochMs: 0, full: true, sources: [] },
    vertices: [
      {
        ...{ vertexId, name: 'Sum', parallelism: 1, inputs: [], operators: [operator] },
        maxParallelism: options.maxParallelism ?? 128,
        subtasks: [
          { vertexId, subtaskIndex: 0, finished: false, operators: [share], channels: [] },
        ],
      },
    ],
  };
  const graph = jobOf(options);
  const jobGraph = generateJobGraph(graph);
  const allowNonRestoredState = options.allow ?? false;
  const probed = await probeStates(graph, jobGraph);
  return savepointCompatibility(manifest, jobGraph, probed, { allowNonRestoredState });
}

async function fates(options: Options): Promise<readonly string[]> {
  const { operators, problems } = await reportOf(options);
  return [
    ...operators.flatMap(({ uid, states }) =>
      states
        .filter(({ kind }) => kind !== 'timers')
        .map(({ fate, name, kind }) => `${uid}: ${fate} ${name} ${kind}`),
    ),
    ...problems.map(({ code }) => code),
  ];
}

describe('savepointCompatibility', () => {
  it('restores what is declared alike, and closes what it opened', async () => {
    closed.length = 0;
    assert.deepEqual(await fates({}), ['sum: restored total value']);
    assert.deepEqual(closed, ['sum']);
  });

  it('refuses another kind, another type and another version', async () => {
    const refused = ['sum: incompatible total value', 'STATE_INCOMPATIBLE'];
    assert.deepEqual(await fates({ kind: 'map' }), refused);
    assert.deepEqual(await fates({ state: { version: 2 } }), refused);
    const stored = { type: count.type };
    const text = Types.row({ n: Types.string });
    assert.deepEqual(await fates({ stored, state: { type: text } }), refused);
    const [problem] = (await reportOf({ kind: 'map' })).problems;
    assert.match(
      problem?.message ?? '',
      /operator="Sum" \(uid sum\) state "total": its kind changed: stored=value declared=map/,
    );
  });

  it('takes fields that came and went, and what is migrated', async () => {
    const restored = ['sum: restored total value'];
    const more = Types.row({ n: Types.long, at: Types.long });
    assert.deepEqual(
      await fates({ stored: { type: count.type }, state: { type: more } }),
      restored,
    );
    const migrated = { version: 2, migrate: (value: unknown) => value };
    assert.deepEqual(await fates({ state: migrated }), restored);
    const [operator] = (await reportOf({ state: migrated })).operators;
    const reasons = operator?.states.map(({ reason }) => reason).filter(Boolean);
    assert.deepEqual(reasons, ['migrated from version 1 to 2']);
  });

  it('names what is dropped and what is missing', async () => {
    assert.deepEqual(await fates({ uid: 'other' }), [
      'other: missing total value',
      'sum: dropped total value',
      'NON_RESTORED_STATE',
    ]);
    assert.deepEqual(await fates({ uid: 'other', allow: true }), [
      'other: missing total value',
      'sum: dropped total value',
    ]);
  });

  it('tells of states that are not declared any more: they are kept', async () => {
    assert.deepEqual(await fates({ stored: { name: 'former' } }), [
      'sum: carried former value',
      'sum: missing total value',
    ]);
  });

  it('calls an operator missing only when nothing of its state is there', async () => {
    const fateOf = async (options: Options) => (await reportOf(options)).operators[0]?.fate;
    assert.equal(await fateOf({ stored: { name: 'former' } }), 'carried');
    assert.equal(await fateOf({ uid: 'other' }), 'missing');
  });

  it('refuses another max parallelism', async () => {
    assert.deepEqual(await fates({ maxParallelism: 256 }), [
      'sum: restored total value',
      'MAX_PARALLELISM_CHANGED',
    ]);
  });

  it('takes a state for restored when its operator does not open', async () => {
    const { operators, problems } = await reportOf({ fails: true });
    assert.deepEqual(problems, []);
    const [operator] = operators;
    assert.match(operator?.unknown ?? '', /^it did not open: .*no database/);
    assert.equal(operator?.states.find(({ name }) => name === 'total')?.fate, 'restored');
  });
});
