/** An exactly-once sink into the {@link ExternalStore}, by two-phase commit. */
import type { Committer, Sink, SinkContext, SinkWriter } from '../connectors/index.ts';
import type { ExternalStore } from './external-store.ts';
import type { SimRecord } from './job-spec.ts';
import type { BugSwitch } from './planted-bugs.ts';

/** The sink's way to the store: through the ports of the process it runs in. */
export interface SinkPorts {
  readonly store: ExternalStore;
  /** Runs `act` at the store, which may fail, or fail after it has happened. */
  readonly call: (label: string, act: () => void) => Promise<void>;
  readonly violate: (what: string) => void;
  readonly pause: (delayMs: number) => Promise<void>;
  readonly bugs: BugSwitch;
  /** The world's. */
  readonly nowMs: () => number;
}

/** JSON. */
export interface SimCommittable {
  readonly id: string;
}

/** @param pauseMs how long it takes for every few records. */
export function transactionalSink(
  stream: number,
  pauseMs: number,
  ports: SinkPorts,
): Sink<SimRecord, SimCommittable> {
  return {
    name: `sink-${stream}`,
    guarantee: 'EXACTLY_ONCE',
    createWriter: (ctx) => new TransactionalWriter(stream, pauseMs, ctx, ports),
    createCommitter: ({ jobId }) => new TransactionalCommitter(ports, jobId),
  };
}

const RECORDS_PER_PAUSE = 3;

class TransactionalWriter implements SinkWriter<SimRecord, SimCommittable> {
  readonly #stream: number;
  readonly #pauseMs: number;
  readonly #ctx: SinkContext;
  readonly #ports: SinkPorts;
  /** Every transaction of the lineage that this subtask knows of. */
  readonly #lineage: string[];
  #records: SimRecord[] = [];
  #next = 0;
  #sincePause = 0;
  #watermarkMs = Number.NEGATIVE_INFINITY;

  constructor(stream: number, pauseMs: number, ctx: SinkContext, ports: SinkPorts) {
    this.#stream = stream;
    this.#pauseMs = pauseMs;
    this.#ctx = ctx;
    this.#ports = ports;
    this.#lineage = [...(ctx.restoredState as readonly string[])];
    ports.store.adopt(ctx.jobId, this.#lineage);
  }

  write(value: SimRecord, timestampMs: number, watermarkMs: number): void {
    const { violate } = this.#ports;
    const where = `sink-${this.#stream}/${this.#ctx.subtaskIndex} record=${value.id}`;
    if (watermarkMs < this.#watermarkMs) violate(`a watermark went back at ${where}`);
    if (timestampMs <= watermarkMs) violate(`a record is late at ${where}`);
    if (value.timeMs >= 0 && value.timeMs !== timestampMs) violate(`a time is lost at ${where}`);
    this.#watermarkMs = watermarkMs;
    this.#records.push(value);
    this.#sincePause += 1;
  }

  suspension(): Promise<void> | undefined {
    if (this.#pauseMs === 0 || this.#sincePause < RECORDS_PER_PAUSE) return undefined;
    this.#sincePause = 0;
    return this.#ports.pause(this.#pauseMs);
  }

  flush(): void {}

  async prepareCommit(): Promise<readonly SimCommittable[]> {
    if (this.#records.length === 0) return [];
    const { jobId, attempt, lease, subtaskIndex } = this.#ctx;
    const start = `${this.#stream}/${jobId}/${attempt}.${lease}/${subtaskIndex}`;
    const id = `${start}/${this.#next++}`;
    const transaction = { id, sink: this.#stream, jobId, records: this.#records };
    this.#records = [];
    await retried(() => {
      return this.#ports.call(`prepare ${id}`, () => this.#ports.store.prepare(transaction));
    });
    this.#lineage.push(id);
    if (this.#ports.bugs.is('commit-before-complete')) this.#ports.store.commit(id, jobId);
    return [{ id }];
  }

  snapshotState(): readonly string[] {
    return [...this.#lineage];
  }

  close(): void {}
}

class TransactionalCommitter implements Committer<SimCommittable> {
  readonly #jobId: string;
  readonly #ports: SinkPorts;

  constructor(ports: SinkPorts, jobId: string) {
    this.#ports = ports;
    this.#jobId = jobId;
  }

  async commit(
    committables: readonly SimCommittable[],
    { restored }: { readonly restored: boolean },
  ): Promise<void> {
    if (restored && this.#ports.bugs.is('forget-commit-on-restore')) return;
    for (const { id } of committables) {
      await this.#ports.call(`commit ${id}`, () => {
        this.#ports.store.commit(id, this.#jobId);
      });
    }
  }

  close(): void {}
}

/** The store says `unavailable` now and then; preparing is idempotent. */
async function retried(call: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await call();
      return;
    } catch (thrown) {
      if (tries >= 3) throw thrown;
    }
  }
}
