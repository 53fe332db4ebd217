import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Configuration } from '../../core/index.ts';
import { slotSettings } from './slot-settings.ts';

it('hands the options on that a slot obeys', () => {
  assert.deepEqual(slotSettings(Configuration.fromRecord({})), {
    ...{ bufferTimeoutMs: 100, autoWatermarkIntervalMs: 200, allowUnalignedSplits: false },
  });
  const told = Configuration.fromRecord({
    'execution.buffer-timeout.interval': '5 ms',
    'pipeline.auto-watermark-interval': '1 s',
    'pipeline.watermark-alignment.allow-unaligned-source-splits': true,
  });
  assert.deepEqual(slotSettings(told), {
    ...{ bufferTimeoutMs: 5, autoWatermarkIntervalMs: 1000, allowUnalignedSplits: true },
  });
});
