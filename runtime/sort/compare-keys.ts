import type { EncodedKey } from '../core/index.ts';

const RANKS = { number: 0, bigint: 1, boolean: 2, string: 3 } as const;

/**
 * An order in which equal keys, and only they, are equal: numbers by value, texts by their UTF-16
 * code units, one type after the other.
 */
export function compareKeys(left: EncodedKey, right: EncodedKey): number {
  if (typeof left !== typeof right) return rankOf(left) - rankOf(right);
  return left < right ? -1 : left === right ? 0 : 1;
}

function rankOf(key: EncodedKey): number {
  return RANKS[typeof key as keyof typeof RANKS];
}
