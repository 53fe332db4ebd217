import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError, type StreamError } from '../../core/index.ts';
import { ConnectorWorld } from '../connector-world.conformance.ts';
import { readSource } from '../source-run.conformance.ts';
import { FileSource } from './file-source.ts';
import { JsonEncoder } from './json-encoder.ts';
import { hasDigitRun } from './json-parser.ts';

type Options = Parameters<typeof FileSource.forJsonLines>[1];

async function read(text: string, options?: Options) {
  const world = new ConnectorWorld();
  world.fileSystem.put('a.jsonl', text);
  const run = await readSource(FileSource.forJsonLines('a.jsonl', options), world);
  return { values: run.values, side: run.side, counters: world.counters };
}

async function failureOf(text: string, options?: Options): Promise<StreamError> {
  const error: unknown = await read(text, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(isStreamError(error), 'expected a StreamError');
  return error;
}

describe('jsonLines', () => {
  it('reads any JSON value a line and skips blank lines', async () => {
    const { values } = await read('{"a":[1]}\r\n  \n"s"\n\n7\nnull');
    assert.deepEqual(values, [{ a: [1] }, 's', 7, null]);
  });

  it('fails on a malformed line with file, line, reason and text', async () => {
    const error = await failureOf(`{"a":1}\n{"a":${'1'.repeat(3)},"${'b'.repeat(300)}\n`);
    assert.deepEqual([error.kind, error.code], ['user', 'MALFORMED_JSON']);
    assert.match(
      error.message,
      /set onError to 'skip' .* file=a\.jsonl line=2 text=\{"a":111,"b+…$/,
    );
    assert.deepEqual(error.details, { path: 'a.jsonl', line: 2 });
  });

  it('skips and counts malformed lines when asked to', async () => {
    const { values, counters } = await read('{"a":1}\nnope\n{"a":2}\n{', { onError: 'skip' });
    assert.deepEqual(values, [{ a: 1 }, { a: 2 }]);
    assert.equal(counters.get('numRecordsSkipped'), 2);
    assert.equal(counters.get('numRecordsInErrors'), 2);
  });

  it('sends malformed lines to a side output, by tag or by its id', async () => {
    for (const sideOutput of ['bad', { id: 'bad' }]) {
      const { values, side, counters } = await read('{"a":1}\nnope\n', { onError: { sideOutput } });
      assert.deepEqual(values, [{ a: 1 }]);
      assert.equal(side.length, 1);
      assert.equal(side[0]?.tagId, 'bad');
      const { error, ...rest } = (side[0]?.value ?? {}) as Record<string, unknown>;
      assert.deepEqual(rest, { file: 'a.jsonl', line: 2, text: 'nope' });
      assert.match(String(error), /not valid JSON/);
      assert.equal(counters.get('numRecordsSkipped'), 0);
      assert.equal(counters.get('numRecordsInErrors'), 1);
    }
  });

  it('fails on an integer past 2^53, naming its field', async () => {
    for (const text of ['{"id":9007199254740993}', '{"x":{"id": -12345678901234567890 }}']) {
      const error = await failureOf(text);
      assert.deepEqual([error.kind, error.code], ['user', 'PRECISION_LOST']);
      assert.match(error.message, /bigintFields: \['id'\].* field=id value=-?\d+/);
    }
    assert.equal((await failureOf('[1,9007199254740993]')).code, 'PRECISION_LOST');
    assert.equal((await failureOf('9007199254740993')).code, 'PRECISION_LOST');
  });

  it('treats it like any malformed line under onError', async () => {
    const { values } = await read('{"id":9007199254740993}\n{"id":1}', { onError: 'skip' });
    assert.deepEqual(values, [{ id: 1 }]);
  });

  it('lets digits pass that lose nothing', async () => {
    const lines = [
      '{"s":"id: 12345678901234567890 ,","t":"\\",12345678901234567890,"}',
      '{"d":0.12345678901234567890,"e":12345678901234567890.5,"f":12345678901234567890e3}',
      '{"id":9007199254740991,"n":-9007199254740991,"micros":1700000000000000}',
    ];
    const { values } = await read(lines.join('\n'));
    assert.deepEqual(
      values,
      lines.map((line) => JSON.parse(line)),
    );
  });

  it('reads the integers of bigint fields as bigints, at any depth and size', async () => {
    const text = '{"id":12345678901234567890,"in":{"id":1},"x":2,"d":1.5,"list":[3]}';
    const { values } = await read(text, { bigintFields: ['id', 'd'] });
    const expected = { id: 12345678901234567890n, in: { id: 1n }, x: 2, d: 1.5, list: [3] };
    assert.deepEqual(values, [expected]);
    const error = await failureOf('{"other":9007199254740993}', { bigintFields: ['id'] });
    assert.equal(error.code, 'PRECISION_LOST');
  });

  it('keeps a member named __proto__ a member', async () => {
    const { values } = await read('{"__proto__":{"a":1}}');
    assert.deepEqual(Object.keys(values[0] as object), ['__proto__']);
  });
});

describe('hasDigitRun', () => {
  it('finds a run wherever it begins, and none that is one digit short', () => {
    for (let at = 0; at < 40; at += 1) {
      const text = (digits: number) => Buffer.from(`${'x'.repeat(at)}${'7'.repeat(digits)}y`);
      assert.equal(hasDigitRun(text(16), 16), true, `16 digits at ${at}`);
      assert.equal(hasDigitRun(text(15), 16), false, `15 digits at ${at}`);
    }
  });
});

describe('JsonEncoder', () => {
  const encode = (value: unknown) => new JsonEncoder().encode(value);

  it('writes what JSON.stringify writes', () => {
    const value = { a: null, b: {}, c: 'null {}', d: new Date(0), e: undefined, f: [1, undefined] };
    assert.equal(encode(value), JSON.stringify(value));
  });

  it('writes bigints as integers', () => {
    const encoder = new JsonEncoder();
    const value = { id: 12345678901234567890n, list: [1n] };
    for (let time = 0; time < 2; time += 1) {
      assert.equal(encoder.encode(value), '{"id":12345678901234567890,"list":[1]}');
    }
    assert.equal(encoder.encode({ a: 1 }), '{"a":1}');
  });

  it('refuses numbers that JSON would make null, naming the field', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(
        () => encode({ deep: [{ score: value }] }),
        (error) => {
          assert.ok(isStreamError(error));
          assert.deepEqual([error.kind, error.code], ['user', 'PRECISION_LOST']);
          assert.match(error.message, /field=score value=/);
          return true;
        },
      );
    }
  });

  it('refuses what has no JSON form', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const bad = [undefined, () => 1, Symbol('s'), cycle, new Map([[1, 2]]), { s: new Set([1]) }];
    for (const value of [...bad, { at: new Date(Number.NaN) }]) {
      assert.throws(() => encode(value), { code: 'VALUE_NOT_ENCODABLE', kind: 'user' });
    }
  });
});
