/** What every sink must do; run by the tests of each. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_TIMESTAMP_MS } from '../core/index.ts';
import { ConnectorWorld, throughJson } from './connector-world.conformance.ts';
import type { Sink, SinkWriter } from './sink.ts';

export interface SinkConformance<T, CommittableT> {
  readonly name: string;
  readonly sink: () => Sink<T, CommittableT>;
  readonly values: readonly T[];
  /** What readers of the output see, in the form of `values`, in any order. */
  readonly visible: (world: ConnectorWorld) => Promise<readonly T[]>;
}

/** Registers the tests of one sink. */
export function testSinkConformance<T, CommittableT>(init: SinkConformance<T, CommittableT>): void {
  const { name, sink, values, visible } = init;
  const isTransactional = sink().guarantee === 'EXACTLY_ONCE';
  const opened = async (subtaskIndex = 0, parallelism = 1, attempt = 0, at?: ConnectorWorld) => {
    const world = at ?? new ConnectorWorld();
    await sink().validate?.({ fileSystem: world.fileSystem });
    const ctx = world.sinkContext(subtaskIndex, parallelism, attempt);
    const made = sink();
    const writer = await made.createWriter(ctx);
    const committer = made.createCommitter?.(ctx);
    return { world, writer, committer };
  };

  describe(`sink conformance: ${name}`, () => {
    it('shows every record once after flush and commit', async () => {
      const { world, writer, committer } = await opened();
      await writeAll(writer, values);
      await committer?.commit(await prepare(writer));
      await writer.close();
      assert.deepEqual(sorted(await visible(world)), sorted(values));
    });

    it('shows the records of three subtasks, each once', async () => {
      const world = new ConnectorWorld();
      await sink().validate?.({ fileSystem: world.fileSystem });
      const made = sink();
      for (let subtask = 0; subtask < 3; subtask += 1) {
        const ctx = world.sinkContext(subtask, 3);
        const writer = await made.createWriter(ctx);
        const own = values.filter((_, index) => index % 3 === subtask);
        await writeAll(writer, own);
        await made.createCommitter?.(ctx).commit(await prepare(writer));
        await writer.close();
      }
      assert.deepEqual(sorted(await visible(world)), sorted(values));
    });

    it('shows the records of several checkpoints, each once', async () => {
      const { world, writer, committer } = await opened();
      const middle = Math.ceil(values.length / 2);
      await writeAll(writer, values.slice(0, middle));
      await committer?.commit(await prepare(writer, false));
      await writeAll(writer, values.slice(middle));
      await committer?.commit(await prepare(writer));
      await writer.close();
      assert.deepEqual(sorted(await visible(world)), sorted(values));
    });

    it('commits the same committables twice without harm', async () => {
      const { world, writer, committer } = await opened();
      await writeAll(writer, values);
      const committables = throughJson(await prepare(writer));
      await committer?.commit(committables);
      await committer?.commit(committables);
      await writer.close();
      assert.deepEqual(sorted(await visible(world)), sorted(values));
    });

    it('hands over each committable once', async () => {
      const { writer } = await opened();
      await writeAll(writer, values);
      await prepare(writer);
      assert.deepEqual(await writer.prepareCommit(), []);
      await writer.close();
    });

    it('commits nothing when nothing was written', async () => {
      const { world, writer } = await opened();
      assert.deepEqual(await prepare(writer), []);
      await writer.close();
      assert.deepEqual(await visible(world), []);
    });

    it('closes more than once and leaves nothing open', async () => {
      const { world, writer } = await opened();
      await writeAll(writer, values);
      await writer.close();
      await writer.close();
      assert.equal(world.fileSystem.openFiles, 0);
    });

    if (!isTransactional) return;

    it('shows nothing before the commit, nor after a failure', async () => {
      const { world, writer } = await opened();
      await writeAll(writer, values);
      await writer.flush(true);
      assert.deepEqual(await visible(world), []);
      await writer.close();
      assert.deepEqual(await visible(world), []);
      assert.deepEqual(world.fileSystem.paths(), []);
    });

    it('repeats the work of a failed attempt without repeating what was committed', async () => {
      const world = new ConnectorWorld();
      const middle = Math.ceil(values.length / 2);
      const first = await opened(0, 1, 0, world);
      await writeAll(first.writer, values.slice(0, middle));
      await first.committer?.commit(await prepare(first.writer, false));
      await writeAll(first.writer, values.slice(middle));
      await first.writer.close();
      const made = sink();
      const ctx = world.sinkContext(0, 1, 1);
      const writer = await made.createWriter(ctx);
      await writeAll(writer, values.slice(middle));
      await made.createCommitter?.(ctx).commit(await prepare(writer));
      await writer.close();
      assert.deepEqual(sorted(await visible(world)), sorted(values));
    });
  });
}

async function writeAll<T>(writer: SinkWriter<T, unknown>, values: readonly T[]): Promise<void> {
  for (const value of values) {
    writer.write(value, NO_TIMESTAMP_MS, 0);
    await writer.suspension?.();
  }
}

async function prepare<T, CommittableT>(
  writer: SinkWriter<T, CommittableT>,
  endOfInput = true,
): Promise<readonly CommittableT[]> {
  await writer.flush(endOfInput);
  return writer.prepareCommit();
}

function sorted(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}
