import { StreamError } from '../../core/index.ts';
import { shorten } from '../shorten.ts';
import type { FileFormat } from './file-format.ts';
import { LineDecoder } from './line-decoder.ts';
import { lineFramer } from './record-framer.ts';

/**
 * UTF-8 text, a record a line; empty lines are records. Line ends are LF or CRLF when read, LF
 * when written.
 */
export function textLines(): FileFormat<string> {
  return {
    name: 'text',
    extension: 'txt',
    createFramer: lineFramer,
    createDecoder: () => new LineDecoder({ skipsBlankLines: false, parse: (line) => line }),
    createEncoder: () => ({ fileHeader: () => '', encode: encodeLine }),
  };
}

function encodeLine(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `${value}\n`;
    case 'number':
    case 'bigint':
    case 'boolean':
      return `${String(value)}\n`;
    default:
      throw new StreamError({
        kind: 'user',
        code: 'VALUE_NOT_ENCODABLE',
        message:
          'text files take strings: map the records to strings before the sink, or write ' +
          `jsonLines() type=${value === null ? 'null' : typeof value} value=${describe(value)}`,
      });
  }
}

function describe(value: unknown): string {
  try {
    return shorten(JSON.stringify(value) ?? String(value));
  } catch {
    return shorten(String(value));
  }
}
