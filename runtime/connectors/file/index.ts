export { type CsvOptions, csv } from './csv.ts';
export type { CsvType } from './csv-values.ts';
export type { Compression } from './decompress.ts';
export type { FileCommittable } from './file-committer.ts';
export type {
  DecoderOutput,
  FileFormat,
  MalformedRecord,
  RecordDecoder,
  RecordEncoder,
} from './file-format.ts';
export { type FileSinkOptions, fileSink, type RollingPolicy } from './file-sink.ts';
export { FileSource, type FileSourceOptions, fileSource } from './file-source.ts';
export type { FilePosition, FileSplit } from './file-split.ts';
export type { BucketContext } from './file-writer.ts';
export { JsonEncoder } from './json-encoder.ts';
export { type JsonLinesOptions, jsonLines } from './json-lines.ts';
export type { MalformedFileRecord, OnMalformedRecord } from './malformed-record-policy.ts';
export { textLines } from './text-lines.ts';
