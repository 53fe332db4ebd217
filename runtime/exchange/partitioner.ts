/** How the records of an edge choose their channels, one partitioner a subtask and edge. */
import {
  encodeKey,
  hashKey,
  type KeySelector,
  keyGroupOf,
  operatorIndexOfKeyGroup,
  type Rng,
  StreamError,
} from '../core/index.ts';

export interface Partitioner {
  /** True: every record goes to every channel, and `select` is not asked. */
  readonly broadcast: boolean;
  /** Key group of the record selected last; -1 where records have none. */
  readonly keyGroup: number;
  /** Index of the record's channel. */
  select(value: unknown, timestampMs: number): number;
}

/** Always one channel: forward (its own subtask's) and global (the first). */
class FixedPartitioner implements Partitioner {
  readonly broadcast: boolean;
  readonly keyGroup = -1;

  constructor(broadcast: boolean) {
    this.broadcast = broadcast;
  }

  select(): number {
    return 0;
  }
}

/** To the one channel of the edge. */
export function forwardPartitioner(): Partitioner {
  return new FixedPartitioner(false);
}

/** To the first subtask. */
export function globalPartitioner(): Partitioner {
  return new FixedPartitioner(false);
}

/** To every subtask. */
export function broadcastPartitioner(): Partitioner {
  return new FixedPartitioner(true);
}

/**
 * Round robin. Also rescale: there the channel list is the subtask's share of the targets.
 *
 * @param rng draws the first channel, so that subtasks do not all start with the same one.
 */
export function rebalancePartitioner(channels: number, rng: Rng): Partitioner {
  return new RoundRobinPartitioner(channels, Math.floor(rng.next() * channels));
}

class RoundRobinPartitioner implements Partitioner {
  readonly broadcast = false;
  readonly keyGroup = -1;
  readonly #channels: number;
  #next: number;

  constructor(channels: number, first: number) {
    this.#channels = channels;
    this.#next = first;
  }

  select(): number {
    const index = this.#next;
    this.#next = index + 1 === this.#channels ? 0 : index + 1;
    return index;
  }
}

/** Uniformly at random. */
export function shufflePartitioner(channels: number, rng: Rng): Partitioner {
  return new ShufflePartitioner(channels, rng);
}

class ShufflePartitioner implements Partitioner {
  readonly broadcast = false;
  readonly keyGroup = -1;
  readonly #channels: number;
  readonly #rng: Rng;

  constructor(channels: number, rng: Rng) {
    this.#channels = channels;
    this.#rng = rng;
  }

  select(): number {
    return Math.floor(this.#rng.next() * this.#channels);
  }
}

/**
 * To the owner of the record's key group. `select` throws `KEY_UNDEFINED` or `KEY_NOT_STABLE`.
 *
 * @param channels parallelism of the target.
 */
export function hashPartitioner(
  keySelector: KeySelector<unknown, unknown>,
  channels: number,
  maxParallelism: number,
): Partitioner {
  return new HashPartitioner(keySelector, channels, maxParallelism);
}

class HashPartitioner implements Partitioner {
  readonly broadcast = false;
  keyGroup = -1;
  readonly #keySelector: KeySelector<unknown, unknown>;
  readonly #maxParallelism: number;
  /** Channel of each key group. */
  readonly #owners: Uint16Array;

  constructor(keySelector: KeySelector<unknown, unknown>, channels: number, maxP: number) {
    this.#keySelector = keySelector;
    this.#maxParallelism = maxP;
    this.#owners = Uint16Array.from({ length: maxP }, (_, keyGroup) =>
      operatorIndexOfKeyGroup(maxP, channels, keyGroup),
    );
  }

  select(value: unknown): number {
    const selector = this.#keySelector;
    const keyGroup = keyGroupOf(hashKey(encodeKey(selector(value))), this.#maxParallelism);
    this.keyGroup = keyGroup;
    return this.#owners[keyGroup] ?? 0;
  }
}

/** Where the job's own function says. `select` throws `PARTITION_OUT_OF_RANGE`. */
export function customPartitioner(
  partition: (key: unknown, numPartitions: number) => number,
  keySelector: (value: unknown) => unknown,
  channels: number,
): Partitioner {
  return new CustomPartitioner(partition, keySelector, channels);
}

class CustomPartitioner implements Partitioner {
  readonly broadcast = false;
  readonly keyGroup = -1;
  readonly #partition: (key: unknown, numPartitions: number) => number;
  readonly #keySelector: (value: unknown) => unknown;
  readonly #channels: number;

  constructor(
    partition: (key: unknown, numPartitions: number) => number,
    keySelector: (value: unknown) => unknown,
    channels: number,
  ) {
    this.#partition = partition;
    this.#keySelector = keySelector;
    this.#channels = channels;
  }

  select(value: unknown): number {
    const partition = this.#partition;
    const selector = this.#keySelector;
    const index = partition(selector(value), this.#channels);
    if (Number.isInteger(index) && index >= 0 && index < this.#channels) return index;
    throw new StreamError({
      kind: 'user',
      code: 'PARTITION_OUT_OF_RANGE',
      message: `custom partitioner must return an integer from 0 to numPartitions - 1: returned=${String(index)} numPartitions=${this.#channels}`,
      details: { returned: String(index), numPartitions: this.#channels },
    });
  }
}
