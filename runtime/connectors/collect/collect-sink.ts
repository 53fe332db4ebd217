import type { Sink, SinkContext, SinkWriter } from '../sink.ts';

/** Hands records to the client that waits for them under `collectId` (`executeAndCollect`). */
export function collectSink<T>(collectId: string): Sink<T> {
  return {
    name: 'collect',
    guarantee: 'AT_LEAST_ONCE',
    createWriter: (ctx) => new CollectWriter(ctx, collectId),
  };
}

class CollectWriter<T> implements SinkWriter<T> {
  readonly #ctx: SinkContext;
  readonly #collectId: string;
  readonly #delivering: Promise<void>[] = [];

  constructor(ctx: SinkContext, collectId: string) {
    this.#ctx = ctx;
    this.#collectId = collectId;
  }

  write(value: T): void {
    const delivered = this.#ctx.deliver(this.#collectId, value);
    if (delivered !== undefined && delivered !== this.#delivering.at(-1)) {
      this.#delivering.push(delivered);
    }
  }

  suspension(): Promise<void> | undefined {
    return this.#delivering.length === 0 ? undefined : this.flush();
  }

  async flush(): Promise<void> {
    await Promise.all(this.#delivering.splice(0));
  }

  prepareCommit(): readonly never[] {
    return [];
  }

  close(): void {}
}
