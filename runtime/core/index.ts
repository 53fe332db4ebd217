export { assert, defined } from './assert.ts';
export type {
  ConfigOption,
  ConfigValue,
} from './config-option.ts';
export { ConfigOptions } from './config-options.ts';
export { type ConfigEntry, Configuration } from './configuration.ts';
export { type Duration, parseDurationMs } from './duration.ts';
export {
  type ErrorDetails,
  type ErrorKind,
  isStreamError,
  StreamError,
  type StreamErrorInit,
  type StreamErrorRecord,
  toStreamError,
} from './errors.ts';
export { failureTrace } from './failure-trace.ts';
export type {
  FileReader,
  FileStatus,
  FileSystem,
  FileWriter,
  PublishOutcome,
} from './file-system.ts';
export { decodeKey, type EncodedKey, encodeKey } from './key-encoding.ts';
export {
  assertMaxParallelism,
  defaultMaxParallelism,
  hashKey,
  type KeyGroupRange,
  keyGroupOf,
  keyGroupRangeOf,
  MAX_MAX_PARALLELISM,
  murmurHash,
  operatorIndexOfKeyGroup,
} from './key-group.ts';
export type { KeySelector } from './key-selector.ts';
export { JOB_NAME_EXPORT, MAX_BUNDLE_BYTES, OTHER_INVOCATIONS } from './limits.ts';
export { loggerWith } from './logger-with.ts';
export {
  isSecretName,
  MASKED,
  maskSecrets,
  maskText,
  maskUserInfo,
  maskValue,
} from './mask-secrets.ts';
export { nearestName } from './nearest-name.ts';
export type { Clock, Logger, LogLevel, Rng, Timers } from './ports.ts';
export { MAX_TIMESTAMP_MS, MAX_WATERMARK_MS, MIN_TIMESTAMP_MS, NO_TIMESTAMP_MS } from './time.ts';
export type { FieldType, RowField, TypeInformation } from './type-information.ts';
