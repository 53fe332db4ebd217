import { SeededRng } from '../adapters/index.ts';
import type { Rng } from '../core/index.ts';

/** Seeded randomness with names: every purpose has a stream of its own. */
export class SimRng implements Rng {
  readonly #seed: number;
  readonly #rng: SeededRng;

  constructor(seed: number) {
    this.#seed = seed;
    this.#rng = new SeededRng(seed);
  }

  /** A stream that depends on this one's seed and the name only, not on what was drawn. */
  stream(name: string): SimRng {
    return new SimRng(mix(hashText(name) ^ Math.imul(this.#seed, 0x9e3779b1)));
  }

  next(): number {
    return this.#rng.next();
  }

  /** Both ends inclusive. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.int(0, items.length - 1)] ?? items[0];
  }

  /** An item, or undefined when there is none. */
  pickOf<T>(items: readonly T[]): T | undefined {
    return items[this.int(0, items.length - 1)];
  }
}

/** FNV-1a over UTF-16 units, 32 bits; `from` goes on with an earlier hash. */
export function hashText(text: string, from = 0x811c9dc5): number {
  let hash = from;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** FNV-1a over bytes, 32 bits. */
export function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
