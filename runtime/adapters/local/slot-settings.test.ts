import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Configuration } from '../../core/index.ts';
import { slotSettings } from './slot-settings.ts';

it('hands the options on that a slot obeys', () => {
  assert.deepEqual(slotSettings(Configuration.fromRecord({})), {
    ...{ bufferTimeoutMs: 100, autoWatermarkIntervalMs: 200, allowUnalignedSplits: false },
    sortedInputs: { enabled: true, keyByKey: true, memoryBytes: 134_217_728, maxFanIn: 128 },
  });
  const told = Configuration.fromRecord({
    'execution.buffer-timeout.interval': '5 ms',
    'pipeline.auto-watermark-interval': '1 s',
    'pipeline.watermark-alignment.allow-unaligned-source-splits': true,
    'execution.sorted-inputs.enabled': false,
    'execution.batch-state-backend.enabled': false,
    'execution.sorted-inputs.memory': '1 mb',
    'taskmanager.runtime.max-fan': 16,
    'io.tmp.dirs': '/fast,/slow',
  });
  assert.deepEqual(slotSettings(told), {
    ...{ bufferTimeoutMs: 5, autoWatermarkIntervalMs: 1000, allowUnalignedSplits: true },
    sortedInputs: {
      ...{ enabled: false, keyByKey: false, memoryBytes: 1_048_576, maxFanIn: 16 },
      directory: '/fast',
    },
  });
});
