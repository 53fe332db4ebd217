/**
 * A random sequence for each event: seeded by (seed, event number), so that any event can be made
 * without those before it. One object is reset for every event; nothing is allocated.
 *
 * @see https://prng.di.unimi.it/xoroshiro64starstar.c for the generator, murmur3's finaliser for
 * the seeding.
 */
export class EventRandom {
  #s0 = 1;
  #s1 = 0;

  reset(seed: number, eventNumber: number): void {
    const low = mix(eventNumber | 0);
    const high = mix(Math.floor(eventNumber / 0x1_0000_0000) ^ 0x51ed270b);
    this.#s0 = mix((seed | 0) ^ low) ^ high;
    this.#s1 = mix(Math.floor(seed / 0x1_0000_0000) ^ Math.imul(low, 0x9e3779b1) ^ high);
    if ((this.#s0 | this.#s1) === 0) this.#s0 = 1;
  }

  /** Uniform in [0, 2^32). */
  nextUint32(): number {
    const s0 = this.#s0;
    const product = Math.imul(s0, 0x9e3779bb);
    const s1 = this.#s1 ^ s0;
    this.#s0 = ((s0 << 26) | (s0 >>> 6)) ^ s1 ^ (s1 << 9);
    this.#s1 = (s1 << 13) | (s1 >>> 19);
    return Math.imul((product << 5) | (product >>> 27), 5) >>> 0;
  }

  /** Uniform in [0, 1). */
  nextDouble(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }

  /** A whole number in [0, bound). */
  nextInt(bound: number): number {
    if (bound > 0x10_0000) return Math.floor(this.nextDouble() * bound);
    return Math.floor((this.nextUint32() * bound) / 0x1_0000_0000);
  }

  /** Log-uniform cents between 1.00 and 1,000,000.00. */
  nextPrice(): number {
    return Math.round(10 ** (this.nextDouble() * 6) * 100);
  }
}

function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
