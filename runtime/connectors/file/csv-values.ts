/** Texts of CSV fields to values and back. */
import { RecordFault } from './file-format.ts';
import { notEncodable, precisionLost } from './json-encoder.ts';

/**
 * What a column holds. An empty field is null but for `string`. `int` has 32 bits, `long` is a
 * number up to 2^53, `bigint` any integer.
 */
export type CsvType = 'string' | 'int' | 'long' | 'double' | 'boolean' | 'bigint';

export const CSV_TYPES: readonly CsvType[] = [
  'string',
  'int',
  'long',
  'double',
  'boolean',
  'bigint',
];

const INTEGER = /^[-+]?\d+$/;
const DECIMAL = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;

/** @throws {RecordFault} `MALFORMED_CSV`, `PRECISION_LOST`. */
export function parseCsvValue(text: string, type: CsvType, column: string): unknown {
  if (type === 'string') return text;
  const trimmed = text.trim();
  if (trimmed === '') return null;
  switch (type) {
    case 'boolean': {
      const lower = trimmed.toLowerCase();
      if (lower === 'true' || lower === 'false') return lower === 'true';
      break;
    }
    case 'double':
      if (DECIMAL.test(trimmed)) return Number(trimmed);
      break;
    case 'bigint':
      if (INTEGER.test(trimmed)) return BigInt(trimmed.replace('+', ''));
      break;
    case 'int':
      if (INTEGER.test(trimmed) && Number(trimmed) === (Number(trimmed) | 0)) {
        return Number(trimmed) | 0;
      }
      break;
    case 'long':
      if (INTEGER.test(trimmed)) return parseLong(trimmed, column);
      break;
  }
  const value = JSON.stringify(text);
  throw new RecordFault('MALFORMED_CSV', `column '${column}' holds no ${type}: ${value}`);
}

/** A field as text, quoted where it must be; null and undefined are empty. */
export function formatCsvValue(
  value: unknown,
  column: string,
  { delimiter, quote }: { readonly delimiter: string; readonly quote: string },
): string {
  switch (typeof value) {
    case 'undefined':
      return '';
    case 'number':
      if (!Number.isFinite(value)) throw precisionLost(column, value);
      return String(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'string': {
      const isPlain =
        value !== '' &&
        !value.includes(quote) &&
        !value.includes(delimiter) &&
        !/^\s|\s$|[\r\n]/.test(value);
      return isPlain ? value : quote + value.replaceAll(quote, quote + quote) + quote;
    }
    default:
      if (value === null) return '';
      if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
      throw notEncodable(
        value,
        `column '${column}' holds a ${typeof value}, which has no CSV form`,
      );
  }
}

function parseLong(text: string, column: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new RecordFault(
    'PRECISION_LOST',
    `an integer is past 2^53 and would lose digits: give column '${column}' the type bigint ` +
      `value=${text}`,
  );
}
