/** What every bounded source must do; run by the tests of each. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectorWorld } from './connector-world.conformance.ts';
import type { Source } from './source.ts';
import { readSource, SourceRun, type SourceSnapshot } from './source-run.conformance.ts';

export interface SourceConformance<T, SplitT extends { readonly id: string }, StateT> {
  readonly name: string;
  /** Puts the input there. */
  readonly prepare?: (world: ConnectorWorld) => void;
  readonly source: () => Source<T, SplitT, StateT>;
  /** All records, in the order one subtask reads them; at most some dozens, no two the same. */
  readonly expected: readonly T[];
}

/** Registers the tests of one source. */
export function testSourceConformance<T, SplitT extends { readonly id: string }, StateT>(
  init: SourceConformance<T, SplitT, StateT>,
): void {
  const { name, source, expected } = init;
  const prepared = (): ConnectorWorld => {
    const world = new ConnectorWorld();
    init.prepare?.(world);
    return world;
  };
  const mayRunInParallel = source().maxParallelism !== 1;

  describe(`source conformance: ${name}`, () => {
    it('reads every record once, in order, with one subtask', async () => {
      const { values } = await readSource(source(), prepared());
      assert.deepEqual(values, expected);
    });

    it('reads every record once with three subtasks', async () => {
      const { values } = await readSource(source(), prepared(), mayRunInParallel ? 3 : 1);
      assert.deepEqual(sorted(values), sorted(expected));
    });

    it('is restored at every position without loss or repetition', async () => {
      for (let count = 0; count <= expected.length; count += 1) {
        const world = prepared();
        const first = new SourceRun(source(), world);
        await first.start();
        await first.readUpTo(count, 1);
        const snapshot = first.snapshot();
        await first.close();
        const second = new SourceRun(source(), world, 1, snapshot);
        await second.start();
        await second.readAll();
        await second.close();
        const values = [...first.values, ...second.values];
        assert.deepEqual(values, expected, `restored after ${count} records`);
      }
    });

    it('names splits uniquely and reads each between its begin and its end', async () => {
      const run = await readSource(source(), prepared());
      const ids = run.assigned.map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      assert.deepEqual(
        run.splitEvents,
        ids.flatMap((id) => [`begin ${id}`, `end ${id}`]),
      );
    });

    it('never emits more than it is asked for', async () => {
      const run = new SourceRun(source(), prepared());
      await run.start();
      for (let count = 1; count <= expected.length; count += 1) {
        await run.readUpTo(count, 1);
        assert.equal(run.values.length, count);
      }
      await run.close();
    });

    it('has made all its progress at the end, and stays there', async () => {
      const world = prepared();
      const run = new SourceRun(source(), world);
      await run.start();
      await run.readAll();
      assert.equal(run.poll(0, 1), 'end');
      await run.reader(0).available();
      assert.equal(run.progress(), run.enumerator.totalProgress?.());
      assert.deepEqual(run.reader(0).snapshotState(), []);
      await run.close();
    });

    it('closes at any time, more than once, and leaves nothing open', async () => {
      for (const count of [0, Math.ceil(expected.length / 2), expected.length]) {
        const world = prepared();
        const run = new SourceRun(source(), world);
        if (count > 0) await run.start();
        await run.readUpTo(count, 1);
        await run.reader(0).close();
        await run.reader(0).close();
        await run.enumerator.close();
        await run.enumerator.close();
        assert.equal(world.fileSystem.openFiles, 0);
        assert.equal(world.pendingTimers, 0);
      }
    });

    it('gives back the splits of a failed reader to the next that asks', async () => {
      const world = prepared();
      const run = new SourceRun(source(), world);
      await run.start();
      await run.readUpTo(1, 1);
      const { splits } = run.snapshot();
      await run.reader(0).close();
      run.enumerator.addSplitsBack(splits[0] ?? [], 0);
      const { enumerator } = run.snapshot();
      const rest = new SourceRun(source(), world, 1, { enumerator, splits: [] });
      await rest.start();
      await rest.readAll();
      await rest.close();
      assert.deepEqual([...run.values, ...rest.values], expected);
    });
  });
  testRestores(init, prepared);
}

/** From and to so many readers. */
const RESCALINGS = [
  [1, 3],
  [3, 1],
  [3, 2],
  [2, 3],
] as const;

function testRestores<T, SplitT extends { readonly id: string }, StateT>(
  { name, source, expected }: SourceConformance<T, SplitT, StateT>,
  prepared: () => ConnectorWorld,
): void {
  const mayRunInParallel = source().maxParallelism !== 1;
  const rest = async (
    world: ConnectorWorld,
    snapshot: SourceSnapshot<SplitT, StateT>,
    parallelism = 1,
  ) => {
    const run = new SourceRun(source(), world, parallelism, snapshot);
    await run.start();
    await run.readAll();
    await run.close();
    return run;
  };

  describe(`source conformance, restored: ${name}`, () => {
    for (const [from, to] of mayRunInParallel ? RESCALINGS : []) {
      it(`goes on at every position with ${to} readers instead of ${from}`, async () => {
        for (let count = 0; count <= expected.length; count += 1) {
          const world = prepared();
          const first = new SourceRun(source(), world, from);
          await first.start();
          await first.readUpTo(count, 1 + (count % 2));
          const snapshot = redistributed(first.snapshot(), to);
          await first.close();
          const second = await rest(world, snapshot, to);
          const values = [...first.values, ...second.values];
          assert.deepEqual(sorted(values), sorted(expected), `restored after ${count} records`);
          const restored = snapshot.splits.flat().map(({ id }) => `end ${id}`);
          for (const end of restored) assert.ok(second.splitEvents.includes(end), end);
        }
      });
    }

    it('loses nothing of what was asked for and not assigned yet', async () => {
      const world = prepared();
      const first = new SourceRun(source(), world);
      first.startReaders();
      const snapshot = first.snapshot();
      await first.close();
      assert.deepEqual((await rest(world, snapshot)).values, expected);
    });

    it('is the same when it is restored and nothing was read since', async () => {
      const world = prepared();
      const first = new SourceRun(source(), world);
      await first.start();
      await first.readUpTo(Math.ceil(expected.length / 2), 1);
      let snapshot = first.snapshot();
      await first.close();
      for (let again = 0; again < 3; again += 1) {
        const run = new SourceRun(source(), world, 1, snapshot);
        await run.start();
        snapshot = run.snapshot();
        await run.close();
      }
      const second = await rest(world, snapshot);
      assert.deepEqual([...first.values, ...second.values], expected);
    });

    it('ends again when it had ended', async () => {
      const world = prepared();
      const first = new SourceRun(source(), world);
      await first.start();
      await first.readAll();
      const snapshot = first.snapshot();
      await first.close();
      const second = await rest(world, snapshot);
      assert.deepEqual(second.values, []);
      assert.equal(second.poll(0, 1), 'end');
    });

    it("reads a failed reader's splits again while the others go on", async () => {
      for (let count = 0; count <= expected.length; count += 1) {
        const run = new SourceRun(source(), prepared(), mayRunInParallel ? 2 : 1);
        await run.start();
        await run.readUpTo(count, 1);
        await run.replaceReader(0);
        await run.readAll();
        await run.close();
        assert.deepEqual(sorted(run.values), sorted(expected), `failed after ${count} records`);
      }
    });
  });
}

function redistributed<SplitT, StateT>(
  { enumerator, splits }: SourceSnapshot<SplitT, StateT>,
  parallelism: number,
): SourceSnapshot<SplitT, StateT> {
  const all = splits.flat();
  return {
    enumerator,
    splits: Array.from({ length: parallelism }, (_, subtask) =>
      all.filter((_split, index) => index % parallelism === subtask),
    ),
  };
}

function sorted(values: readonly unknown[]): string[] {
  return values
    .map((value) =>
      JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner)),
    )
    .sort();
}
