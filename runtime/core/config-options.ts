import {
  booleanOption,
  type ConfigOption,
  durationOption,
  enumOption,
  integerOption,
  stringOption,
} from './config-option.ts';

const MAX_PARALLELISM = 32_768;

/** Every option that has an effect in this version. Names and defaults are Flink's. */
export const ConfigOptions = {
  DEFAULT_PARALLELISM: integerOption({
    key: 'parallelism.default',
    aliases: ['execution.parallelism'],
    defaultValue: 1,
    min: 1,
    max: MAX_PARALLELISM,
    description: 'parallelism of an operator that sets none',
  }),
  MAX_PARALLELISM: integerOption({
    key: 'pipeline.max-parallelism',
    defaultValue: -1,
    min: 1,
    max: MAX_PARALLELISM,
    also: [-1],
    description: 'number of key groups; -1 derives it from the parallelism',
  }),
  PIPELINE_NAME: stringOption<string | undefined>({
    key: 'pipeline.name',
    defaultValue: undefined,
    description: 'name of the job',
  }),
  OPERATOR_CHAINING: booleanOption({
    key: 'pipeline.operator-chaining.enabled',
    aliases: ['pipeline.operator-chaining'],
    defaultValue: true,
    description: 'whether forward operators run in one task',
  }),
  AUTO_WATERMARK_INTERVAL_MS: durationOption({
    key: 'pipeline.auto-watermark-interval',
    defaultValue: 200,
    description: 'period of onPeriodicEmit; 0 turns it off',
  }),
  RUNTIME_MODE: enumOption({
    key: 'execution.runtime-mode',
    defaultValue: 'STREAMING',
    values: ['STREAMING'],
    note: 'BATCH and AUTOMATIC are known to Flink, not supported yet in this version',
    description: 'how the job runs',
  }),
  BUFFER_TIMEOUT_ENABLED: booleanOption({
    key: 'execution.buffer-timeout.enabled',
    defaultValue: true,
    description: 'whether a buffer that is not full is sent after the interval',
  }),
  BUFFER_TIMEOUT_INTERVAL_MS: durationOption({
    key: 'execution.buffer-timeout.interval',
    aliases: ['execution.buffer-timeout'],
    defaultValue: 100,
    description: 'longest time a record waits in a buffer; 0 sends each at once',
  }),
} as const;

/** All of {@link ConfigOptions}, by every name they go by. */
export const OPTIONS_BY_NAME: ReadonlyMap<string, ConfigOption<unknown>> = new Map(
  Object.values<ConfigOption<unknown>>(ConfigOptions).flatMap((option) =>
    [option.key, ...option.aliases].map((name) => [name, option] as const),
  ),
);
