import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigOptions, Configuration } from './index.ts';
import { parseMemoryBytes } from './memory-size.ts';

describe('parseMemoryBytes', () => {
  for (const [text, sizeBytes] of [
    ['128 mb', 134_217_728],
    ['64kb', 65_536],
    ['1 G', 1_073_741_824],
    ['10', 10],
    [4_096, 4_096],
    ['3 bytes', 3],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(parseMemoryBytes(text), sizeBytes));
  }

  for (const text of ['', 'mb', '-1', '1.5 mb', '1 mib', -1, 0.5, Number.NaN]) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(() => parseMemoryBytes(text), { code: 'MALFORMED_MEMORY_SIZE' }));
  }
});

describe('execution.sorted-inputs.memory', () => {
  it('is 128 MiB unless told otherwise, and at least 16 KiB', () => {
    const bytesOf = (memory: string): number =>
      Configuration.fromRecord({ 'execution.sorted-inputs.memory': memory }).get(
        ConfigOptions.SORTED_INPUTS_MEMORY_BYTES,
      );
    const unset = Configuration.fromRecord({}).get(ConfigOptions.SORTED_INPUTS_MEMORY_BYTES);
    assert.deepEqual([unset, bytesOf('16 kb')], [134_217_728, 16_384]);
    assert.throws(() => bytesOf('15 kb'), /execution\.sorted-inputs\.memory.*at least 16 kb/s);
    assert.throws(() => bytesOf('much'), /execution\.sorted-inputs\.memory/);
  });
});
