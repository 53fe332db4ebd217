import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { csv } from './csv.ts';
import type { FileFormat } from './file-format.ts';
import { jsonLines } from './json-lines.ts';
import { textLines } from './text-lines.ts';

const CHUNK_SIZES = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });

/** Frames and decodes bytes that come in chunks of the given sizes, taking turns. */
function decode<T>(format: FileFormat<T>, bytes: Buffer, sizes: readonly number[]): T[] {
  const framer = format.createFramer();
  const decoder = format.createDecoder(undefined);
  const values: T[] = [];
  const output = {
    record: (value: T) => values.push(value),
    malformed: ({ reason }: { readonly reason: string }) => assert.fail(reason),
  };
  const decodeAll = (region: Buffer | undefined) => {
    if (region === undefined) return;
    decoder.load(region);
    while (decoder.hasMore()) decoder.decode(output, 2);
    assert.equal(decoder.consumed().sizeBytes, region.length);
  };
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const next = at + (sizes[turn % sizes.length] ?? 1);
    for (const region of framer.push(bytes.subarray(at, next))) decodeAll(region);
    at = next;
  }
  decodeAll(framer.end());
  return values;
}

function encode<T>(format: FileFormat<T>, values: readonly T[]): Buffer {
  const encoder = format.createEncoder();
  const [first] = values;
  const header = first === undefined ? '' : encoder.fileHeader(first);
  return Buffer.from(header + values.map((value) => encoder.encode(value)).join(''));
}

function assertRoundTrip<T>(format: FileFormat<T>, values: fc.Arbitrary<T[]>): void {
  fc.assert(
    fc.property(values, CHUNK_SIZES, (written, sizes) => {
      assert.deepEqual(decode(format, encode(format, written), sizes), written);
    }),
  );
}

describe('file formats', () => {
  it('textLines reads what it wrote, in chunks of any size', () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ' '));
    assertRoundTrip(textLines(), fc.array(line));
  });

  it('jsonLines reads what it wrote, in chunks of any size', () => {
    const values = fc.array(fc.record({ a: fc.jsonValue({ noUnicodeString: false }) }));
    const exact = values.map((list) => JSON.parse(JSON.stringify(list)) as unknown[]);
    const safe = exact.filter((list) => !/\d{16}/.test(JSON.stringify(list)));
    assertRoundTrip(jsonLines(), safe);
  });

  it('csv reads what it wrote, in chunks of any size', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é', '😀', '_'),
    });
    const row = fc.record({
      text,
      count: fc.option(fc.maxSafeInteger()),
      big: fc.bigInt(),
      ok: fc.boolean(),
    });
    const types = { count: 'long', big: 'bigint', ok: 'boolean' } as const;
    assertRoundTrip<unknown>(csv({ types }), fc.array(row.map((fields) => ({ ...fields }))));
  });
});
