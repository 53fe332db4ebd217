export { collectSink } from './collect-sink.ts';
