/**
 * Decodes CSV regions with csv-parse: a whole region in one call, and row by row only where the
 * region holds something malformed.
 */
import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';
import { CsvRowScanner, type CsvSyntax } from './csv-rows.ts';
import { type CsvType, parseCsvValue } from './csv-values.ts';
import {
  type Consumed,
  type DecoderOutput,
  type MalformedCode,
  type RecordDecoder,
  RecordFault,
} from './file-format.ts';

export interface CsvDecoderSettings extends CsvSyntax {
  /** True: the first row of a file names its columns. */
  readonly header: boolean;
  /** Which columns become members; undefined: all of the header. */
  readonly columns: readonly string[] | undefined;
  readonly types: Readonly<Record<string, CsvType>>;
}

interface CsvState {
  readonly header: readonly string[];
}

interface CsvMember {
  readonly name: string;
  readonly index: number;
  readonly type: CsvType;
}

export class CsvDecoder<T> implements RecordDecoder<T> {
  readonly #settings: CsvDecoderSettings;
  #header: readonly string[] | undefined;
  #members: readonly CsvMember[] = [];
  #region: Buffer = Buffer.alloc(0);
  /** Offsets just after each row. */
  #rowEnds: number[] = [];
  #nextRow = 0;
  /** The parsed rows that are not blank; undefined: parse row by row. */
  #parsed: readonly string[][] | undefined;
  #nextParsed = 0;

  constructor(settings: CsvDecoderSettings, state: unknown) {
    this.#settings = settings;
    if (!settings.header) this.#setHeader(settings.columns ?? []);
    else if (state !== undefined) this.#setHeader((state as CsvState).header);
  }

  load(region: Buffer): void {
    this.#region = region;
    this.#rowEnds = [];
    new CsvRowScanner(this.#settings).scan(region, (end) => this.#rowEnds.push(end));
    if ((this.#rowEnds.at(-1) ?? 0) < region.length) this.#rowEnds.push(region.length);
    this.#nextRow = 0;
    this.#nextParsed = 0;
    this.#parsed = isUtf8(region) ? this.#parseAll() : undefined;
  }

  hasMore(): boolean {
    return this.#nextRow < this.#rowEnds.length;
  }

  decode(output: DecoderOutput<T>, maxRecords: number): number {
    let taken = 0;
    while (taken < maxRecords && this.hasMore()) {
      const row = this.#nextRow;
      this.#nextRow += 1;
      if (this.#isBlank(row)) continue;
      taken += this.#decodeRow(row, output);
    }
    return taken;
  }

  consumed(): Consumed {
    const sizeBytes = this.#rowStart(this.#nextRow);
    return { sizeBytes, lineCount: this.#linesBefore(this.#nextRow) };
  }

  state(): CsvState | undefined {
    const isNeeded = this.#settings.header && this.#header !== undefined;
    return isNeeded ? { header: this.#header ?? [] } : undefined;
  }

  /** The number of records taken: none for the header. */
  #decodeRow(row: number, output: DecoderOutput<T>): number {
    let value: T | undefined;
    const isHeader = this.#header === undefined;
    try {
      const fields = this.#parsed?.[this.#nextParsed++] ?? this.#parseRow(row);
      if (isHeader) this.#setHeader(fields);
      else value = this.#toRecord(fields);
    } catch (thrown) {
      if (!(thrown instanceof RecordFault)) throw thrown;
      output.malformed(this.#malformed(row, thrown.code, thrown.message, isHeader));
      return 1;
    }
    if (isHeader) return 0;
    output.record(value as T);
    return 1;
  }

  #malformed(row: number, code: MalformedCode, reason: string, isFatal: boolean) {
    const text = this.#rowBytes(row).toString('utf8').trimEnd();
    return { code, reason, lineInRegion: this.#linesBefore(row), text, isFatal };
  }

  #setHeader(header: readonly string[]): void {
    const repeated = header.find((name, index) => header.indexOf(name) !== index);
    if (repeated !== undefined) {
      throw new RecordFault('MALFORMED_CSV', `the header names column '${repeated}' twice`);
    }
    const { columns, types } = this.#settings;
    this.#members = (columns ?? header).map((name) => {
      const index = header.indexOf(name);
      if (index === -1) {
        const found = header.join(', ');
        throw new RecordFault('MALFORMED_CSV', `no column '${name}' in the header: ${found}`);
      }
      return { name, index, type: types[name] ?? 'string' };
    });
    this.#header = header;
  }

  #toRecord(fields: readonly string[]): T {
    const expected = this.#header?.length ?? 0;
    if (fields.length !== expected) {
      const reason = `expected ${expected} columns, found ${fields.length}`;
      throw new RecordFault('MALFORMED_CSV', reason);
    }
    const record: Record<string, unknown> = {};
    for (const { name, index, type } of this.#members) {
      record[name] = parseCsvValue(fields[index] ?? '', type, name);
    }
    return record as T;
  }

  #parseAll(): readonly string[][] | undefined {
    try {
      const rows = this.#parse(this.#region);
      const expected = this.#rowEnds.reduce((sum, _, row) => sum + (this.#isBlank(row) ? 0 : 1), 0);
      return rows.length === expected ? rows : undefined;
    } catch {
      return undefined;
    }
  }

  #parseRow(row: number): string[] {
    const bytes = this.#rowBytes(row);
    if (!isUtf8(bytes)) throw new RecordFault('MALFORMED_TEXT', 'the row is not UTF-8');
    try {
      return this.#parse(bytes)[0] ?? [];
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new RecordFault('MALFORMED_CSV', reason.replace(/ (at|on) line \d+.*$/s, ''));
    }
  }

  #parse(bytes: Buffer): string[][] {
    const { delimiter, quote } = this.#settings;
    return parse(bytes, {
      delimiter,
      quote,
      escape: quote,
      record_delimiter: ['\r\n', '\n'],
      relax_column_count: true,
      skip_empty_lines: true,
    }) as string[][];
  }

  #rowStart(row: number): number {
    return row === 0 ? 0 : (this.#rowEnds[row - 1] ?? 0);
  }

  #rowBytes(row: number): Buffer {
    return this.#region.subarray(this.#rowStart(row), this.#rowEnds[row]);
  }

  /** A row of nothing but its line end. */
  #isBlank(row: number): boolean {
    const [start, end] = [this.#rowStart(row), this.#rowEnds[row] ?? 0];
    const isCrLf = end - start === 2 && this.#region[start] === 13;
    return this.#region[end - 1] === 10 && (end - start === 1 || isCrLf);
  }

  #linesBefore(row: number): number {
    const end = this.#rowStart(row);
    let lines = 0;
    for (let at = this.#region.indexOf(10); at !== -1 && at < end; lines += 1) {
      at = this.#region.indexOf(10, at + 1);
    }
    return lines;
  }
}
