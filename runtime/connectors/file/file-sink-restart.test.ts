import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../../core/index.ts';
import type { MemoryFileSystem } from '../../testing/index.ts';
import { ConnectorWorld } from '../connector-world.conformance.ts';
import { SinkRun } from '../sink-run.conformance.ts';
import { readSource } from '../source-run.conformance.ts';
import { fileSink } from './file-sink.ts';
import { fileSource } from './file-source.ts';
import { jsonLines } from './json-lines.ts';
import { textLines } from './text-lines.ts';

interface Row {
  readonly id: number;
}

const ROWS: readonly Row[] = Array.from({ length: 10 }, (_, id) => ({ id }));

function names(fileSystem: MemoryFileSystem): string[] {
  return fileSystem.paths().map((path) => path.replace('/memory/out/', ''));
}

describe('fileSink, after a failure or from a savepoint', () => {
  const sink = () => fileSink<Row>({ directory: 'out', format: jsonLines<Row>() });

  it('names parts by job and attempt, so that none is used twice', async () => {
    const world = new ConnectorWorld();
    const first = await SinkRun.open(world, sink);
    await first.write(ROWS);
    const restored = await first.checkpoint(1);
    const second = await SinkRun.open(world, sink, { attempt: 3, restored });
    await second.write(ROWS);
    await second.checkpoint(2);
    assert.deepEqual(names(world.fileSystem), [
      '.part-0-0-01234567-3.jsonl.inprogress.0123456789abcdef0123456789abcdef-3',
      'part-0-0.jsonl',
    ]);
    await second.complete(2);
    assert.deepEqual(names(world.fileSystem), ['part-0-0-01234567-3.jsonl', 'part-0-0.jsonl']);
  });

  it('names parts by lease too, where a subtask moves within an attempt', async () => {
    const world = new ConnectorWorld();
    const places = [
      { attempt: 0 },
      { attempt: 0, lease: 1 },
      { attempt: 0, lease: 2 },
      { attempt: 1 },
      { attempt: 1, lease: 1 },
    ];
    let restored: Awaited<ReturnType<SinkRun<Row>['checkpoint']>> | undefined;
    for (const [i, place] of places.entries()) {
      const options = restored === undefined ? place : { ...place, restored };
      const run: SinkRun<Row> = await SinkRun.open(world, sink, options);
      await run.write([{ id: i }]);
      restored = await run.checkpoint(i + 1);
      await run.complete(i + 1);
      // What is open when a subtask dies.
      await run.write([{ id: -1 }]);
    }
    const visible = names(world.fileSystem).filter((name) => !name.startsWith('.'));
    assert.deepEqual(visible.toSorted(), [
      'part-0-0-01234567-0-1.jsonl',
      'part-0-0-01234567-0-2.jsonl',
      'part-0-0-01234567-1-1.jsonl',
      'part-0-0-01234567-1.jsonl',
      'part-0-0.jsonl',
    ]);
    const hidden = names(world.fileSystem).filter((name) => name.startsWith('.'));
    assert.deepEqual(
      hidden.filter((name) => /-0(-\d+)?$/.test(name)),
      [],
      'those of all leases of the attempt before are gone',
    );
  });

  it('removes hidden files of its own earlier attempts only, once it is safe', async () => {
    const world = new ConnectorWorld();
    const others = ['.x.jsonl.inprogress.ffff-0', 'day=1/.notes', '_SUCCESS'];
    const zombie = '.part-9-0.jsonl.inprogress.0123456789abcdef0123456789abcdef-2';
    for (const name of others) world.fileSystem.put(`out/${name}`, '');
    for (const attempt of [0, 1]) {
      const run = await SinkRun.open(world, sink, { attempt, parallelism: 2 });
      await run.write(ROWS.slice(0, 2));
      await run.prepare(1);
    }
    assert.equal(names(world.fileSystem).length, others.length + 4);
    const run = await SinkRun.open(world, sink, { attempt: 2 });
    world.fileSystem.put(`out/${zombie}`, '');
    await run.write(ROWS);
    await run.checkpoint(5);
    await run.complete(4);
    assert.equal(names(world.fileSystem).length, others.length + 6);
    await run.complete(5);
    const left = [...others, zombie, 'part-0-0-01234567-2.jsonl'];
    assert.deepEqual(names(world.fileSystem).toSorted(), left.toSorted());
  });

  it('leaves the hidden files of subtasks whose region did not restart', async () => {
    const world = new ConnectorWorld();
    const made = sink();
    const of = (subtaskIndex: number, attempt: number) =>
      world.sinkContext({ subtaskIndex, parallelism: 2, attempt });
    const healthy = await made.createWriter(of(1, 1));
    for (const row of ROWS) void healthy.write(row, 0, 0);
    await healthy.flush(false);
    const prepared = await healthy.prepareCommit();
    const restarted = await made.createWriter(of(0, 2));
    await restarted.notifyCheckpointComplete?.(4);
    await made.createCommitter?.(of(1, 1)).commit(prepared, { restored: false });
    assert.deepEqual(names(world.fileSystem), ['part-1-0-01234567-1.jsonl']);
  });

  it('leaves the hidden files of another sink of the job in the same directory', async () => {
    const world = new ConnectorWorld();
    const named = (prefix: string) => () =>
      fileSink<Row>({ directory: 'out', format: jsonLines<Row>(), prefix });
    const other = await SinkRun.open(world, named('other'), { attempt: 0 });
    await other.write(ROWS);
    await other.checkpoint(1);
    const run = await SinkRun.open(world, named('mine'), { attempt: 1 });
    await run.checkpoint(1);
    await run.complete(1);
    await other.complete(1);
    assert.deepEqual(names(world.fileSystem), ['other-0-0.jsonl']);
  });

  it('leaves restored files of another directory to the job that writes there', async () => {
    const world = new ConnectorWorld();
    const first = await SinkRun.open(world, sink);
    await first.write(ROWS);
    const restored = await first.checkpoint(1);
    const fork = () => fileSink<Row>({ directory: 'fork', format: jsonLines<Row>() });
    await SinkRun.open(world, fork, { restored });
    assert.match(world.warnings.join(), /left to the job that writes to its directory/);
    assert.deepEqual(names(world.fileSystem), [
      '.part-0-0.jsonl.inprogress.0123456789abcdef0123456789abcdef-0',
    ]);
    await first.complete(1);
    assert.deepEqual(names(world.fileSystem), ['part-0-0.jsonl']);
  });

  it('goes on when they cannot be removed, and tries again', async () => {
    const world = new ConnectorWorld();
    const first = await SinkRun.open(world, sink);
    await first.write(ROWS);
    await first.prepare(1);
    const { remove } = world.fileSystem;
    world.fileSystem.remove = () => Promise.reject(new Error('EIO'));
    const second = await SinkRun.open(world, sink, { attempt: 1 });
    await second.checkpoint(2);
    await second.complete(2);
    assert.match(world.warnings.join(), /^hidden files of earlier attempts are left: .*EIO$/);
    world.fileSystem.remove = remove;
    await second.checkpoint(3);
    await second.complete(3);
    assert.deepEqual(names(world.fileSystem), []);
  });

  it('commits the rest when a commit stopped between two files', async () => {
    const world = new ConnectorWorld();
    const rolling = () =>
      fileSink({ directory: 'out', format: jsonLines(), rolling: { maxRecords: 3 } });
    const first = await SinkRun.open<unknown>(world, rolling);
    await first.write(ROWS);
    const restored = await first.checkpoint(1);
    const { publish } = world.fileSystem;
    let calls = 0;
    world.fileSystem.publish = (from, to) =>
      calls++ < 2 ? publish.call(world.fileSystem, from, to) : Promise.reject(new Error('killed'));
    await assert.rejects(first.complete(1), /killed/);
    assert.equal(names(world.fileSystem).filter((name) => !name.startsWith('.')).length, 2);
    world.fileSystem.publish = publish;
    await SinkRun.open<unknown>(world, rolling, { attempt: 1, parallelism: 3, restored });
    assert.deepEqual(names(world.fileSystem), [
      'part-0-0.jsonl',
      'part-0-1.jsonl',
      'part-0-2.jsonl',
      'part-0-3.jsonl',
    ]);
  });
});

describe('fileSink, a disk that is full', () => {
  const sink = () => fileSink<Row>({ directory: 'out', format: jsonLines<Row>() });
  const full = new StreamError({
    kind: 'unavailable',
    code: 'FILE_NOT_WRITABLE',
    message: 'a file cannot be written: check permissions and free space reason=ENOSPC',
  });

  for (const at of ['open', 'write', 'close'] as const) {
    it(`fails the checkpoint by name when it is full at ${at}, and loses nothing`, async () => {
      const world = new ConnectorWorld();
      const { fileSystem } = world;
      const first = await SinkRun.open(world, sink);
      await first.write(ROWS.slice(0, 4));
      const restored = await first.checkpoint(1);
      await first.complete(1);
      const { openWrite } = fileSystem;
      fileSystem.openWrite = async (path) => {
        if (at === 'open') throw full;
        const file = await openWrite.call(fileSystem, path);
        const close = async () => {
          await file.close();
          throw full;
        };
        return at === 'write' ? { write: () => Promise.reject(full), close } : { ...file, close };
      };
      await first.write(ROWS.slice(4));
      await assert.rejects(first.prepare(2), {
        kind: 'unavailable',
        code: 'FILE_NOT_WRITABLE',
        message: /reason=ENOSPC: operator="Test" subtask=1\/1$/,
      });
      await first.close();
      assert.deepEqual(names(fileSystem), ['part-0-0.jsonl']);
      assert.equal(fileSystem.openFiles, 0);
      fileSystem.openWrite = openWrite;
      const second = await SinkRun.open(world, sink, { attempt: 1, restored });
      await second.write(ROWS.slice(4));
      await second.finish();
      await second.checkpoint(3);
      await second.complete(3);
      const { values } = await readSource(fileSource({ paths: 'out', format: jsonLines() }), world);
      assert.deepEqual(values, [...ROWS.slice(4), ...ROWS.slice(0, 4)]);
    });
  }

  it('tries a commit again until there is room', async () => {
    const world = new ConnectorWorld();
    const run = await SinkRun.open(world, sink);
    await run.write(ROWS);
    await run.checkpoint(1);
    const { publish } = world.fileSystem;
    let refusals = 3;
    world.fileSystem.publish = (from, to) =>
      refusals-- > 0 ? Promise.reject(full) : publish.call(world.fileSystem, from, to);
    const committed = run.complete(1);
    while (refusals >= 0) {
      await Promise.resolve();
      world.advanceToNextTimer();
    }
    await committed;
    assert.deepEqual(names(world.fileSystem), ['part-0-0.jsonl']);
    assert.equal(world.nowMs, 50 + 100 + 200);
  });
});

describe('FileCommitter', () => {
  const committable = { inProgressPath: 'out/.p.inprogress.0', finalPath: 'out/p', recordCount: 1 };
  const commit = async (world: ConnectorWorld, restored = false) =>
    fileSink({ directory: 'out', format: textLines() })
      .createCommitter?.(world.sinkContext())
      .commit([committable], { restored });

  it('never replaces the output of another job', async () => {
    const world = new ConnectorWorld();
    world.fileSystem.put('out/.p.inprogress.0', 'mine');
    world.fileSystem.put('out/p', 'theirs');
    await assert.rejects(commit(world), { kind: 'conflict', code: 'PART_EXISTS' });
    assert.equal(world.fileSystem.text('out/p'), 'theirs');
  });

  it('says when a file is gone, but takes a restored one as committed before', async () => {
    const world = new ConnectorWorld();
    await assert.rejects(commit(world), { kind: 'data', code: 'PART_LOST' });
    await commit(world, true);
    assert.deepEqual(world.warnings, [
      'a part file of the restored checkpoint is gone: it was committed before',
    ]);
  });
});
