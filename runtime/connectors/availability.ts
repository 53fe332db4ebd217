/** Lets a reader's `available()` wait for what its asynchronous side brings. */
export class Availability {
  #waiting: PromiseWithResolvers<void> | undefined;
  #failure: { readonly thrown: unknown } | undefined;

  /** Resolves at the next {@link notify}; rejects once {@link fail} was called. */
  wait(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.thrown);
    this.#waiting ??= Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  notify(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  fail(thrown: unknown): void {
    this.#failure ??= { thrown };
    this.#waiting?.reject(thrown);
    this.#waiting = undefined;
  }
}
