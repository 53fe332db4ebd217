/**
 * What a slot sends to the job's client: printed text and collected values. Owns the credit: at
 * most {@link MAX_UNRECEIVED} batches are under way, then writers are given a promise to wait for.
 */
import type { SlotReporter } from './slot-ports.ts';

const MAX_UNRECEIVED = 64;
const MAX_BATCH_VALUES = 256;

export class ClientChannel {
  readonly #reporter: SlotReporter;
  readonly #batches = new Map<string, unknown[]>();
  readonly #waiting: (() => void)[] = [];
  readonly #unreceived = new Set<number>();
  #nextId = 0;

  constructor(reporter: SlotReporter) {
    this.#reporter = reporter;
  }

  print(text: string): Promise<void> | undefined {
    const id = this.#take();
    this.#reporter.report({ type: 'print', id, text });
    return this.#credit();
  }

  deliver(collectId: string, value: unknown): Promise<void> | undefined {
    const batch = this.#batches.get(collectId);
    if (batch === undefined) {
      this.#batches.set(collectId, [value]);
    } else if (batch.push(value) >= MAX_BATCH_VALUES) {
      this.flush();
    }
    return this.#credit();
  }

  /** Sends what was collected; true when there was something. */
  flush(): boolean {
    if (this.#batches.size === 0) return false;
    for (const [collectId, values] of this.#batches) {
      this.#reporter.report({ type: 'deliver', id: this.#take(), collectId, values });
    }
    this.#batches.clear();
    return true;
  }

  received(id: number): void {
    this.#unreceived.delete(id);
    if (this.#unreceived.size < MAX_UNRECEIVED) {
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
  }

  /** Lets go of everybody who waits: nobody will receive any more. */
  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #take(): number {
    const id = this.#nextId++;
    this.#unreceived.add(id);
    return id;
  }

  #credit(): Promise<void> | undefined {
    if (this.#unreceived.size < MAX_UNRECEIVED) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
