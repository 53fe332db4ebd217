/** Finds where the rows of a CSV text end: at newlines outside of quotes (RFC 4180). */
import { type BoundaryFinder, RecordFramer } from './record-framer.ts';

/** Single-byte characters. */
export interface CsvSyntax {
  readonly delimiter: string;
  readonly quote: string;
}

const NEWLINE = 10;
const FIELD_START = 0;
const UNQUOTED = 1;
const QUOTED = 2;
const QUOTE_IN_QUOTED = 3;

/** Keeps its place from chunk to chunk. */
export class CsvRowScanner {
  readonly #delimiter: number;
  readonly #quote: number;
  #place = FIELD_START;

  constructor({ delimiter, quote }: CsvSyntax) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#quote = quote.charCodeAt(0);
  }

  /** Calls `onRowEnd` with the offset just after each row. */
  scan(bytes: Uint8Array, onRowEnd: (end: number) => void): void {
    let place = this.#place;
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (place === QUOTED) {
        if (byte === this.#quote) place = QUOTE_IN_QUOTED;
      } else if (byte === NEWLINE) {
        place = FIELD_START;
        onRowEnd(at + 1);
      } else if (byte === this.#delimiter) {
        place = FIELD_START;
      } else if (byte === this.#quote && place !== UNQUOTED) {
        // A quote opens a field only where one starts; doubled inside quotes it stands for itself.
        place = QUOTED;
      } else {
        place = UNQUOTED;
      }
    }
    this.#place = place;
  }
}

/** Regions of whole rows. */
export function csvFramer(syntax: CsvSyntax): RecordFramer {
  const scanner = new CsvRowScanner(syntax);
  const finder: BoundaryFinder = {
    scan(chunk) {
      let first = 0;
      let last = 0;
      scanner.scan(chunk, (end) => {
        if (first === 0) first = end;
        last = end;
      });
      return { first, last };
    },
  };
  return new RecordFramer(finder);
}
