import type { FileFormat } from './file-format.ts';
import { JsonEncoder } from './json-encoder.ts';
import { jsonLineParser } from './json-parser.ts';
import { LineDecoder } from './line-decoder.ts';
import { lineFramer } from './record-framer.ts';

export interface JsonLinesOptions {
  /**
   * Members, at any depth, whose integers are read as `bigint`. An integer past 2^53 in another
   * place is an error, since a JS number would lose its last digits.
   */
  readonly bigintFields?: readonly string[];
}

/**
 * JSON lines: a JSON value a line, in UTF-8; blank lines are skipped. Bigints are written as JSON
 * integers. `T` is what the lines hold: nothing checks it.
 */
export function jsonLines<T = unknown>(options: JsonLinesOptions = {}): FileFormat<T> {
  return {
    name: 'json lines',
    extension: 'jsonl',
    createFramer: lineFramer,
    createDecoder: () => new LineDecoder<T>(jsonLineParser(options.bigintFields ?? [])),
    createEncoder: () => {
      const encoder = new JsonEncoder();
      return { fileHeader: () => '', encode: (value) => `${encoder.encode(value)}\n` };
    },
  };
}
