/** Port: what the console needs of a browser. */
export interface ConsoleWorld {
  nowEpochMs(): number;
  /** Calls once, unless it is taken back by what is returned. */
  after(delayMs: number, run: () => void): () => void;
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>;
  isVisible(): boolean;
  /** Calls on every change, until what is returned is called. */
  onVisibility(run: () => void): () => void;
}

export function browserWorld(): ConsoleWorld {
  return {
    nowEpochMs: () => Date.now(),
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    fetch: (url, init) => fetch(url, init),
    isVisible: () => document.visibilityState !== 'hidden',
    onVisibility: (run) => {
      document.addEventListener('visibilitychange', run);
      return () => document.removeEventListener('visibilitychange', run);
    },
  };
}
