import type { KeySelector } from '../core/index.ts';
import { type FieldAggregationKind, fieldAggregation, type OutputTag } from '../operators/index.ts';
import {
  type ProcessWindowLike,
  processWindowFunction,
  reduceAggregation,
  type WindowAggregation,
  type WindowAssigner,
  type WindowFunctionOf,
  type WindowLike,
  windowOperator,
} from '../windowing/index.ts';
import { checkFunction, checkText, invalid } from './arguments.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import type { Upstream } from './job-program.ts';
import { transform } from './transform.ts';

/** What was said about windows so far; keyed windows and windows over all share it. */
export interface WindowSettings<T> {
  readonly upstream: Upstream;
  readonly assigner: WindowAssigner;
  readonly keySelector: KeySelector<T, unknown>;
  /** Windows over the whole stream: one subtask, no key. */
  readonly all: boolean;
  allowedLatenessMs: number;
  lateTag: OutputTag<T> | undefined;
}

/** Adds the window operator; answers its output. */
export function windowTransform<T, A, R, O>(
  settings: WindowSettings<T>,
  aggregation: WindowAggregation<T, A, R>,
  windowFunction?: { readonly fn: ProcessWindowLike<never, O, never>; readonly single: boolean },
): SingleOutputStreamOperator<O> {
  const { upstream, assigner, keySelector, all, allowedLatenessMs, lateTag } = settings;
  const erased = windowFunction as WindowFunctionOf<R, O> | undefined;
  const factory = windowOperator<T, A, R, O>(assigner, {
    keySelector,
    aggregation,
    allowedLatenessMs,
    ...(lateTag === undefined ? {} : { lateOutputTag: lateTag }),
    ...(erased === undefined ? {} : { windowFunction: erased }),
  });
  const operator = all ? 'AllWindow' : 'Window';
  const extras = all ? { nonParallel: true } : {};
  const name = `${operator}(${assigner.name})`;
  return transform<T, O>(upstream, operator, factory, { name, keyed: true, ...extras });
}

/** Aggregation by a field over windows. */
export function windowFieldAggregation<T>(
  settings: WindowSettings<T>,
  kind: FieldAggregationKind,
  field: string,
): SingleOutputStreamOperator<T> {
  checkText(field, `the field of ${kind}`);
  return windowTransform(settings, reduceAggregation(fieldAggregation<T>(kind, field)));
}

/** A function given to `process`, `reduce` or `aggregate`: with a context, or with a window. */
export function toProcessWindow<I, O, K>(
  fn: ProcessWindowLike<I, O, K> | Exclude<WindowLike<I, O, K>, (...args: never[]) => unknown>,
  where: string,
): ProcessWindowLike<I, O, K> {
  if (typeof fn === 'object' && fn !== null && 'apply' in fn && !('process' in fn)) {
    checkFunction(fn, where, 'apply');
    return processWindowFunction(fn);
  }
  checkFunction(fn, where, 'process');
  return fn as ProcessWindowLike<I, O, K>;
}

/** @throws {StreamError} `INVALID_ARGUMENT` where lateness has no meaning. */
export function checkLateness(assigner: WindowAssigner, what: string): void {
  if (assigner.isEventTime) return;
  throw invalid(
    'INVALID_ARGUMENT',
    `${what} needs windows of event time, nothing is late in processing time`,
    assigner.name,
  );
}
