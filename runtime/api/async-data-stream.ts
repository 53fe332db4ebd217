/** Asynchronous I/O, by Flink's names: many records wait for the world at once. */
import type { Duration } from '../core/index.ts';
import {
  type AsyncLike,
  type AsyncOutputMode,
  type AsyncRetryStrategy,
  asyncWaitOperator,
} from '../operators/index.ts';
import { checkFunction, durationMs, invalid } from './arguments.ts';
import { DataStream, type SingleOutputStreamOperator } from './data-stream.ts';
import { KeyedStream } from './keyed-stream.ts';
import { inOperator } from './name-refusals.ts';
import { transform } from './transform.ts';

/** Flink's. */
const DEFAULT_CAPACITY = 100;
const OPERATOR = 'async wait operator';

/**
 * Asks a service about each record without waiting for one answer before the next question.
 *
 * After a failure the records that were under way at the checkpoint are asked about again.
 *
 * @param timeout of all attempts for one record; 0: none, where nothing is retried. Without a
 * method `timeout` of the function it fails the job.
 * @param capacity the records under way in one subtask; more wait, and hold back their source.
 * @example
 * ```ts
 * AsyncDataStream.unorderedWait(ids, async (id) => (await fetch(`${url}/${id}`)).json(), '5 s');
 * ```
 */
export const AsyncDataStream = {
  /** Results leave in the order of their records. */
  orderedWait<I, O>(
    stream: DataStream<I> | KeyedStream<I, unknown>,
    fn: AsyncLike<I, O>,
    timeout: Duration,
    capacity: number = DEFAULT_CAPACITY,
  ): SingleOutputStreamOperator<O> {
    return wait({ call: 'orderedWait', mode: 'ordered' }, stream, fn, timeout, capacity);
  },

  /** Results leave as they come, but none past a watermark. */
  unorderedWait<I, O>(
    stream: DataStream<I> | KeyedStream<I, unknown>,
    fn: AsyncLike<I, O>,
    timeout: Duration,
    capacity: number = DEFAULT_CAPACITY,
  ): SingleOutputStreamOperator<O> {
    return wait({ call: 'unorderedWait', mode: 'unordered' }, stream, fn, timeout, capacity);
  },

  /** As `orderedWait`; what the strategy says is asked again. */
  orderedWaitWithRetry<I, O>(
    stream: DataStream<I> | KeyedStream<I, unknown>,
    fn: AsyncLike<I, O>,
    timeout: Duration,
    capacity: number,
    strategy: AsyncRetryStrategy<O>,
  ): SingleOutputStreamOperator<O> {
    const kind = { call: 'orderedWaitWithRetry', mode: 'ordered', retry: strategy } as const;
    return wait(kind, stream, fn, timeout, capacity);
  },

  /** As `unorderedWait`; what the strategy says is asked again. */
  unorderedWaitWithRetry<I, O>(
    stream: DataStream<I> | KeyedStream<I, unknown>,
    fn: AsyncLike<I, O>,
    timeout: Duration,
    capacity: number,
    strategy: AsyncRetryStrategy<O>,
  ): SingleOutputStreamOperator<O> {
    const kind = { call: 'unorderedWaitWithRetry', mode: 'unordered', retry: strategy } as const;
    return wait(kind, stream, fn, timeout, capacity);
  },
} as const;

interface WaitKind<O> {
  /** What the user has called. */
  readonly call: string;
  readonly mode: AsyncOutputMode;
  readonly retry?: AsyncRetryStrategy<O>;
}

function wait<I, O>(
  kind: WaitKind<O>,
  stream: DataStream<I> | KeyedStream<I, unknown>,
  fn: AsyncLike<I, O>,
  timeout: Duration,
  capacity: number,
): SingleOutputStreamOperator<O> {
  const { call, mode, retry } = kind;
  const hasRetry = 'retry' in kind;
  if (!(stream instanceof DataStream || stream instanceof KeyedStream)) {
    throw invalid('INVALID_ARGUMENT', `${call} expects a stream`, stream);
  }
  return inOperator(OPERATOR, [stream.upstream], () => {
    checkFunction(fn, call, 'asyncInvoke');
    const timeoutMs = durationMs(timeout, `the timeout of ${call}`, { positive: hasRetry });
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw invalid(
        'INVALID_ARGUMENT',
        `the capacity of ${call} must be an integer from 1`,
        capacity,
      );
    }
    if (hasRetry && typeof retry?.canRetry !== 'function') {
      throw invalid(
        'INVALID_ARGUMENT',
        `${call} expects a strategy, such as AsyncRetryStrategies.fixedDelay(3, '1 s')`,
        retry,
      );
    }
    const factory = asyncWaitOperator(fn, { mode, timeoutMs, capacity, retry });
    return transform<I, O>(stream.upstream, OPERATOR, factory);
  });
}
