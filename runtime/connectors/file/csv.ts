import { StreamError } from '../../core/index.ts';
import { CsvDecoder, type CsvDecoderSettings } from './csv-decoder.ts';
import { csvFramer } from './csv-rows.ts';
import { CSV_TYPES, type CsvType, formatCsvValue } from './csv-values.ts';
import type { FileFormat, RecordEncoder } from './file-format.ts';
import { notEncodable } from './json-encoder.ts';

export interface CsvOptions {
  /**
   * True: the first row of every file names its columns.
   *
   * @defaultValue true
   */
  readonly header?: boolean;
  /**
   * With a header, the columns to read, in any order; without one, all columns of the file in
   * order. When writing, the members to write.
   *
   * @defaultValue all columns of the header; when writing, the members of the first record.
   */
  readonly columns?: readonly string[];
  /** Types by column; a column that is not named is a `string`. */
  readonly types?: Readonly<Record<string, CsvType>>;
  /** @defaultValue `,` */
  readonly delimiter?: string;
  /** @defaultValue `"`; doubled inside quotes it stands for itself. */
  readonly quote?: string;
}

/**
 * Comma-separated values (RFC 4180): quotes, and newlines inside of them, line ends LF or CRLF;
 * blank lines are skipped. `T` is what rows become: an object with a member a column.
 *
 * @throws {StreamError} `BAD_CSV_OPTIONS`.
 */
export function csv<T = Readonly<Record<string, unknown>>>(
  options: CsvOptions = {},
): FileFormat<T> {
  const settings: CsvDecoderSettings = {
    header: options.header ?? true,
    columns: options.columns,
    types: options.types ?? {},
    delimiter: options.delimiter ?? ',',
    quote: options.quote ?? '"',
  };
  checkSettings(settings);
  return {
    name: 'csv',
    extension: 'csv',
    createFramer: () => csvFramer(settings),
    createDecoder: (state) => new CsvDecoder<T>(settings, state),
    createEncoder: () => csvEncoder<T>(settings),
  };
}

function checkSettings({ header, columns, types, delimiter, quote }: CsvDecoderSettings): void {
  for (const [name, text] of Object.entries({ delimiter, quote })) {
    if (!/^[\t\x20-\x7e]$/.test(text)) {
      refuse(`the ${name} must be one ASCII character ${name}=${JSON.stringify(text)}`);
    }
  }
  if (delimiter === quote) refuse(`the delimiter and the quote are the same quote=${quote}`);
  if (columns !== undefined && (columns.length === 0 || new Set(columns).size < columns.length)) {
    refuse(`columns must name each column once columns=${columns.join(', ')}`);
  }
  for (const [column, type] of Object.entries(types)) {
    if (!CSV_TYPES.includes(type)) {
      refuse(`column '${column}' has an unknown type, use one of ${CSV_TYPES.join(', ')}: ${type}`);
    }
    if (columns !== undefined && !columns.includes(column)) {
      refuse(`types names a column that columns does not column=${column}`);
    }
  }
  if (!header && columns === undefined) {
    refuse('without a header the columns must be given: csv({ header: false, columns: [...] })');
  }
}

function csvEncoder<T>({ header, columns, ...syntax }: CsvDecoderSettings): RecordEncoder<T> {
  let names = columns;
  const row = (fields: readonly string[]) => {
    // A lone empty field would be a blank line, which readers skip.
    const text = fields.length === 1 && fields[0] === '' ? syntax.quote + syntax.quote : undefined;
    return `${text ?? fields.join(syntax.delimiter)}\n`;
  };
  return {
    fileHeader(first) {
      names ??= isRecord(first) ? Object.keys(first) : [];
      return header ? row(names.map((name) => formatCsvValue(name, name, syntax))) : '';
    },
    encode(value) {
      if (!isRecord(value)) {
        throw new StreamError({
          kind: 'user',
          code: 'VALUE_NOT_ENCODABLE',
          message: `CSV files take objects, a member a column: map the records type=${typeof value}`,
        });
      }
      const written = names ?? [];
      if (columns === undefined) checkMembers(value, written);
      return row(written.map((name) => formatCsvValue(value[name], name, syntax)));
    },
  };
}

/** Columns taken from the first record must not lose a member of a later one. */
function checkMembers(value: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  const lost = Object.keys(value).find((name) => !names.includes(name));
  if (lost === undefined) return;
  const reason = `member '${lost}' has no column, since the first record has none: give columns`;
  throw notEncodable(names.join(', '), reason);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(message: string): never {
  throw new StreamError({ kind: 'invalid', code: 'BAD_CSV_OPTIONS', message });
}
