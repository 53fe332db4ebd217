import type { ConsoleServices } from './console-context.ts';
import type { ConsoleWorld } from './console-world.ts';
import { OperationStore } from './operations.ts';
import { PollStore } from './poll-store.ts';
import { RateHistory } from './rate-history.ts';
import { RestClient } from './rest-client.ts';

/** Everything that pages work on, in a browser. */
export function consoleServices(world: ConsoleWorld): ConsoleServices {
  const client = new RestClient(world);
  const store = new PollStore(world, client);
  const operations = new OperationStore({ world, client, store });
  return { world, client, store, operations, history: new RateHistory() };
}
