/** Goal: what is wrong is said, with what is there. Method: each refusal, in a job or before it. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { JobFunction, StreamExecutionEnvironment } from '../api/index.ts';
import { Types } from '../api/index.ts';
import { StreamError } from '../core/index.ts';
import { MapStateDescriptor, ValueStateDescriptor } from '../state/index.ts';
import { runJob } from '../testing/index.ts';
import { EventTimeSessionWindows, TumblingEventTimeWindows } from '../windowing/index.ts';
import type { BroadcastStateBootstrapContext } from './bootstrap-functions.ts';
import { OperatorIdentifier } from './operator-identifier.ts';
import { OperatorTransformation } from './operator-transformation.ts';
import { ProcessorWorld } from './processor-world.conformance.ts';
import type { StateReaderContext } from './reader-functions.ts';
import { SavepointReader } from './savepoint-reader.ts';
import { savepointSink } from './savepoint-sink.ts';
import { SavepointWriter } from './savepoint-writer.ts';
import { type KeyCount, ReadCounts, WriteCounts } from './test-world.fixture.ts';

const world = new ProcessorWorld();
const COUNTS: readonly KeyCount[] = Array.from({ length: 9 }, (_, i) => {
  return { key: `key ${i}`, count: i };
});
const windows = TumblingEventTimeWindows.of(1000);

const counts = (env: StreamExecutionEnvironment) =>
  OperatorTransformation.bootstrapWith(env.fromData(COUNTS))
    .keyBy('key')
    .transform(new WriteCounts());

before(async () => {
  await world.run((env) => {
    const stamped = OperatorTransformation.bootstrapWith(env.fromData(COUNTS)).assignTimestamps(
      ({ count }) => count,
    );
    SavepointWriter.newSavepoint(env, 64)
      .withOperator('counts', counts(env))
      .withOperator(
        'windows',
        stamped
          .keyBy('key')
          .window(windows)
          .reduce((a) => a),
      )
      .withOperator(
        'names',
        OperatorTransformation.bootstrapWith(env.fromData(COUNTS)).transform({
          processElement: ({ key, count }: KeyCount, ctx: BroadcastStateBootstrapContext) =>
            ctx.getBroadcastState(new MapStateDescriptor<string, number>('names')).put(key, count),
        }),
      )
      .write('/good');
  }, 2);
});

async function refuses(job: JobFunction, code: string, text: RegExp): Promise<void> {
  const failure = await world.failure(job);
  assert.equal(failure.code, code, failure.message);
  assert.match(failure.message, text);
}

function reading(
  open: (ctx: StateReaderContext) => void,
  path = '/good',
  uid = 'counts',
): JobFunction {
  return (env) =>
    void SavepointReader.read(env, path)
      .readKeyedState(uid, { open, readKey: () => {} })
      .print();
}

const changed =
  (
    change: (writer: SavepointWriter, env: StreamExecutionEnvironment) => SavepointWriter,
  ): JobFunction =>
  (env) =>
    change(SavepointWriter.fromExistingSavepoint(env, '/good'), env).write('/never');

describe('SavepointReader refuses', () => {
  it('a path without a savepoint, and one on another file system', async () => {
    const job = reading((ctx) => ctx.getState(new ValueStateDescriptor('count')), '/nowhere');
    await refuses(job, 'RESTORE_PATH_NOT_FOUND', /\/nowhere/);
    const far = reading((ctx) => ctx.getState(new ValueStateDescriptor('count')), 's3://bucket/s');
    const { result } = await runJob(far);
    assert.equal(result.error?.code, 'FILE_SYSTEM_UNKNOWN', result.error?.message);
    const to: JobFunction = (env) =>
      SavepointWriter.newSavepoint(env, 8).withOperator('a', counts(env)).write('s3://bucket/s');
    await assert.rejects(runJob(to), { code: 'FILE_SYSTEM_UNKNOWN' });
  });

  it('an operator that is not there, with the uids that are', async () => {
    const job = reading(() => {}, '/good', 'count');
    const there = /did you mean 'counts'\? there are counts, names, windows: uid=count path=\/good/;
    await refuses(job, 'OPERATOR_NOT_FOUND', there);
  });

  it('a state that is not there, with the names that are', async () => {
    const job = reading((ctx) => ctx.getState(new ValueStateDescriptor('coutn')));
    await refuses(job, 'STATE_NOT_FOUND', /did you mean 'count'\?.* state=coutn uid=counts/);
  });

  it('a state of another kind, version or default', async () => {
    const asMap = reading((ctx) => ctx.getMapState(new MapStateDescriptor('count')));
    await refuses(asMap, 'STATE_NOT_AS_DECLARED', /stored=value declared=map state=count/);
    const newer = new ValueStateDescriptor('count', 0, { version: 2 });
    const asNewer = reading((ctx) => ctx.getState(newer));
    await refuses(asNewer, 'STATE_NOT_AS_DECLARED', /stored=1 declared=2/);
    const asText = reading((ctx) => ctx.getState(new ValueStateDescriptor('count', '')));
    await refuses(asText, 'STATE_NOT_AS_DECLARED', /stored=number declared=string/);
  });

  it('a function that asks for no state', async () => {
    await refuses(
      reading(() => {}),
      'STATE_NOT_REGISTERED',
      /call getState/,
    );
  });

  it('keys of another type', async () => {
    const job: JobFunction = (env) =>
      void SavepointReader.read(env, '/good')
        .readKeyedState('counts', new ReadCounts(0) as never, Types.long)
        .print();
    await refuses(job, 'KEY_NOT_OF_TYPE', /expected=long found=string "key/);
  });

  it('operator state of another kind or name, and items of another type', async () => {
    const list: JobFunction = (env) =>
      void SavepointReader.read(env, '/good').readListState('names', 'names').print();
    await refuses(list, 'STATE_NOT_AS_DECLARED', /read it by readBroadcastState/);
    const unknown: JobFunction = (env) =>
      void SavepointReader.read(env, '/good').readUnionState('names', 'name').print();
    await refuses(unknown, 'STATE_NOT_FOUND', /did you mean 'names'/);
    const typed: JobFunction = (env) =>
      void SavepointReader.read(env, '/good')
        .readBroadcastState('names', 'names', Types.string, Types.string as never)
        .print();
    await refuses(typed, 'STATE_NOT_AS_DECLARED', /expected=string found=number/);
    const keyed = reading(() => {}, '/good', 'names');
    await refuses(keyed, 'STATE_NOT_FOUND', /no keyed state, read names by/);
  });

  it('windows of another kind than those that are stored', async () => {
    const window = (build: (reader: SavepointReader) => { print(): unknown }): JobFunction => {
      return (env) => void build(SavepointReader.read(env, '/good')).print();
    };
    const sessions = EventTimeSessionWindows.withGap(1);
    const code = 'WINDOWS_NOT_AS_DECLARED';
    const reduce = (a: unknown): unknown => a;
    await refuses(
      window((r) => r.window(sessions).reduce('windows', reduce)),
      code,
      /stored=window/,
    );
    await refuses(
      window((r) => r.window(windows).process('windows', () => {})),
      code,
      /records/,
    );
    const evicting = window((r) => r.window(windows).evictor().reduce('windows', reduce));
    await refuses(evicting, code, /stored=window of reduced.* asked=timestamped records/);
    const none = window((r) => r.window(windows).reduce('counts', reduce));
    await refuses(none, code, /has no windows, read it by readKeyedState/);
  });

  it('a file whose bytes have changed', async () => {
    const many = new ProcessorWorld();
    const large = Array.from({ length: 20_000 }, (_, i) => {
      return { key: `${Math.imul(i, 2_654_435_761)} of ${i}`, count: i };
    });
    await many.run((env) => {
      const state = OperatorTransformation.bootstrapWith(env.fromData(large))
        .keyBy('key')
        .transform(new WriteCounts());
      SavepointWriter.newSavepoint(env, 64).withOperator('counts', state).write('/large');
    }, 2);
    const segments = many.files.paths().filter((path) => path.endsWith('.seg'));
    assert.equal(segments.length, 2);
    const [first = ''] = segments;
    const bytes = Buffer.from(many.files.bytes(first) ?? []);
    bytes[5000] = (bytes[5000] ?? 0) ^ 1;
    many.files.put(first, bytes);
    const read = reading((ctx) => ctx.getState(new ValueStateDescriptor('count', 0)), '/large');
    const failed = await many.failure(read);
    assert.equal(failed.code, 'SEGMENT_CORRUPT', failed.message);
    const copied = await many.failure((env) =>
      SavepointWriter.fromExistingSavepoint(env, '/large').write('/copy'),
    );
    assert.equal(copied.code, 'STATE_BLOB_CORRUPT', copied.message);
    assert.deepEqual(
      many.files.paths().filter((path) => path.startsWith('/copy/_')),
      [],
    );
  });
});

describe('SavepointWriter refuses', () => {
  it('to remove or rename what is not there', async () => {
    const remove = changed((writer) => writer.removeOperator('window'));
    await refuses(remove, 'OPERATOR_NOT_FOUND', /did you mean 'windows'\?/);
    const rename = changed((writer) => writer.changeOperatorIdentifier('nams', 'other'));
    await refuses(rename, 'OPERATOR_NOT_FOUND', /did you mean 'names'\?/);
  });

  it('a uid that would be there twice', async () => {
    const add = changed((writer, env) => writer.withOperator('counts', counts(env)));
    await refuses(add, 'OPERATOR_EXISTS', /removeOperator to replace it.* uid=counts/);
    const rename = changed((writer) => writer.changeOperatorIdentifier('names', 'windows'));
    await refuses(rename, 'OPERATOR_EXISTS', /uid=windows/);
  });

  it('the same change twice, when it is said', async () => {
    const refused = (code: string, change: (writer: SavepointWriter) => unknown): Promise<void> =>
      assert.rejects(
        world.start((env) => {
          change(SavepointWriter.fromExistingSavepoint(env, '/good'));
        }, 1),
        { code },
      );
    await refused('OPERATOR_CHANGED_TWICE', (w) => w.removeOperator('a').removeOperator('a'));
    await refused('OPERATOR_CHANGED_TWICE', (w) =>
      w.changeOperatorIdentifier('a', 'b').changeOperatorIdentifier('a', 'c'),
    );
    await refused('OPERATOR_CHANGED_TWICE', (w) =>
      w.changeOperatorIdentifier('a', 'c').changeOperatorIdentifier('b', 'c'),
    );
    await assert.rejects(
      world.start((env) => {
        SavepointWriter.newSavepoint(env, 8)
          .withOperator('a', counts(env))
          .withOperator(OperatorIdentifier.forUid('a'), counts(env));
      }, 1),
      { code: 'OPERATOR_EXISTS' },
    );
  });

  it('an empty savepoint, a max parallelism that cannot be, nothing to remove', async () => {
    const empty = (env: StreamExecutionEnvironment) =>
      SavepointWriter.newSavepoint(env, 8).write('/x');
    await assert.rejects(world.start(empty, 1), { code: 'SAVEPOINT_INCOMPLETE' });
    const all = changed((w) =>
      w.removeOperator('counts').removeOperator('windows').removeOperator('names'),
    );
    await refuses(all, 'SAVEPOINT_INCOMPLETE', /would have no operator/);
    const tooMany = (env: StreamExecutionEnvironment) => {
      SavepointWriter.newSavepoint(env, 40_000);
    };
    await assert.rejects(world.start(tooMany, 1), { code: 'INVALID_MAX_PARALLELISM' });
    const remove = (env: StreamExecutionEnvironment) => {
      SavepointWriter.newSavepoint(env, 4).removeOperator('a');
    };
    await assert.rejects(world.start(remove, 1), { code: 'OPERATOR_NOT_FOUND' });
  });

  it('an operator with more key groups than the savepoint', async () => {
    const job = changed((writer, env) => {
      const stream = OperatorTransformation.bootstrapWith(env.fromData(COUNTS));
      const wide = stream.setMaxParallelism(128).keyBy('key').transform(new WriteCounts());
      return writer.withOperator('wide', wide);
    });
    await refuses(job, 'MAX_PARALLELISM_MISMATCH', /uid=wide asked=128 savepoint=64/);
  });

  it('a target that holds something, before anything is written', async () => {
    const init = {
      targetPath: '/good',
      validate: () => Promise.resolve(),
      frame: () => Promise.resolve({ maxParallelism: 1, checkpointId: 1 }),
    };
    const validate = savepointSink(init).validate?.bind(savepointSink(init));
    const given = { fileSystem: world.files, restoring: false };
    await assert.rejects(
      async () => await validate?.(given),
      (thrown: unknown) => {
        assert.ok(thrown instanceof StreamError);
        assert.equal(thrown.code, 'SAVEPOINT_TARGET_NOT_EMPTY');
        assert.match(thrown.message, /path=\/good holds=/);
        return true;
      },
    );
    const job: JobFunction = (env) =>
      SavepointWriter.newSavepoint(env, 8).withOperator('a', counts(env)).write('/good');
    await refuses(job, 'SAVEPOINT_TARGET_NOT_EMPTY', /holds=_metadata/);
  });
});
