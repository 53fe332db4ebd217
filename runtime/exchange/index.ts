export { ChannelReader, type ChannelReaderOptions, type ChannelSink } from './channel-reader.ts';
export {
  BUFFER_BYTES,
  ChannelWriter,
  type ChannelWriterOptions,
  MAX_BUFFER_BYTES,
} from './channel-writer.ts';
export { checkType } from './check-type.ts';
export { Doorbell } from './doorbell.ts';
export {
  broadcastPartitioner,
  customPartitioner,
  forwardPartitioner,
  globalPartitioner,
  hashPartitioner,
  type Partitioner,
  rebalancePartitioner,
  shufflePartitioner,
} from './partitioner.ts';
export { allocateRing, type Frame, RingReader, RingWriter } from './ring.ts';
export { CodecCache, type RecordSink } from './row-codec.ts';
