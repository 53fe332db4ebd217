/**
 * Asks a service about each number, many at once, and prints its answers in order.
 *
 *     npx sluice run examples/enrich/job.ts --url http://127.0.0.1:8000 --count 100
 */
import {
  AsyncDataStream,
  type AsyncFunction,
  AsyncRetryStrategies,
  type StreamExecutionEnvironment,
  sequenceSource,
  WatermarkStrategy,
} from 'sluice';
import { parseOptions } from '../options.ts';

const OPTIONS = {
  url: { type: 'string', default: 'http://127.0.0.1:8000' },
  count: { type: 'string', default: '100' },
  capacity: { type: 'string', default: '100' },
} as const;
const USAGE =
  'usage: sluice run examples/enrich/job.ts [--url <of the service>] [--count <records>] ' +
  '[--capacity <requests at once>]';

/** Asks `GET <url>/<id>`. */
class Lookup implements AsyncFunction<number, string> {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async asyncInvoke(id: number): Promise<string> {
    const response = await fetch(`${this.#url}/${id}`);
    if (!response.ok) throw new Error(`the service answered ${response.status} about ${id}`);
    return await response.text();
  }

  timeout(id: number): string {
    return `${id} is not known in time`;
  }
}

export default async function enrich(
  env: StreamExecutionEnvironment,
  args: readonly string[],
): Promise<void> {
  const { url, count, capacity } = parseOptions(args, OPTIONS, USAGE);
  const ids = env.fromSource(
    sequenceSource(1, Number(count)),
    WatermarkStrategy.noWatermarks<number>(),
    'ids',
  );
  const retry = AsyncRetryStrategies.fixedDelay<string>(3, '10 ms', { ifException: () => true });
  AsyncDataStream.orderedWaitWithRetry(ids, new Lookup(url), '30 s', Number(capacity), retry)
    .name('lookup')
    .uid('lookup')
    .print();
  await env.execute('Enrich');
}
