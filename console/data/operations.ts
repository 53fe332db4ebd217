/**
 * Long operations on jobs that this console has started: what they wait for, and what came of them.
 *
 * I1  An operation is sent with an id of its own, and sent again under it while there is no answer:
 *     it happens once.
 * I2  It is watched until it is done, whatever page is shown, and through lost connections.
 */
import type { ConsoleWorld } from './console-world.ts';
import type { PollStore } from './poll-store.ts';
import { ConnectionError, type Method, type RestClient } from './rest-client.ts';

export interface OperationRequest {
  readonly jobId: string;
  /** `Savepoint of flights`. */
  readonly title: string;
  readonly method: Method;
  readonly path: string;
  readonly body?: object;
  /** False: sending it twice does it twice, so that it is not. */
  readonly isIdempotent: boolean;
  /** Asked until it says that the operation is done. */
  readonly follow: (client: RestClient, answer: unknown) => Promise<OperationProgress>;
}

export interface OperationProgress {
  readonly isDone: boolean;
  /** What is waited for: `3 of 8 subtasks have acknowledged`. When done, what came of it. */
  readonly text: string;
  readonly part?: { readonly done: number; readonly of: number };
  /** Of a savepoint. */
  readonly location?: string;
}

export interface Operation {
  readonly id: number;
  readonly jobId: string;
  readonly title: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly startedAtEpochMs: number;
  readonly progress: OperationProgress;
}

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 2000;
/** How long it is tried to send what may be sent again. */
const MAX_SENDS = 20;

export interface OperationParts {
  readonly world: ConsoleWorld;
  readonly client: RestClient;
  readonly store: PollStore;
}

export class OperationStore {
  readonly #parts: OperationParts;
  readonly #listeners = new Set<() => void>();
  #operations: readonly Operation[] = [];
  #lastId = 0;

  constructor(parts: OperationParts) {
    this.#parts = parts;
  }

  /** The newest first. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /** @returns what ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  dismiss(id: number): void {
    this.#set(this.#operations.filter((one) => one.id !== id));
  }

  /** I2. Settles when it is done; never rejects. */
  async start(request: OperationRequest): Promise<Operation['state']> {
    const { jobId, title } = request;
    this.#lastId += 1;
    const id = this.#lastId;
    const progress: OperationProgress = { isDone: false, text: 'Sending the request' };
    const startedAtEpochMs = this.#parts.world.nowEpochMs();
    const operation: Operation = { id, jobId, title, state: 'running', startedAtEpochMs, progress };
    this.#set([operation, ...this.#operations]);
    const state = await this.#run(id, request);
    this.#parts.store.refresh(`/jobs/${jobId}`);
    this.#parts.store.refresh('/jobs/overview');
    return state;
  }

  async #run(id: number, request: OperationRequest): Promise<Operation['state']> {
    try {
      const answer = await this.#send(id, request);
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 1.6)) {
        const progress = await this.#asked(() => request.follow(this.#parts.client, answer));
        this.#change(id, { progress, ...(progress.isDone ? { state: 'done' } : {}) });
        if (progress.isDone) return 'done';
        await this.#pause(pauseMs);
      }
    } catch (thrown) {
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      this.#change(id, { state: 'failed', progress: { isDone: true, text } });
      return 'failed';
    }
  }

  /** I1. */
  async #send(id: number, { method, path, body, isIdempotent }: OperationRequest) {
    for (let sent = 1; ; sent++) {
      try {
        return await this.#parts.client.send<unknown>(method, path, body);
      } catch (thrown) {
        const isLast = !isIdempotent || sent >= MAX_SENDS;
        if (!(thrown instanceof ConnectionError) || isLast) throw thrown;
        const text = 'The cluster cannot be reached; trying again';
        this.#change(id, { progress: { isDone: false, text } });
        await this.#pause(MAX_PAUSE_MS);
      }
    }
  }

  /** A connection that is lost is waited for. */
  async #asked(follow: () => Promise<OperationProgress>): Promise<OperationProgress> {
    try {
      return await follow();
    } catch (thrown) {
      if (!(thrown instanceof ConnectionError)) throw thrown;
      return { isDone: false, text: 'The cluster cannot be reached; its state is not known' };
    }
  }

  #pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.#parts.world.after(durationMs, resolve));
  }

  #change(id: number, change: Partial<Operation>): void {
    this.#set(this.#operations.map((one) => (one.id === id ? { ...one, ...change } : one)));
  }

  #set(operations: readonly Operation[]): void {
    this.#operations = operations;
    for (const listener of this.#listeners) listener();
  }
}
