export { formatForPrint } from './format-for-print.ts';
export { printSink } from './print-sink.ts';
