/** Options of jobs in BATCH. */
import {
  booleanOption,
  enumOption,
  integerOption,
  memoryOption,
  stringOption,
} from './config-option.ts';

/** Subtasks of one operator; each stores a piece for each of those that read it. */
const MAX_AUTO_PARALLELISM = 128;

export const BATCH_OPTIONS = {
  RUNTIME_MODE: enumOption({
    key: 'execution.runtime-mode',
    defaultValue: 'STREAMING',
    values: ['STREAMING', 'BATCH', 'AUTOMATIC'],
    description: 'how the job runs; AUTOMATIC is BATCH if every source is bounded',
  }),
  BATCH_SHUFFLE_MODE: enumOption({
    key: 'execution.batch-shuffle-mode',
    defaultValue: 'ALL_EXCHANGES_BLOCKING',
    values: ['ALL_EXCHANGES_BLOCKING', 'ALL_EXCHANGES_PIPELINED'],
    note: 'the hybrid modes are known to Flink, not supported yet in this version',
    description: 'whether a stage in BATCH begins when those before it have ended, or with them',
  }),
  AUTO_PARALLELISM: booleanOption({
    key: 'execution.batch.adaptive.auto-parallelism.enabled',
    defaultValue: true,
    description:
      'whether operators in BATCH get as many subtasks as there is data for, unless the job or ' +
      "'parallelism.default' says how many",
  }),
  AUTO_PARALLELISM_MIN: integerOption({
    key: 'execution.batch.adaptive.auto-parallelism.min-parallelism',
    defaultValue: 1,
    min: 1,
    max: MAX_AUTO_PARALLELISM,
    description: 'the fewest subtasks that are decided on',
  }),
  AUTO_PARALLELISM_MAX: integerOption({
    key: 'execution.batch.adaptive.auto-parallelism.max-parallelism',
    defaultValue: 16,
    min: 1,
    max: MAX_AUTO_PARALLELISM,
    description: "the most subtasks that are decided on; Flink's default is 128",
  }),
  AUTO_PARALLELISM_BYTES: memoryOption({
    key: 'execution.batch.adaptive.auto-parallelism.avg-data-volume-per-task',
    defaultValue: 16 * 1024 * 1024,
    minBytes: 1024,
    description: 'what a subtask reads, about',
  }),
  AUTO_PARALLELISM_SOURCE: integerOption({
    key: 'execution.batch.adaptive.auto-parallelism.default-source-parallelism',
    defaultValue: 1,
    min: 1,
    max: MAX_AUTO_PARALLELISM,
    description: 'of sources, of which nothing is known',
  }),
  IO_TMP_DIRS: stringOption<string | undefined>({
    key: 'io.tmp.dirs',
    defaultValue: undefined,
    description:
      'a directory for what goes between the stages of a job in BATCH and what they sort; ' +
      "the system's for temporary files unless set",
  }),
} as const;
