/**
 * Parses JSON lines at the speed of `JSON.parse` and still notices integers that a JS number
 * cannot hold.
 *
 * Three sieves, each rarer than the one before: a region with a run of 16 digits (one byte in 16
 * is looked at); a line in which a number of that length stands where a value can; the number
 * itself, as `JSON.parse` sees it.
 */
import { RecordFault } from './file-format.ts';
import type { LineParser } from './line-decoder.ts';

/** 2^53 − 1 has 16 digits. */
const SUSPICIOUS_DIGITS = 16;
const LONG_INTEGER = /(?:^|[[,:\s])(-?[1-9]\d{15,})(?=[\],}\s]|$)/g;

/** The source text of a primitive value: ES2025, not in TypeScript's library yet. */
interface ReviverContext {
  readonly source?: string;
}
type Reviver = (key: string, value: unknown, ctx?: ReviverContext) => unknown;

/** @param bigintFields names of members, at any depth, whose integers become bigints. */
export function jsonLineParser<T>(bigintFields: readonly string[]): LineParser<T> {
  const reviver = jsonReviver(new Set(bigintFields));
  const readsBigints = bigintFields.length > 0;
  let isSuspicious = false;
  return {
    skipsBlankLines: true,
    inspect(region) {
      isSuspicious = hasDigitRun(region, SUSPICIOUS_DIGITS);
    },
    parse(line) {
      try {
        if (readsBigints || (isSuspicious && hasUnsafeInteger(line))) {
          return JSON.parse(line, reviver) as T;
        }
        return JSON.parse(line) as T;
      } catch (thrown) {
        if (thrown instanceof SyntaxError) throw new RecordFault('MALFORMED_JSON', thrown.message);
        throw thrown;
      }
    },
  };
}

/** True when `length` digits stand side by side; looks at every `length`-th byte first. */
export function hasDigitRun(bytes: Uint8Array, length: number): boolean {
  for (let at = length - 1; at < bytes.length; at += length) {
    if (!isDigit(bytes[at])) continue;
    let first = at;
    let last = at;
    while (isDigit(bytes[first - 1])) first -= 1;
    while (isDigit(bytes[last + 1])) last += 1;
    if (last - first + 1 >= length) return true;
  }
  return false;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

/** May be wrong about digits inside strings; the reviver decides. */
function hasUnsafeInteger(line: string): boolean {
  for (const [, digits] of line.matchAll(LONG_INTEGER)) {
    if (!Number.isSafeInteger(Number(digits))) return true;
  }
  return false;
}

function jsonReviver(bigintFields: ReadonlySet<string>): Reviver {
  return (key, value, ctx) => {
    if (typeof value !== 'number' || ctx?.source === undefined) return value;
    if (!/^-?\d+$/.test(ctx.source)) return value;
    if (bigintFields.has(key)) return BigInt(ctx.source);
    if (Number.isSafeInteger(value)) return value;
    throw new RecordFault(
      'PRECISION_LOST',
      'an integer is past 2^53 and would lose digits: read it with ' +
        `jsonLines({ bigintFields: ['${key}'] }) field=${key} value=${ctx.source}`,
    );
  };
}
