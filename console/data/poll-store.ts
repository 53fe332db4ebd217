/**
 * What the pages show of the cluster: answers of GET routes, asked for again and again while
 * someone looks at them.
 *
 * I1  A path is asked for once at a time, however many watch it, and never while the page is
 *     hidden.
 * I2  What was answered stays until the next answer; when there is none it is stale, not gone.
 * I3  Without a connection nothing is asked but at `retryAtMs`; the first answer heals all paths.
 * I4  An answer that refuses is an answer: it is shown where it was asked for.
 * I5  What nobody watches is not asked for; its last answer is kept for who comes back.
 */
import type { ConsoleWorld } from './console-world.ts';
import { ConnectionError, type RestClient, RestError } from './rest-client.ts';

/** What is known of a path. */
export interface Polled<T> {
  /** The newest answer. Absent: there was none yet, or the newest refuses. */
  readonly value?: T;
  /** When it came. */
  readonly atEpochMs?: number;
  readonly error?: RestError;
}

export type Connection =
  | { readonly type: 'online' }
  | {
      readonly type: 'lost';
      readonly sinceEpochMs: number;
      readonly retryAtEpochMs: number;
      readonly reason: string;
    };

interface Watched {
  readonly path: string;
  readonly listeners: Map<() => void, number>;
  polled: Polled<unknown>;
  cancelTimer?: (() => void) | undefined;
  asking?: AbortController | undefined;
}

const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
const MAX_KEPT_PATHS = 300;
const NOTHING: Polled<never> = {};

export class PollStore {
  readonly #world: ConsoleWorld;
  readonly #client: RestClient;
  readonly #watched = new Map<string, Watched>();
  readonly #connectionListeners = new Set<() => void>();
  #connection: Connection = { type: 'online' };
  /** How often it was tried in vain since the connection was lost. */
  #failureCount = 0;
  #cancelRetry: (() => void) | undefined;

  constructor(world: ConsoleWorld, client: RestClient) {
    this.#world = world;
    this.#client = client;
    world.onVisibility(() => this.#onVisibility());
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** @returns what ends it. */
  onConnection(listener: () => void): () => void {
    this.#connectionListeners.add(listener);
    return () => this.#connectionListeners.delete(listener);
  }

  peek<T>(path: string): Polled<T> {
    return (this.#watched.get(path)?.polled ?? NOTHING) as Polled<T>;
  }

  /** @param intervalMs of all who watch the shortest counts. @returns what ends it. */
  watch(path: string, intervalMs: number, listener: () => void): () => void {
    const watched: Watched = this.#watched.get(path) ?? {
      path,
      listeners: new Map(),
      polled: NOTHING,
    };
    this.#watched.set(path, watched);
    const isFirst = watched.listeners.size === 0;
    watched.listeners.set(listener, intervalMs);
    if (isFirst) this.#ask(watched);
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size > 0) return;
      watched.cancelTimer?.();
      watched.asking?.abort();
      watched.asking = undefined;
      this.#forgetOld();
    };
  }

  /** Asks again at once: for a path, its sub-paths, or everything. */
  refresh(path = ''): void {
    for (const watched of this.#watched.values()) {
      if (watched.path.startsWith(path) && watched.listeners.size > 0) this.#ask(watched);
    }
  }

  /** Does not wait for `retryAtEpochMs`. */
  retryNow(): void {
    this.#cancelRetry?.();
    for (const watched of this.#watched.values()) {
      if (watched.listeners.size > 0) this.#ask(watched, true);
    }
  }

  /** I5. */
  #forgetOld(): void {
    for (const { path, listeners } of [...this.#watched.values()]) {
      if (this.#watched.size <= MAX_KEPT_PATHS) return;
      if (listeners.size === 0) this.#watched.delete(path);
    }
  }

  #onVisibility(): void {
    if (!this.#world.isVisible()) {
      for (const watched of this.#watched.values()) watched.cancelTimer?.();
    } else if (this.#connection.type === 'lost') this.retryNow();
    else this.refresh();
  }

  /** I1, I3. */
  #ask(watched: Watched, isRetry = false): void {
    if (watched.asking !== undefined || !this.#world.isVisible()) return;
    if (this.#connection.type === 'lost' && !isRetry) return;
    watched.cancelTimer?.();
    const asking = new AbortController();
    watched.asking = asking;
    const failureCount = this.#failureCount;
    void this.#client.get<unknown>(watched.path, asking.signal).then(
      (value) => {
        if (asking.signal.aborted) return;
        watched.asking = undefined;
        this.#answered(watched, { value, atEpochMs: this.#world.nowEpochMs() });
      },
      (thrown: unknown) => {
        if (asking.signal.aborted) return;
        watched.asking = undefined;
        if (thrown instanceof RestError) this.#answered(watched, { error: thrown });
        // What was asked for together fails once.
        else if (failureCount === this.#failureCount) this.#lost(thrown);
      },
    );
  }

  #answered(watched: Watched, polled: Polled<unknown>): void {
    watched.polled = polled;
    if (this.#connection.type === 'lost') {
      this.#cancelRetry?.();
      this.#failureCount = 0;
      this.#setConnection({ type: 'online' });
      this.refresh();
    }
    const intervalMs = Math.min(...watched.listeners.values());
    // Of a path that nobody watches any more there is no interval.
    if (Number.isFinite(intervalMs)) {
      watched.cancelTimer = this.#world.after(intervalMs, () => this.#ask(watched));
    }
    for (const listener of watched.listeners.keys()) listener();
  }

  #lost(thrown: unknown): void {
    this.#cancelRetry?.();
    const delayMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failureCount);
    this.#failureCount += 1;
    const nowEpochMs = this.#world.nowEpochMs();
    const { sinceEpochMs = nowEpochMs } = this.#connection.type === 'lost' ? this.#connection : {};
    const reason = thrown instanceof ConnectionError ? thrown.message : String(thrown);
    const retryAtEpochMs = nowEpochMs + delayMs;
    this.#setConnection({ type: 'lost', sinceEpochMs, retryAtEpochMs, reason });
    this.#cancelRetry = this.#world.after(delayMs, () => this.retryNow());
  }

  #setConnection(connection: Connection): void {
    this.#connection = connection;
    for (const listener of this.#connectionListeners) listener();
  }
}
