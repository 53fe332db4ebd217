import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectorWorld } from '../connector-world.conformance.ts';
import { testSinkConformance } from '../sink.conformance.ts';
import { formatForPrint } from './format-for-print.ts';
import { printSink } from './print-sink.ts';

testSinkConformance({
  name: 'print',
  sink: () => printSink<{ id: number }>(),
  values: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }],
  visible: async ({ printed }) =>
    printed.flatMap((text) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line.replace(/^\d+> /, ''))),
    ),
});

async function printedBy(prefix: string, subtaskIndex: number, parallelism: number) {
  const world = new ConnectorWorld();
  const writer = await printSink<string>(prefix).createWriter(
    world.sinkContext({ subtaskIndex, parallelism }),
  );
  void writer.write('a', 0, 0);
  await writer.flush(true);
  return world.printed;
}

describe('printSink', () => {
  it("begins lines as Flink's print does", async () => {
    assert.deepEqual(await printedBy('', 0, 1), ['a\n']);
    assert.deepEqual(await printedBy('', 1, 2), ['2> a\n']);
    assert.deepEqual(await printedBy('late', 0, 1), ['late> a\n']);
    assert.deepEqual(await printedBy('late', 1, 2), ['late:2> a\n']);
  });

  it('prints a buffer with one call', async () => {
    const world = new ConnectorWorld();
    const writer = await printSink<string>().createWriter(world.sinkContext());
    for (const value of ['a', 'b', 'c']) void writer.write(value, 0, 0);
    assert.equal(writer.suspension?.(), undefined);
    assert.deepEqual(world.printed, ['a\nb\nc\n']);
    assert.equal(writer.suspension?.(), undefined);
    assert.equal(world.printed.length, 1);
  });

  it('suspends until what was printed is taken', async () => {
    const world = new ConnectorWorld();
    const taken = Promise.withResolvers<void>();
    world.backPressure = taken.promise;
    const writer = await printSink<string>().createWriter(world.sinkContext());
    void writer.write('a', 0, 0);
    const suspension = writer.suspension?.();
    assert.ok(suspension instanceof Promise);
    taken.resolve();
    await suspension;
    assert.equal(writer.suspension?.(), undefined);
  });

  it('fails when printing fails', async () => {
    const world = new ConnectorWorld();
    world.backPressure = Promise.reject(new Error('broken pipe'));
    const writer = await printSink<string>().createWriter(world.sinkContext());
    void writer.write('a', 0, 0);
    await assert.rejects(async () => writer.suspension?.(), /broken pipe/);
  });
});

describe('formatForPrint', () => {
  it('shows values of every kind on one line', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const cases: readonly (readonly [unknown, string])[] = [
      ['text', 'text'],
      [undefined, 'undefined'],
      [null, 'null'],
      [5n, '5'],
      [{ a: 1n, b: Number.NaN }, '{"a":1,"b":"NaN"}'],
      [new Map([['k', new Set([1])]]), '{"k":[1]}'],
      [new Date(0), '"1970-01-01T00:00:00.000Z"'],
      [cycle, '[object Object]'],
    ];
    for (const [value, text] of cases) assert.equal(formatForPrint(value), text);
  });
});
