import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FieldType, isStreamError, NO_TIMESTAMP_MS } from '../core/index.ts';
import type { CheckpointBarrier } from '../protocol/index.ts';
import {
  allocateRing,
  ChannelReader,
  ChannelWriter,
  CodecCache,
  MAX_BUFFER_BYTES,
  RingReader,
  RingWriter,
} from './index.ts';

type Element = readonly unknown[];

interface Options {
  readonly type?: FieldType;
  readonly keyed?: boolean;
  readonly generate?: boolean;
  readonly ringBytes?: number;
}

function channel(options: Options = {}) {
  const { type, keyed = false, generate = true, ringBytes = 1 << 18 } = options;
  const memory = allocateRing(ringBytes);
  const codecs = new CodecCache(generate);
  const writer = new ChannelWriter({ ring: new RingWriter(memory), type, keyed, codecs });
  const reader = new ChannelReader({ ring: new RingReader(memory), keyed, codecs });
  const elements: Element[] = [];
  const sink = {
    record: (value: unknown, timestampMs: number, keyGroup: number) =>
      elements.push(['record', value, timestampMs, keyGroup]),
    watermark: (watermarkMs: number) => elements.push(['watermark', watermarkMs]),
    idle: (idle: boolean) => elements.push(['idle', idle]),
    end: () => elements.push(['end']),
    barrier: (barrier: CheckpointBarrier) => elements.push(['barrier', barrier]),
    endOfPartition: () => elements.push(['end of partition']),
  };
  const finish = () => {
    writer.flush();
    do reader.poll(sink, 100);
    while (!writer.drain());
    reader.poll(sink, 100);
    return elements;
  };
  return { writer, reader, sink, elements, finish };
}

/** What arrives when these are sent. */
function sent(values: readonly unknown[], options: Options = {}): unknown[] {
  const { writer, finish } = channel(options);
  for (const value of values) writer.writeRecord(value, 1, 0);
  return finish().map(([, value]) => value);
}

function failure(run: () => unknown): { kind: string; code: string; message: string } {
  try {
    run();
  } catch (error) {
    assert.ok(isStreamError(error), String(error));
    return { kind: error.kind, code: error.code, message: error.message };
  }
  return assert.fail('nothing was thrown');
}

const BARRIER: CheckpointBarrier = {
  checkpointId: 7,
  triggeredAtEpochMs: 1_700_000_000_000,
  type: 'CHECKPOINT',
  full: false,
  mode: 'EXACTLY_ONCE',
  unalignedAfterMs: -1,
  directory: '/tmp/checkpoints',
};

const ROW: FieldType = {
  kind: 'row',
  fields: [
    { name: 'id', type: { kind: 'long' } },
    { name: 'name', type: { kind: 'string' } },
    { name: 'count', type: { kind: 'nullable', inner: { kind: 'int' } } },
    { name: 'tags', type: { kind: 'array', element: { kind: 'string' } } },
  ],
};

class Money {
  readonly amount = 1;
}

describe('a channel', () => {
  it('hands over elements in the order they were written', () => {
    const { writer, finish } = channel({ keyed: true });
    writer.writeRecord({ a: 1 }, 5, 7);
    writer.writeWatermark(4);
    writer.writeRecord({ a: 2 }, NO_TIMESTAMP_MS, 32767);
    writer.writeIdle(true);
    writer.writeIdle(false);
    writer.writeEnd();
    assert.deepEqual(finish(), [
      ['record', { a: 1 }, 5, 7],
      ['watermark', 4],
      ['record', { a: 2 }, NO_TIMESTAMP_MS, 32767],
      ['idle', true],
      ['idle', false],
      ['end'],
    ]);
  });

  it('counts records, buffers and bytes on both ends alike', () => {
    const { writer, reader, finish } = channel();
    for (let i = 0; i < 5000; i++) writer.writeRecord({ i, text: 'abcdefgh' }, i, -1);
    finish();
    assert.equal(writer.records, 5000);
    assert.equal(reader.records, 5000);
    assert.equal(writer.bytes, reader.bytesRead);
    assert.ok(writer.buffers >= 4 && writer.buffers <= 6, `buffers=${writer.buffers}`);
    assert.equal(writer.fallbackRecords, 0);
  });

  it('counts no bytes behind the end of data, which nobody need take any more', () => {
    for (const drained of [false, true]) {
      const { writer, reader, sink, finish } = channel();
      writer.writeRecord({ i: 1 }, 1, -1);
      writer.writeEnd(drained);
      while (!reader.ended) reader.poll(sink, 1);
      const { bytesRead } = reader;
      writer.writeBarrier(BARRIER);
      writer.writeEndOfPartition();
      assert.equal(writer.bytes, bytesRead);
      finish();
      assert.deepEqual([writer.bytes, reader.bytesRead], [bytesRead, bytesRead]);
    }
  });

  it('keeps frames on the heap while the ring is full and says it is not available', () => {
    const { writer, finish } = channel({ ringBytes: 1024 });
    assert.equal(writer.isAvailable(), true);
    for (let i = 0; i < 100; i++) writer.writeRecord('x'.repeat(100), i, -1);
    writer.flush();
    assert.equal(writer.isAvailable(), false);
    assert.equal(writer.maxPendingBytes, writer.pendingBytes);
    assert.ok(writer.pendingBytes > 10_000);
    assert.equal(finish().length, 100);
    assert.equal(writer.isAvailable(), true);
    assert.equal(writer.pendingBytes, 0);
  });

  it('sends no buffer of several records beyond the hard cap', () => {
    const { writer, finish } = channel();
    for (let i = 0; i < 8; i++)
      writer.writeRecord('y'.repeat(i % 2 === 0 ? 30_000 : 60_000), i, -1);
    assert.equal(writer.buffers, 8);
    assert.deepEqual(
      finish().map(([, value]) => String(value).length),
      [30_000, 60_000, 30_000, 60_000, 30_000, 60_000, 30_000, 60_000],
    );
  });

  it('carries one record larger than any buffer and than the ring', () => {
    const large = 'z'.repeat(3 * MAX_BUFFER_BYTES);
    assert.deepEqual(sent(['a', large, 'b'], { ringBytes: 4096 }), ['a', large, 'b']);
  });

  it('takes only barriers after the end of data, and nothing after the end of partition', () => {
    const { writer, finish } = channel();
    writer.writeEnd();
    assert.equal(failure(() => writer.writeWatermark(1)).code, 'CHANNEL_ENDED');
    writer.writeBarrier(BARRIER);
    writer.writeEndOfPartition();
    assert.equal(failure(() => writer.writeBarrier(BARRIER)).code, 'CHANNEL_ENDED');
    assert.deepEqual(finish(), [['end'], ['barrier', BARRIER], ['end of partition']]);
  });

  it('drops what is written once the reader is gone', () => {
    const memory = allocateRing(64);
    const writer = new ChannelWriter({ ring: new RingWriter(memory), keyed: false });
    new RingReader(memory).close();
    for (let i = 0; i < 100; i++) writer.writeRecord(i, i, -1);
    writer.flush();
    assert.equal(writer.isAvailable(), true);
  });

  it('refuses a frame it does not know or that is out of sequence', () => {
    for (const [type, sequence, code] of [
      [99, 0, 'FRAME_UNKNOWN'],
      [5, 3, 'ASSERTION'],
    ] as const) {
      const memory = allocateRing(64);
      const frame = new Uint8Array(16);
      frame[0] = type;
      frame[4] = sequence;
      new RingWriter(memory).tryWrite(frame);
      const reader = new ChannelReader({ ring: new RingReader(memory), keyed: false });
      const { sink } = channel();
      assert.equal(failure(() => reader.poll(sink, 1)).code, code);
    }
  });
});

describe('a channel with a declared type', () => {
  const good = { id: 1, name: 'ä', count: 3, tags: ['a', ''] };

  it('carries rows and nulls', () => {
    const values = [good, { ...good, count: null }, { ...good, count: undefined, tags: [] }];
    assert.deepEqual(sent(values, { type: ROW }), values);
  });

  it('keeps the order of fields and tells absent from undefined', () => {
    const values = [
      { tags: [], name: 'n', id: 1 },
      { id: 1, tags: [], name: 'n', count: undefined },
      good,
    ];
    const arrived = sent(values, { type: ROW });
    assert.deepEqual(arrived, values);
    assert.equal(JSON.stringify(arrived), JSON.stringify(values));
    assert.deepEqual(
      arrived.map((value) => Object.keys(value as object)),
      values.map(Object.keys),
    );
  });

  for (const generate of [true, false]) {
    const how = generate ? 'generated code' : 'no generated code';
    it(`names field, expected type and what was found, with ${how}`, () => {
      const options = { type: ROW, generate };
      assert.deepEqual(
        failure(() => sent([good, { ...good, name: 12 }], options)),
        {
          kind: 'user',
          code: 'VALUE_NOT_OF_TYPE',
          message:
            'field name does not fit its declared type, change the value or the type: expected=string found=number 12',
        },
      );
      assert.match(
        failure(() => sent([{ ...good, tags: ['a', null] }], options)).message,
        /^field tags\[1\] .* expected=string found=null$/,
      );
      assert.match(
        failure(() => sent([{ ...good, extra: 1 }], options)).message,
        /^field extra .* expected=no such field found=number 1$/,
      );
      assert.match(failure(() => sent([new Money()], options)).message, /^the record .*of Money$/);
      assert.equal(failure(() => sent([{ ...good, id: 2 ** 53 }], options)).code, 'PRECISION_LOST');
      assert.equal(failure(() => sent([{ ...good, id: 0.5 }], options)).code, 'VALUE_NOT_OF_TYPE');
      assert.equal(
        failure(() => sent([{ ...good, count: 2 ** 31 }], options)).code,
        'VALUE_NOT_OF_TYPE',
      );
    });
  }

  it('still checks once the codec no longer does', () => {
    const { writer } = channel({ type: ROW });
    const { id, ...rest } = good;
    for (let i = 0; i < 12; i++) writer.writeRecord(i % 2 === 0 ? good : { ...rest, id }, 0, -1);
    assert.ok(writer.fallbackRecords > 0);
    assert.equal(
      failure(() => writer.writeRecord({ ...good, id: 'x' }, 0, -1)).code,
      'VALUE_NOT_OF_TYPE',
    );
  });

  it('goes on after a value it refused', () => {
    const { writer, finish } = channel({ type: ROW });
    writer.writeRecord(good, 1, -1);
    failure(() => writer.writeRecord({ ...good, tags: ['kept?', 1] }, 2, -1));
    writer.writeRecord(good, 3, -1);
    assert.deepEqual(finish(), [
      ['record', good, 1, -1],
      ['record', good, 3, -1],
    ]);
  });

  it('carries every declared kind', () => {
    const field = (name: string, type: FieldType) => ({ name, type });
    const type: FieldType = {
      kind: 'row',
      fields: [
        field('d', { kind: 'double' }),
        field('b', { kind: 'boolean' }),
        field('n', { kind: 'bigint' }),
        field('t', { kind: 'date' }),
        field('y', { kind: 'bytes' }),
        field('x', { kind: 'any' }),
        field('r', { kind: 'nullable', inner: ROW }),
        field('a', { kind: 'array', element: { kind: 'nullable', inner: { kind: 'bigint' } } }),
      ],
    };
    const base = { d: Number.NaN, b: true, n: 1n << 80n, t: new Date(-5), y: new Uint8Array([1]) };
    const values = [
      { ...base, x: new Map([[{ a: 1 }, new Set([1n])]]), r: good, a: [1n, null, undefined] },
      { ...base, n: -1n, t: new Date(Number.NaN), x: undefined, r: null, a: [] },
      { ...base, x: -0, r: undefined, a: [-(1n << 63n), 1n << 63n] },
    ];
    assert.deepEqual(sent(values, { type }), values);
    assert.deepEqual(sent(values, { type, generate: false }), values);
  });
});

describe('a channel without a declared type', () => {
  it('widens its codec and stays generated', () => {
    const { writer, finish } = channel();
    const values = [{ a: 1 }, { a: null }, { a: 2, b: 'x' }, { b: 'y' }, { a: 3 }];
    for (const value of values) writer.writeRecord(value, 0, -1);
    assert.deepEqual(
      finish().map(([, value]) => value),
      values,
    );
    assert.equal(writer.fallbackRecords, 0);
  });

  it('lets records describe themselves after too many changes', () => {
    const { writer, finish } = channel();
    const values = Array.from({ length: 30 }, (_, i) => ({ [`field${i}`]: i }));
    for (const value of values) writer.writeRecord(value, 0, -1);
    assert.deepEqual(
      finish().map(([, value]) => value),
      values,
    );
    assert.ok(writer.fallbackRecords >= 20);
  });

  it('refuses what would arrive as something else, naming the field', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    for (const [value, place, found] of [
      [() => 1, 'the record', 'a function'],
      [{ a: { b: [Symbol('s')] } }, 'field a.b[0]', 'a symbol'],
      [{ m: new Money() }, 'field m', 'an instance of Money'],
      [new Map([[1, new Money()]]), 'field .values()', 'an instance of Money'],
      [[/x/], 'field [0]', 'an instance of RegExp'],
      [{ [Symbol('s')]: 1 }, 'the record', 'a field whose name is a symbol'],
    ] as const) {
      const { kind, code, message } = failure(() => sent([value]));
      assert.deepEqual([kind, code], ['user', 'VALUE_NOT_ENCODABLE']);
      assert.ok(message.startsWith(`${place} is ${found}, which cannot be sent`), message);
    }
    assert.match(failure(() => sent([cycle])).message, /a cycle or more than 100 levels/);
    assert.equal(failure(() => sent([{ m: 1 }, { m: new Money() }])).code, 'VALUE_NOT_ENCODABLE');
  });

  it('carries the values other formats lose', () => {
    const bare = Object.assign(Object.create(null), { a: 1 });
    const odd = JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}');
    const holes = [1, undefined, 3];
    delete holes[0];
    const values = [
      -0,
      Number.NaN,
      '\ufeffbom ä',
      '\ud800x',
      'x\udc00',
      undefined,
      null,
      holes,
      [1, 'a', null],
      ['b', 2],
      [-0, [Number.NEGATIVE_INFINITY]],
      odd,
      bare,
      Buffer.from('abc'),
      new Float64Array([1, -0]),
      new Uint8Array([1, 2]),
      2n ** 70n,
      new Date(1.5e12),
      new Map<unknown, unknown>([[1, { a: undefined }]]),
      { 2: 'b', 1: 'a', z: 1, a: 2 },
    ];
    for (const generate of [true, false]) {
      assert.deepEqual(sent(values, { generate }), values);
      for (const value of values) {
        assert.deepEqual(sent([value, value, { value }], { generate }), [value, value, { value }]);
      }
    }
  });
});
