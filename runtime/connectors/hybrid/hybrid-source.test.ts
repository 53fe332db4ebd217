import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError } from '../../core/index.ts';
import { ConnectorWorld } from '../connector-world.conformance.ts';
import { FileSource } from '../file/index.ts';
import { generatorSource, sequenceSource } from '../sequence/index.ts';
import { testSourceConformance } from '../source.conformance.ts';
import type { Boundedness, Source } from '../source.ts';
import { readSource, SourceRun } from '../source-run.conformance.ts';
import { HybridSource, HybridSourceBuilder } from './hybrid-source.ts';
import type { HybridSourceEnumeratorState, HybridSourceSplit } from './hybrid-split.ts';
import { Numbers, type NumbersEnumerator } from './numbers.conformance.ts';

type Named<T> = Source<T, HybridSourceSplit & { readonly id: string }, HybridSourceEnumeratorState>;

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}

testSourceConformance({
  name: 'hybrid of sequences whose splits have the same ids',
  source: () =>
    HybridSource.builder(sequenceSource(0, 6))
      .addSource(sequenceSource(7, 8))
      .addSource(sequenceSource(9, 15))
      .build() as Named<number>,
  expected: range(0, 15),
});
testSourceConformance({
  name: 'hybrid of files and a source that goes on where they end',
  prepare: ({ fileSystem }) => {
    fileSystem.put('/in/a.txt', 'a0\na1\na2\n');
    fileSystem.put('/in/b.txt', 'b0\nb1');
  },
  source: () =>
    HybridSource.builder(FileSource.forLines('/in'))
      .addSource((context) => {
        const { totalProgress } = context.getPreviousEnumerator().snapshotState();
        return generatorSource({ count: 5, generate: (n) => `live ${(totalProgress ?? 0) + n}` });
      }, 'BOUNDED')
      .build() as Named<string>,
  expected: ['a0', 'a1', 'a2', 'b0', 'b1', ...range(14, 18).map((n) => `live ${n}`)],
});
function factories(): HybridSource<number> {
  return HybridSource.builder(new Numbers(0, 9))
    .addSource((context) => {
      const { endPosition } = context.getPreviousEnumerator();
      return new Numbers(endPosition, endPosition + 4);
    }, 'BOUNDED')
    .addSource((context) => {
      const { endPosition } = context.getPreviousEnumerator();
      return new Numbers(endPosition * 10, endPosition * 10 + 5);
    }, 'BOUNDED')
    .build();
}
testSourceConformance({
  name: 'hybrid of sources that are each made from where the one before ended',
  source: () => factories() as Named<number>,
  expected: [...range(0, 9), ...range(10, 14), ...range(150, 155)],
});

function refusal(build: () => unknown): string {
  try {
    build();
  } catch (thrown) {
    assert.ok(isStreamError(thrown));
    assert.equal(thrown.code, 'BAD_HYBRID_SOURCE');
    assert.equal(thrown.kind, 'invalid');
    return thrown.message;
  }
  return assert.fail('it was not refused');
}

const endless = (): Source<number, unknown, unknown> => generatorSource({ generate: (n) => n });
const wrong = (value: unknown): Source<number, unknown, unknown> =>
  value as Source<number, unknown, unknown>;

describe('HybridSource', () => {
  it('is bounded as its last source is, and named after all', () => {
    const first = HybridSource.builder(sequenceSource(1, 2));
    assert.equal(first.build().boundedness, 'BOUNDED');
    assert.equal(first.addSource(endless()).build().boundedness, 'CONTINUOUS_UNBOUNDED');
    const made = first.addSource(() => endless(), 'CONTINUOUS_UNBOUNDED').build();
    assert.equal(made.boundedness, 'CONTINUOUS_UNBOUNDED');
    assert.equal(made.name, `hybrid(${sequenceSource(1, 2).name}, source 2)`);
    assert.equal(first.build().name, `hybrid(${sequenceSource(1, 2).name})`);
  });

  it('runs with the lowest parallelism its sources allow', () => {
    const of = (maxParallelism?: number) =>
      Object.assign(sequenceSource(1, 2), maxParallelism === undefined ? {} : { maxParallelism });
    const built = (...limits: (number | undefined)[]) =>
      limits
        .reduce((builder, limit) => builder.addSource(of(limit)), HybridSource.builder(of()))
        .build();
    assert.equal(built(3, undefined, 2).maxParallelism, 2);
    assert.equal('maxParallelism' in built(undefined), false);
  });

  it('asks its sources whether their input is there, and what wakes them', async () => {
    const asked: string[] = [];
    const source = (name: string) =>
      Object.assign(sequenceSource(1, 2), {
        validate: ({ restoring }: { readonly restoring: boolean }) =>
          void asked.push(`${name} ${restoring}`),
        wakeOffers: () => [{ kind: 'schedule', schedule: `rate(${name} minutes)` } as const],
      });
    const hybrid = HybridSource.builder(source('5')).addSource(source('7')).build();
    const { fileSystem } = new ConnectorWorld();
    await hybrid.validate({ fileSystem, restoring: true });
    assert.deepEqual(asked, ['5 true', '7 true']);
    assert.deepEqual(
      hybrid.wakeOffers().map((offer) => offer.kind === 'schedule' && offer.schedule),
      ['rate(5 minutes)', 'rate(7 minutes)'],
    );
    const lacking = HybridSource.builder(FileSource.forLines('/none')).build();
    const validation = lacking.validate({ fileSystem, restoring: false });
    await assert.rejects(validation, { code: 'FILE_NOT_FOUND' });
  });

  it('refuses a source behind one without end, by place and name', () => {
    const builder = HybridSource.builder(sequenceSource(1, 2)).addSource(endless());
    assert.match(
      refusal(() => builder.addSource(sequenceSource(3, 4))),
      /^source 2 of a hybrid source "generator" has no end.*give it an end, or add it last$/,
    );
    assert.match(
      refusal(() => builder.addSource(() => endless(), 'BOUNDED')),
      /would never be read/,
    );
  });

  it('refuses what is no source, and a builder without any', () => {
    assert.match(
      refusal(() => new HybridSourceBuilder([]).build()),
      /at least one source: HybridSource\.builder\(first\)/,
    );
    assert.match(
      refusal(() => HybridSource.builder(wrong(undefined))),
      /source 1 of a hybrid source is neither a source nor a function.*undefined/,
    );
    assert.match(
      refusal(() => HybridSource.builder(sequenceSource(1, 2)).addSource(wrong('files'))),
      /source 2 of a hybrid source is neither.*string/,
    );
    assert.match(
      refusal(() => HybridSource.builder(wrong(() => endless()))),
      /the first of a hybrid source is a source/,
    );
  });

  it('refuses a hybrid source as one of its sources', () => {
    const nested = HybridSource.builder(sequenceSource(1, 2)).build();
    assert.match(
      refusal(() => HybridSource.builder(sequenceSource(1, 2)).addSource(nested)),
      /source 2 of a hybrid source, "hybrid\(.*\)", is hybrid itself: add its sources one by one/,
    );
  });

  it('refuses a boundedness that is missing, unknown, or not that of the source', () => {
    const builder = HybridSource.builder(sequenceSource(1, 2));
    const add = (source: unknown, boundedness?: unknown) =>
      refusal(() =>
        builder.addSource(
          source as () => Source<number, unknown, unknown>,
          boundedness as Boundedness,
        ),
      );
    assert.match(
      add(() => endless()),
      /source 2 .* must say whether it ends.*=undefined/,
    );
    assert.match(
      add(() => endless(), 'FINITE'),
      /'CONTINUOUS_UNBOUNDED': boundedness=FINITE/,
    );
    assert.match(add(endless(), 'BOUNDED'), /"generator", is CONTINUOUS_UNBOUNDED and was added/);
    const odd = Object.assign(sequenceSource(1, 2), { boundedness: 'LONG' });
    assert.match(add(odd), /source 2 .*must say whether it ends.*boundedness=LONG/);
  });
});

/** What the first source, read by one subtask, is followed by. */
async function failureOf(
  factory: (previous: NumbersEnumerator) => unknown,
  boundedness: Boundedness = 'BOUNDED',
  parallelism = 1,
): Promise<{ readonly message: string; readonly code: string }> {
  const source = HybridSource.builder(new Numbers(0, 3))
    .addSource(
      (context) => factory(context.getPreviousEnumerator()) as Source<number, unknown, unknown>,
      boundedness,
    )
    .build();
  try {
    await readSource(source, new ConnectorWorld(), parallelism);
  } catch (thrown) {
    assert.ok(isStreamError(thrown), String(thrown));
    return thrown;
  }
  return assert.fail('it was not refused');
}

describe('HybridSource, whose factory fails', () => {
  it('says which source could not be made, and why', async () => {
    const { message, code } = await failureOf(() => {
      throw new Error('no such topic');
    });
    assert.equal(code, 'HYBRID_SOURCE_FACTORY');
    assert.match(message, /source 2 of a hybrid source, behind "numbers\(0, 3\)", threw: no such/);
  });

  it('refuses what is no source', async () => {
    const nothing = await failureOf(() => undefined);
    assert.match(nothing.message, /the factory of source 2 .* returned no source/);
    const hybrid = HybridSource.builder(sequenceSource(1, 2)).build();
    assert.match((await failureOf(() => hybrid)).message, /is hybrid itself: add its sources/);
    const later = await failureOf(() => Promise.resolve(endless()));
    assert.match(later.message, /returned no source \(a promise: it cannot wait/);
  });

  it('refuses another boundedness than announced', async () => {
    const { message } = await failureOf(() => endless());
    assert.match(message, /returned "generator", which is CONTINUOUS_UNBOUNDED.*as BOUNDED: say/);
    const other = await failureOf(() => sequenceSource(1, 2), 'CONTINUOUS_UNBOUNDED');
    assert.match(other.message, /is BOUNDED, and was announced as CONTINUOUS_UNBOUNDED/);
  });

  it('refuses a source that must not run so much in parallel', async () => {
    const one = Object.assign(sequenceSource(1, 2), { maxParallelism: 1 });
    const { message } = await failureOf(() => one, 'BOUNDED', 2);
    assert.match(message, /a parallelism of 1 at the most: set the parallelism.*parallelism=2/);
  });

  it('refuses to assign splits of a source that was read to its end', async () => {
    const { message } = await failureOf((previous) => {
      previous.handleSplitRequest(0);
      return sequenceSource(1, 2);
    });
    assert.match(message, /"numbers\(0, 3\)" is read to its end.*ask it where it ended/);
  });

  it('does not restore a state of more sources than it has, or of none', () => {
    const world = new ConnectorWorld();
    const one = HybridSource.builder(sequenceSource(1, 2)).build();
    const state = { sourceIndex: 1, finalStates: [null], totals: [null], returned: [] };
    const split = { sourceIndex: 1, id: '1:0', split: {} };
    assert.throws(() => new SourceRun(one, world, 1, { enumerator: state, splits: [] }), {
      code: 'HYBRID_SOURCE_CHANGED',
      message: /a state of source 2 of a hybrid source, and hybrid\(.*\) has 1: keep the sources/,
    });
    const other = {} as HybridSourceEnumeratorState;
    assert.throws(() => new SourceRun(one, world, 1, { enumerator: other, splits: [] }), {
      code: 'HYBRID_SOURCE_CHANGED',
    });
    const run = new SourceRun(one, world, 1, {
      enumerator: { ...state, sourceIndex: 0 },
      splits: [[split]],
    });
    assert.throws(() => run.poll(0, 1), { code: 'HYBRID_SOURCE_CHANGED' });
  });
});
