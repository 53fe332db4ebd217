/**
 * Accumulators as they travel and are merged. Plain JSON; every function is pure.
 *
 * I1  Merging is associative and commutative, but for the order of lists and the last digits of
 *     sums of fractions.
 * I2  Those of one name and different types do not merge: the result says so, and stays so.
 *
 * @see org.apache.flink.api.common.accumulators, release-1.20
 */

/** A number that JSON may not have. */
export type StoredNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/** What an accumulator holds. */
export type AccumulatorState =
  | {
      readonly type: 'IntCounter' | 'LongCounter' | 'DoubleCounter';
      readonly value: StoredNumber;
    }
  | {
      readonly type:
        | 'IntMinimum'
        | 'IntMaximum'
        | 'LongMinimum'
        | 'LongMaximum'
        | 'DoubleMinimum'
        | 'DoubleMaximum';
      readonly value: StoredNumber;
    }
  | {
      readonly type: 'AverageAccumulator';
      readonly count: number;
      readonly sum: StoredNumber;
    }
  /** How often each value came, by value. */
  | { readonly type: 'Histogram'; readonly entries: readonly (readonly [number, number])[] }
  | { readonly type: 'ListAccumulator'; readonly values: readonly unknown[] }
  /** It has no value, and why. */
  | { readonly type: 'Failed'; readonly reason: string };

export type AccumulatorType = AccumulatorState['type'];

/** Of one subtask, or merged. */
export type AccumulatorRecord = AccumulatorState & { readonly name: string };

export function storedNumber(value: number): StoredNumber {
  return Number.isFinite(value) ? value : (String(value) as StoredNumber);
}

/** By name, in the order in which names first come. */
export function mergeAccumulators(
  all: readonly (readonly AccumulatorRecord[] | undefined)[],
): readonly AccumulatorRecord[] {
  const merged = new Map<string, AccumulatorRecord>();
  for (const record of all.flatMap((one) => one ?? [])) {
    const { name } = record;
    const known = merged.get(name);
    merged.set(name, known === undefined ? record : { name, ...mergeStates(known, record) });
  }
  return [...merged.values()];
}

function mergeStates(left: AccumulatorRecord, right: AccumulatorRecord): AccumulatorState {
  if (left.type === 'Failed' || right.type === 'Failed')
    return left.type === 'Failed' ? left : right;
  if (left.type === 'AverageAccumulator' && right.type === 'AverageAccumulator') {
    const sum = storedNumber(Number(left.sum) + Number(right.sum));
    return { type: left.type, count: left.count + right.count, sum };
  }
  if (left.type === 'Histogram' && right.type === 'Histogram') {
    const counts = new Map(left.entries);
    for (const [value, count] of right.entries) counts.set(value, (counts.get(value) ?? 0) + count);
    return { type: left.type, entries: [...counts].toSorted(([a], [b]) => a - b) };
  }
  if (left.type === 'ListAccumulator' && right.type === 'ListAccumulator') {
    return { type: left.type, values: [...left.values, ...right.values] };
  }
  if ('value' in left && 'value' in right && left.type === right.type) {
    const value = mergedNumber(left.type, Number(left.value), Number(right.value));
    return { type: left.type, value: storedNumber(value) };
  }
  // I2.
  const reason = `it was added as ${left.type} and as ${right.type}: give each its own name`;
  return { type: 'Failed', reason };
}

function mergedNumber(type: AccumulatorType, left: number, right: number): number {
  if (type.endsWith('Minimum')) return Math.min(left, right);
  return type.endsWith('Maximum') ? Math.max(left, right) : left + right;
}

/** What `getLocalValue` gives: a number, a list, a map of counts; undefined: it has none. */
export function accumulatorValue(
  state: AccumulatorState,
): number | readonly unknown[] | ReadonlyMap<number, number> | undefined {
  switch (state.type) {
    case 'AverageAccumulator':
      return state.count === 0 ? 0 : Number(state.sum) / state.count;
    case 'Histogram':
      return new Map(state.entries);
    case 'ListAccumulator':
      return state.values;
    case 'Failed':
      return undefined;
    default:
      return Number(state.value);
  }
}

/** Values by name, as {@link accumulatorValue}; without those that have none. */
export function accumulatorResults(records: readonly AccumulatorRecord[]): Record<string, unknown> {
  const values = records.map((record) => [record.name, accumulatorValue(record)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** As Java writes the value: `5`, `0.5`, `{1=2, 3=4}`, `[a, b]`. */
export function accumulatorText(state: AccumulatorState): string {
  switch (state.type) {
    case 'Histogram':
      return `{${state.entries.map(([value, count]) => `${value}=${count}`).join(', ')}}`;
    case 'ListAccumulator':
      return `[${state.values.map(textOf).join(', ')}]`;
    case 'Failed':
      return state.reason;
    case 'LongMinimum':
    case 'LongMaximum':
      return longText(Number(state.value));
    case 'DoubleCounter':
    case 'DoubleMinimum':
    case 'DoubleMaximum':
    case 'AverageAccumulator':
      return doubleText(Number(accumulatorValue(state)));
    default:
      return String(state.value);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The ends of Java's range are what a minimum or maximum of nothing is. */
function longText(value: number): string {
  if (value >= 2 ** 63) return '9223372036854775807';
  return value <= -(2 ** 63) ? '-9223372036854775808' : String(value);
}

function doubleText(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e7 ? value.toFixed(1) : String(value);
}
