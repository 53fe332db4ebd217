import type { Worker } from 'node:worker_threads';

/** A thread of this process besides its main one. */
export interface RegisteredThread {
  readonly slotIndex: number;
  /** As V8 and the process list know it: `slot-3`. */
  readonly name: string;
  readonly worker: Worker;
}

/** The threads of this process that run slots, and the memory between them. */
export class ThreadRegistry {
  readonly #threads = new Map<Worker, RegisteredThread>();
  /** With the threads that use it. */
  readonly #rings = new Map<SharedArrayBuffer, Set<Worker>>();

  /** Until the thread has ended. */
  add(thread: RegisteredThread, rings: Iterable<SharedArrayBuffer>): void {
    const { worker } = thread;
    const used = [...rings];
    this.#threads.set(worker, thread);
    for (const ring of used) {
      const users = this.#rings.get(ring) ?? new Set();
      this.#rings.set(ring, users.add(worker));
    }
    worker.once('exit', () => {
      this.#threads.delete(worker);
      for (const ring of used) {
        const users = this.#rings.get(ring);
        users?.delete(worker);
        if (users?.size === 0) this.#rings.delete(ring);
      }
    });
  }

  get threads(): readonly RegisteredThread[] {
    return [...this.#threads.values()];
  }

  get rings(): readonly SharedArrayBuffer[] {
    return [...this.#rings.keys()];
  }
}
