/**
 * Runs the enumerator of one source beside the JobMaster and carries messages between it and its
 * readers.
 *
 * I1  Readers get events in the order the enumerator sent them, none before their slot runs.
 * I2  The enumerator hears of its readers, and of what they ask, once its `start` has settled.
 */

import type { Source, SplitEnumerator } from '../connectors/index.ts';
import {
  type Clock,
  type FileSystem,
  isStreamError,
  type Logger,
  StreamError,
  type Timers,
} from '../core/index.ts';
import type { ReaderEvent, SourceEvent } from '../protocol/index.ts';

export interface SourceCoordinatorParts {
  readonly source: Source<unknown, unknown, unknown>;
  readonly parallelism: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  readonly send: (subtaskIndex: number, event: SourceEvent) => void;
  readonly fail: (error: Error) => void;
}

export class SourceCoordinator {
  readonly #parts: SourceCoordinatorParts;
  readonly #enumerator: SplitEnumerator<unknown, unknown>;
  #closed = false;
  #started = false;
  readonly #early: { readonly subtaskIndex: number; readonly event: ReaderEvent }[] = [];

  constructor(parts: SourceCoordinatorParts) {
    this.#parts = parts;
    const { parallelism, clock, timers, logger, fileSystem } = parts;
    this.#enumerator = parts.source.createEnumerator({
      parallelism,
      clock,
      timers,
      logger,
      fileSystem,
      assignSplits: (subtaskIndex, splits) =>
        this.#send(subtaskIndex, { type: 'add-splits', splits }),
      signalNoMoreSplits: (subtaskIndex) => this.#send(subtaskIndex, { type: 'no-more-splits' }),
      sendEvent: (subtaskIndex, payload) => this.#send(subtaskIndex, { type: 'custom', payload }),
    });
  }

  /** Finds the splits and greets the readers; a failure fails the job. */
  async start(): Promise<void> {
    try {
      await this.#enumerator.start();
      for (let i = 0; i < this.#parts.parallelism && !this.#closed; i += 1) {
        this.#enumerator.addReader(i);
      }
      this.#started = true;
      for (const { subtaskIndex, event } of this.#early) this.handle(subtaskIndex, event);
    } catch (thrown) {
      this.#parts.fail(this.#named(thrown));
    }
  }

  handle(subtaskIndex: number, event: ReaderEvent): void {
    if (this.#closed) return;
    if (!this.#started) {
      this.#early.push({ subtaskIndex, event });
      return;
    }
    try {
      if (event.type === 'request-split') this.#enumerator.handleSplitRequest(subtaskIndex);
      else this.#enumerator.handleEvent?.(subtaskIndex, event.payload);
    } catch (thrown) {
      this.#parts.fail(this.#named(thrown));
    }
  }

  totalProgress(): number | undefined {
    return this.#enumerator.totalProgress?.();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#enumerator.close();
  }

  #named(thrown: unknown): StreamError {
    if (isStreamError(thrown)) return thrown;
    const { name } = this.#parts.source;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return new StreamError({
      kind: 'user',
      code: 'ENUMERATOR_FAILED',
      message: `the enumerator of source "${name}" failed: ${reason}`,
      details: { source: name },
      cause: thrown,
    });
  }

  #send(subtaskIndex: number, event: SourceEvent): void {
    if (!this.#closed) this.#parts.send(subtaskIndex, event);
  }
}
