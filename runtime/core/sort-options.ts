import { booleanOption, integerOption, memoryOption } from './config-option.ts';

const KIB = 1024;
const MAX_FILES = 65_536;

/** Of keyed inputs in BATCH. */
export const SORT_OPTIONS = {
  SORTED_INPUTS_ENABLED: booleanOption({
    key: 'execution.sorted-inputs.enabled',
    defaultValue: true,
    description: 'in BATCH: whether the input of keyed operators is sorted by key and time',
  }),
  BATCH_STATE_BACKEND_ENABLED: booleanOption({
    key: 'execution.batch-state-backend.enabled',
    defaultValue: true,
    description: 'in BATCH: whether keyed state and timers are of one key at a time; needs sorting',
  }),
  /** Flink takes it from managed memory, which there is none of here. */
  SORTED_INPUTS_MEMORY_BYTES: memoryOption({
    key: 'execution.sorted-inputs.memory',
    defaultValue: 128 * KIB * KIB,
    minBytes: 16 * KIB,
    description: 'memory that each keyed task sorts its input in; what is more goes to disk',
  }),
  SPILLING_MAX_FAN: integerOption({
    key: 'taskmanager.runtime.max-fan',
    defaultValue: 128,
    min: 2,
    max: MAX_FILES,
    description: 'files of sorted input that are merged at once',
  }),
} as const;
