import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { ConsoleWorld } from './console-world.ts';
import type { Operation, OperationStore } from './operations.ts';
import type { Connection, Polled, PollStore } from './poll-store.ts';
import type { RateHistory } from './rate-history.ts';
import type { RestClient } from './rest-client.ts';
import type { ConfigJson } from './rest-json.ts';

/** What every page works on. */
export interface ConsoleServices {
  readonly world: ConsoleWorld;
  readonly client: RestClient;
  readonly store: PollStore;
  readonly history: RateHistory;
  readonly operations: OperationStore;
}

export const ConsoleContext = createContext<ConsoleServices | undefined>(undefined);

export function useConsole(): ConsoleServices {
  const services = useContext(ConsoleContext);
  if (services === undefined) throw new Error('a page stands outside of the console');
  return services;
}

const DEFAULT_INTERVAL_MS = 3000;
const RARELY_MS = 300_000;

/**
 * The answers of a GET route, while the component is there.
 *
 * @param path undefined: none yet.
 * @param intervalMs @defaultValue that of the cluster, `refresh-interval` of `GET /config`
 */
export function usePolled<T>(path: string | undefined, intervalMs?: number): Polled<T> {
  const { store } = useConsole();
  const [, redraw] = useState(0);
  const ofCluster = store.peek<ConfigJson>('/config').value?.['refresh-interval'];
  const waitMs = intervalMs ?? ofCluster ?? DEFAULT_INTERVAL_MS;
  useEffect(() => {
    if (path === undefined) return;
    return store.watch(path, waitMs, () => redraw((count) => count + 1));
  }, [store, path, waitMs]);
  return path === undefined ? {} : store.peek<T>(path);
}

/** `GET /config`. */
export function useConfig(): ConfigJson | undefined {
  return usePolled<ConfigJson>('/config', RARELY_MS).value;
}

export function useConnection(): Connection {
  const { store } = useConsole();
  const [, redraw] = useState(0);
  useEffect(() => store.onConnection(() => redraw((count) => count + 1)), [store]);
  return store.connection;
}

/** Those that were started here, the newest first. */
export function useOperations(): readonly Operation[] {
  const { operations } = useConsole();
  const [, redraw] = useState(0);
  useEffect(() => operations.onChange(() => redraw((count) => count + 1)), [operations]);
  return operations.operations;
}

/** The time, again every `everyMs`. */
export function useNow(everyMs = 1000): number {
  const { world } = useConsole();
  const [nowEpochMs, setNow] = useState(world.nowEpochMs());
  useEffect(
    () => world.after(everyMs, () => setNow(world.nowEpochMs())),
    [world, everyMs, nowEpochMs],
  );
  return nowEpochMs;
}
