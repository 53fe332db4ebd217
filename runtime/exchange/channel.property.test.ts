import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { FieldType } from '../core/index.ts';
import {
  allocateRing,
  ChannelReader,
  ChannelWriter,
  CodecCache,
  RingReader,
  RingWriter,
} from './index.ts';

type Element =
  | {
      readonly kind: 'record';
      readonly value: unknown;
      readonly at: number;
      readonly group: number;
    }
  | { readonly kind: 'watermark'; readonly at: number }
  | { readonly kind: 'idle'; readonly idle: boolean }
  | { readonly kind: 'flush' };

interface Setting {
  readonly type?: FieldType;
  readonly keyed: boolean;
  readonly generate: boolean;
  readonly ringBytes: number;
  readonly bufferBytes: number;
  /** After how many elements the reader gets a turn. */
  readonly turn: number;
  /** Of a frame that the reader hands over at once. */
  readonly maxRecords: number;
  /** At each so-manieth turn it takes a frame ahead, or what is left of one; 0: never. */
  readonly aheadTurn: number;
}

const setting = fc.record({
  keyed: fc.boolean(),
  generate: fc.boolean(),
  ringBytes: fc.constantFrom(64, 128, 1024, 65536),
  bufferBytes: fc.constantFrom(1, 100, 4096, 32768),
  turn: fc.integer({ min: 1, max: 20 }),
  maxRecords: fc.constantFrom(1, 2, 5, Number.POSITIVE_INFINITY),
  aheadTurn: fc.integer({ min: 0, max: 3 }),
});

/** Sends the elements and answers what arrived; the reader takes turns. */
function through(elements: readonly Element[], options: Setting): unknown[] {
  const { keyed, type, bufferBytes } = options;
  const memory = allocateRing(options.ringBytes);
  const ring = new RingWriter(memory);
  const codecs = new CodecCache(options.generate);
  const writer = new ChannelWriter({ ring, type, keyed, codecs, bufferBytes });
  const reader = new ChannelReader({ ring: new RingReader(memory), keyed, codecs });
  const arrived: unknown[] = [];
  const sink = {
    record: (value: unknown, at: number, group: number) =>
      void arrived.push({ kind: 'record', value, at, group }),
    watermark: (at: number) => void arrived.push({ kind: 'watermark', at }),
    idle: (idle: boolean) => void arrived.push({ kind: 'idle', idle }),
    end: () => void arrived.push('end'),
    barrier: () => assert.fail('no barrier was sent'),
    endOfPartition: () => assert.fail('no end of partition was sent'),
  };
  let turns = 0;
  elements.forEach((element, i) => {
    if (element.kind === 'record') writer.writeRecord(element.value, element.at, element.group);
    else if (element.kind === 'watermark') writer.writeWatermark(element.at);
    else if (element.kind === 'idle') writer.writeIdle(element.idle);
    else writer.flush();
    if (i % options.turn === 0) {
      reader.poll(sink, 2, options.maxRecords);
      turns += 1;
      if (options.aheadTurn > 0 && turns % options.aheadTurn === 0) reader.takeAhead();
      writer.drain();
    }
  });
  writer.writeEnd();
  while (!reader.ended) {
    writer.drain();
    reader.poll(sink, 3, options.maxRecords);
  }
  return arrived;
}

function expected(elements: readonly Element[], keyed: boolean): unknown[] {
  const sent = elements.filter(({ kind }) => kind !== 'flush');
  const group = keyed ? {} : { group: -1 };
  return [...sent.map((one) => ({ ...one, ...(one.kind === 'record' ? group : {}) })), 'end'];
}

function elementsOf(value: fc.Arbitrary<unknown>): fc.Arbitrary<Element[]> {
  const at = fc.oneof(fc.integer(), fc.constant(-(2 ** 63)));
  const record = fc.record({
    kind: fc.constant('record' as const),
    value,
    at,
    group: fc.integer({ min: 0, max: 32767 }),
  });
  const control = fc.oneof(
    fc.record({ kind: fc.constant('watermark' as const), at }),
    fc.record({ kind: fc.constant('idle' as const), idle: fc.boolean() }),
    fc.record({ kind: fc.constant('flush' as const) }),
  );
  return fc.array(fc.oneof({ weight: 8, arbitrary: record }, { weight: 1, arbitrary: control }), {
    maxLength: 40,
    size: 'max',
  });
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
  stringUnit: 'binary',
  maxDepth: 3,
});

/** Records as jobs have them: a shape, with fields that vary. */
const shaped = fc.record(
  {
    id: fc.oneof(fc.integer(), fc.double()),
    name: fc.string({ unit: 'binary' }),
    at: fc.oneof(fc.date({ noInvalidDate: false }), fc.constant(null)),
    tags: fc.array(fc.string(), { maxLength: 3 }),
    nested: fc.record({ a: fc.bigInt(), b: fc.option(fc.boolean(), { nil: undefined }) }),
    pair: fc.tuple(fc.string(), fc.integer()),
    bytes: fc.uint8Array({ maxLength: 5 }),
  },
  { requiredKeys: ['id', 'nested'] },
);

type Typed = readonly [FieldType, fc.Arbitrary<unknown>];

const leaf = fc.constantFrom<Typed[]>(
  [{ kind: 'int' }, fc.integer()],
  [{ kind: 'long' }, fc.maxSafeInteger()],
  [{ kind: 'double' }, fc.double()],
  [{ kind: 'boolean' }, fc.boolean()],
  [{ kind: 'string' }, fc.string({ unit: 'binary' })],
  [{ kind: 'bigint' }, fc.bigInt()],
  [{ kind: 'date' }, fc.date()],
  [{ kind: 'bytes' }, fc.uint8Array({ maxLength: 9 })],
  [{ kind: 'any' }, anything],
);

function nullableOf([inner, value]: Typed): Typed {
  const nullable = fc.oneof(value, fc.constant(null), fc.constant(undefined));
  return [{ kind: 'nullable', inner }, nullable];
}

function arrayOf([element, value]: Typed): Typed {
  return [{ kind: 'array', element }, fc.array(value, { maxLength: 4 })];
}

function rowOf(fields: readonly (readonly [string, Typed])[]): Typed {
  const values = fields.map(([, [, value]]) => value);
  const row = fc.tuple(...values).map((drawn) => {
    const object = {};
    drawn.forEach((value, i) => {
      const field = { value, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(object, fields[i]?.[0] ?? '', field);
    });
    return object;
  });
  return [{ kind: 'row', fields: fields.map(([name, [type]]) => ({ name, type })) }, row];
}

/** A type and its values. */
const typed = fc.letrec<{ type: Typed }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3 },
    leaf,
    tie('type').map(nullableOf),
    tie('type').map(arrayOf),
    fc
      .uniqueArray(fc.tuple(fc.string(), tie('type')), {
        selector: ([name]) => name,
        maxLength: 5,
      })
      .map(rowOf),
  ),
})).type;

function inJson(elements: readonly unknown[]): string {
  return JSON.stringify(elements, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
}

function arrivesAsSent(elements: readonly Element[], options: Setting): void {
  const arrived = through(elements, options);
  const wanted = expected(elements, options.keyed);
  assert.deepStrictEqual(arrived, wanted);
  assert.equal(inJson(arrived), inJson(wanted));
}

describe('a channel, for random elements, buffer sizes and rings', () => {
  it('carries any values unchanged and in order', () => {
    fc.assert(fc.property(elementsOf(anything), setting, arrivesAsSent), { numRuns: 150 });
  });

  it('carries records whose fields come and go', () => {
    fc.assert(fc.property(elementsOf(shaped), setting, arrivesAsSent), { numRuns: 150 });
  });

  it('carries values of a declared type', () => {
    const sample = typed.chain(([type, value]) => fc.tuple(fc.constant(type), elementsOf(value)));
    fc.assert(
      fc.property(sample, setting, ([type, elements], options) =>
        arrivesAsSent(elements, { ...options, type }),
      ),
      { numRuns: 150 },
    );
  });
});
