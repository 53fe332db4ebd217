/**
 * A clock that stands still while it is paused: for time in which something could have happened.
 *
 * @see Flink `PausableRelativeClock`
 */
export class PausableClock {
  readonly #baseMs: () => number;
  #pausedMs = 0;
  #pausedAtMs: number | undefined;

  /** @param baseMs a monotonic clock. */
  constructor(baseMs: () => number) {
    this.#baseMs = baseMs;
  }

  nowMs(): number {
    return (this.#pausedAtMs ?? this.#baseMs()) - this.#pausedMs;
  }

  pause(): void {
    this.#pausedAtMs ??= this.#baseMs();
  }

  resume(): void {
    if (this.#pausedAtMs === undefined) return;
    this.#pausedMs += this.#baseMs() - this.#pausedAtMs;
    this.#pausedAtMs = undefined;
  }
}
