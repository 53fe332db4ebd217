import type { AggregateFunction } from 'sluice';

/** How many. */
export function counting<T>(): AggregateFunction<T, number, number> {
  return {
    createAccumulator: () => 0,
    add: (_value, count) => count + 1,
    getResult: (count) => count,
    merge: (left, right) => left + right,
  };
}

/** All values that are as great as the greatest, in order of arrival. */
export function keepingGreatest<T>(rank: (value: T) => number): AggregateFunction<T, T[], T[]> {
  const keep = (value: T, greatest: T[]): T[] => {
    const [first] = greatest;
    if (first === undefined || rank(value) > rank(first)) return [value];
    if (rank(value) === rank(first)) greatest.push(value);
    return greatest;
  };
  return {
    createAccumulator: () => [],
    add: keep,
    getResult: (greatest) => greatest,
    merge: (left, right) => right.reduce((greatest, value) => keep(value, greatest), left),
  };
}

/** The greatest number. */
export function greatest(): AggregateFunction<number, number, number> {
  return {
    createAccumulator: () => Number.NEGATIVE_INFINITY,
    add: Math.max,
    getResult: (value) => value,
    merge: Math.max,
  };
}
