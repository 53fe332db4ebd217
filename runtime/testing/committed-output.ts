import type { Committer, Sink, SinkContext, SinkWriter } from '../connectors/index.ts';
import { assert, StreamError } from '../core/index.ts';

/** A transaction of {@link CommittedOutput}. JSON. */
export interface OutputTransaction {
  readonly id: string;
  readonly values: readonly unknown[];
}

/**
 * What the sinks of a job, of all its runs, have made visible: an outside world that lives longer
 * than any of them.
 *
 * I1  A transaction is visible once however often it is committed.
 */
export class CommittedOutput {
  readonly #committed = new Map<string, readonly unknown[]>();
  readonly #written: unknown[] = [];

  /** What was committed, or written at least once, in no particular order. */
  get values(): readonly unknown[] {
    return [...[...this.#committed.values()].flat(), ...this.#written];
  }

  /** As sorted JSON texts, one a record. */
  get texts(): readonly string[] {
    return this.values.map((value) => JSON.stringify(value)).sort();
  }

  /**
   * Commits when a checkpoint is complete.
   *
   * @param name tells the sinks of a job apart.
   * @param pause holds the writer back now and then.
   */
  exactlyOnce<T>(name = 'out', pause?: () => Promise<void>): Sink<T, OutputTransaction> {
    return {
      name,
      guarantee: 'EXACTLY_ONCE',
      createWriter: (ctx) => transactionWriter<T>(name, ctx, pause),
      createCommitter: () => this.#committer(),
    };
  }

  /** Writes at once, what is repeated after a failure too. */
  atLeastOnce<T>(name = 'out'): Sink<T> {
    return {
      name,
      guarantee: 'AT_LEAST_ONCE',
      createWriter: () => ({
        write: (value) => void this.#written.push(value),
        flush: () => undefined,
        prepareCommit: () => [],
        close: () => undefined,
      }),
    };
  }

  #committer(): Committer<OutputTransaction> {
    return {
      commit: (transactions) => {
        for (const { id, values } of transactions) {
          const before = this.#committed.get(id);
          const isSame = before === undefined || JSON.stringify(before) === JSON.stringify(values);
          assert(isSame, `I1: a transaction has one content id=${id}`);
          this.#committed.set(id, values);
        }
        return Promise.resolve();
      },
      close: () => undefined,
    };
  }
}

/** Records that a writer takes before it pauses. */
const PAUSE_AFTER = 8;

function transactionWriter<T>(
  name: string,
  { jobId, subtaskIndex, attempt }: SinkContext,
  pause: (() => Promise<void>) | undefined,
): SinkWriter<T, OutputTransaction> {
  let open: T[] = [];
  let next = 0;
  let sincePause = 0;
  return {
    write: (value) => {
      open.push(value);
      sincePause += 1;
    },
    ...(pause === undefined
      ? {}
      : {
          suspension: () => {
            if (sincePause < PAUSE_AFTER) return undefined;
            sincePause = 0;
            return pause();
          },
        }),
    flush: () => undefined,
    prepareCommit: () => {
      if (open.length === 0) return [];
      const values = open;
      open = [];
      return [{ id: `${name}/${jobId}/${subtaskIndex}/${attempt}/${next++}`, values }];
    },
    close: () => undefined,
  };
}

/**
 * Throws at chosen records, counted over all subtasks and attempts: each failure happens once, and
 * the record passes when it comes again.
 */
export class FailurePoints {
  readonly #points: Set<number>;
  #passed = 0;
  #failed = 0;

  /** @param points counts from 1. */
  constructor(points: Iterable<number> = []) {
    this.#points = new Set(points);
  }

  get passed(): number {
    return this.#passed;
  }

  /** How many failures there were. */
  get failed(): number {
    return this.#failed;
  }

  /** To be called for every record at the places that may fail. */
  pass<T>(value: T): T {
    this.#passed += 1;
    if (!this.#points.has(this.#passed)) return value;
    this.#failed += 1;
    throw new StreamError({
      kind: 'user',
      code: 'INJECTED',
      message: `an injected failure at record=${this.#passed}`,
    });
  }
}
