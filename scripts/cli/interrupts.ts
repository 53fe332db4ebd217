/** The part of `process` that tells of signals. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

/** What the user asked for with Ctrl-C. */
export interface InterruptHandlers {
  /** The first: end the job in good order. */
  readonly onCancel: () => void;
  /** The second: end at once. */
  readonly onKill: () => void;
}

/** Shorter than a person needs to press the keys again. */
export const ECHO_MS = 120;

/** Exit codes of `sluice run`. */
export const EXIT_CODES = { finished: 0, failed: 1, interrupted: 130 } as const;

/**
 * Turns the first SIGINT or SIGTERM into a cancel and the second into a kill. A signal within
 * {@link ECHO_MS} of the first is its echo: the launcher passes on what a terminal has sent to
 * both processes.
 *
 * @returns stops listening; idempotent.
 */
export function onInterrupt(
  source: SignalSource,
  handlers: InterruptHandlers,
  monotonicMs: () => number,
): () => void {
  let count = 0;
  let firstMs = 0;
  const listener = (): void => {
    if (count === 1 && monotonicMs() - firstMs < ECHO_MS) return;
    count += 1;
    if (count === 1) firstMs = monotonicMs();
    if (count === 1) handlers.onCancel();
    else if (count === 2) handlers.onKill();
  };
  source.on('SIGINT', listener);
  source.on('SIGTERM', listener);
  return () => {
    source.off('SIGINT', listener);
    source.off('SIGTERM', listener);
  };
}
