export { Availability } from './availability.ts';
export { collectSink } from './collect/index.ts';
export {
  anyOfPatterns,
  type EventPattern,
  eventPatternFault,
  MAX_PATTERN_CHARS,
} from './event-pattern.ts';
export {
  type BucketContext,
  type Compression,
  type CsvOptions,
  type CsvType,
  csv,
  type DecoderOutput,
  type FileCommittable,
  type FileFormat,
  type FilePosition,
  type FileSinkOptions,
  FileSource,
  type FileSourceOptions,
  type FileSplit,
  fileSink,
  fileSource,
  type JsonLinesOptions,
  jsonLines,
  type MalformedFileRecord,
  type MalformedRecord,
  type OnMalformedRecord,
  type RecordDecoder,
  type RecordEncoder,
  type RollingPolicy,
  textLines,
} from './file/index.ts';
export {
  HybridSource,
  HybridSourceBuilder,
  type HybridSourceEnumeratorState,
  type HybridSourceFactory,
  type HybridSourceSplit,
  type SourceInChain,
  type SourceSwitchContext,
} from './hybrid/index.ts';
export { printSink } from './print/index.ts';
export {
  collectionSource,
  type GeneratorSourceOptions,
  generatorSource,
  type IndexSource,
  type IndexSplit,
  sequenceSource,
} from './sequence/index.ts';
export type {
  Committer,
  DeliveryGuarantee,
  Sink,
  SinkContext,
  SinkValidation,
  SinkWriter,
} from './sink.ts';
export { type NamedSink, sinksBelowMessage } from './sink-guarantees.ts';
export { type SinkOperatorOptions, sinkOperator } from './sink-operator.ts';
export type {
  Boundedness,
  EnumeratorContext,
  ReaderContext,
  ReaderOutput,
  Source,
  SourceReader,
  SourceValidation,
  SplitEnumerator,
} from './source.ts';
export { sourceOperator } from './source-operator.ts';
export { SplitQueueEnumerator, type SplitQueueState } from './split-queue-enumerator.ts';
export { alarmGoesOff, objectsCreated, type WakeOffer } from './wake-offer.ts';
