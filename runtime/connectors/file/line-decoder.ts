/**
 * Decodes regions of one record a line. The region becomes one string; lines are cut out of it,
 * since that is far cheaper than decoding every line by itself.
 */
import { isUtf8 } from 'node:buffer';
import type { Consumed, DecoderOutput, RecordDecoder } from './file-format.ts';
import { RecordFault } from './file-format.ts';

export interface LineParser<T> {
  /** Looks at the bytes of a region before its lines are parsed. */
  inspect?(region: Buffer): void;
  /** @throws {RecordFault} when the line is no record. */
  parse(line: string): T;
  readonly skipsBlankLines: boolean;
}

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

export class LineDecoder<T> implements RecordDecoder<T> {
  readonly #parser: LineParser<T>;
  #region: Buffer = Buffer.alloc(0);
  #text = '';
  #isValid = true;
  #nextChar = 0;
  #lineCount = 0;

  constructor(parser: LineParser<T>) {
    this.#parser = parser;
  }

  load(region: Buffer): void {
    this.#region = region;
    this.#isValid = isUtf8(region);
    this.#text = region.toString('utf8');
    this.#nextChar = 0;
    this.#lineCount = 0;
    this.#parser.inspect?.(region);
  }

  hasMore(): boolean {
    return this.#nextChar < this.#text.length;
  }

  decode(output: DecoderOutput<T>, maxRecords: number): number {
    const text = this.#text;
    const { skipsBlankLines } = this.#parser;
    let taken = 0;
    while (taken < maxRecords && this.#nextChar < text.length) {
      const start = this.#nextChar;
      const newline = text.indexOf('\n', start);
      this.#nextChar = newline === -1 ? text.length : newline + 1;
      let end = newline === -1 ? text.length : newline;
      if (end > start && text.charCodeAt(end - 1) === CARRIAGE_RETURN) end -= 1;
      this.#lineCount += 1;
      if (skipsBlankLines && isBlank(text, start, end)) continue;
      taken += 1;
      this.#emit(text.substring(start, end), output);
    }
    return taken;
  }

  consumed(): Consumed {
    const sizeBytes = this.hasMore() ? this.#lineStart(this.#lineCount) : this.#region.length;
    return { sizeBytes, lineCount: this.#lineCount };
  }

  state(): undefined {
    return undefined;
  }

  #emit(line: string, output: DecoderOutput<T>): void {
    let value: T;
    try {
      if (!this.#isValid) this.#checkEncoding();
      value = this.#parser.parse(line);
    } catch (thrown) {
      if (!(thrown instanceof RecordFault)) throw thrown;
      const { code, message: reason } = thrown;
      output.malformed({ code, reason, lineInRegion: this.#lineCount - 1, text: line });
      return;
    }
    output.record(value);
  }

  #checkEncoding(): void {
    const from = this.#lineStart(this.#lineCount - 1);
    const line = this.#region.subarray(from, this.#lineStart(this.#lineCount));
    if (!isUtf8(line)) throw new RecordFault('MALFORMED_TEXT', 'the line is not UTF-8');
  }

  /**
   * The byte offset of a line. Counting newlines is right for every encoding fault too: a newline
   * byte is never part of another character.
   */
  #lineStart(line: number): number {
    let at = 0;
    for (let i = 0; i < line; i += 1) {
      const newline = this.#region.indexOf(NEWLINE, at);
      if (newline === -1) return this.#region.length;
      at = newline + 1;
    }
    return at;
  }
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 9 && code !== CARRIAGE_RETURN) return false;
  }
  return true;
}
