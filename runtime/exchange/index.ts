export { barrierIdOf } from './barrier-codec.ts';
export { ChannelReader, type ChannelReaderOptions, type TakenFrame } from './channel-reader.ts';
export {
  BUFFER_BYTES,
  ChannelWriter,
  type ChannelWriterOptions,
  MAX_BUFFER_BYTES,
} from './channel-writer.ts';
export { checkType } from './check-type.ts';
export { Doorbell } from './doorbell.ts';
export { endsPartition, sequenceOf } from './frame.ts';
export type { ChannelSink } from './frame-decoder.ts';
export { encodeFrames, FrameReplay } from './frame-log.ts';
export { ANY, type Layout, layoutOfType, layoutOfValue, mergeLayouts } from './layout.ts';
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
export { byteText, DecodeCursor, EncodeBuffer, TEXT_ASCII } from './record-buffer.ts';
export {
  type LinkAck,
  type LinkFrame,
  type LinkIdentity,
  LinkReceiver,
  LinkSender,
  type LinkSenderOptions,
  type LinkVerdict,
} from './reliable-link.ts';
export { ResultReader, type ResultReaderOptions } from './result-reader.ts';
export { ResultWriter, type ResultWriterOptions } from './result-writer.ts';
export {
  allocateRing,
  type Frame,
  type FrameSink,
  type FrameSource,
  RingReader,
  RingWriter,
  ringUse,
} from './ring.ts';
export { CodecCache, type RecordCodec, type RecordSink } from './row-codec.ts';
export { readValue, writeValue } from './value-codec.ts';
