import type { KeySelector } from '../core/index.ts';
import { type FieldAggregationKind, fieldAggregation, type OutputTag } from '../operators/index.ts';
import {
  assertTriggerFits,
  checkEvictor,
  componentName,
  type Evictor,
  type ProcessWindowLike,
  processWindowFunction,
  reduceAggregation,
  type Trigger,
  type WindowAggregation,
  type WindowAssigner,
  type WindowFunctionOf,
  type WindowLike,
  windowInvalid,
  windowOperator,
} from '../windowing/index.ts';
import { checkFunction, checkText, invalid } from './arguments.ts';
import { isOfCountWindows } from './count-windows.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import type { Upstream } from './job-program.ts';
import { transform } from './transform.ts';

/** What was said about windows so far; keyed windows and windows over all share it. */
export interface WindowSettings<T> {
  readonly upstream: Upstream;
  readonly assigner: WindowAssigner<T>;
  readonly keySelector: KeySelector<T, unknown>;
  /** Windows over the whole stream: one subtask, no key. */
  readonly all: boolean;
  allowedLatenessMs: number;
  lateTag: OutputTag<T> | undefined;
  trigger: Trigger<T> | undefined;
  evictor: Evictor<T> | undefined;
}

/** Before anything was said but which windows. */
export function newWindowSettings<T>(
  upstream: Upstream,
  assigner: WindowAssigner<T>,
  keySelector: KeySelector<T, unknown> | undefined,
): WindowSettings<T> {
  return {
    upstream,
    assigner,
    keySelector: keySelector ?? (() => 0),
    all: keySelector === undefined,
    allowedLatenessMs: 0,
    lateTag: undefined,
    trigger: undefined,
    evictor: undefined,
  };
}

/** @throws {StreamError} `WINDOW_INVALID`. */
export function setTrigger<T>(settings: WindowSettings<T>, trigger: Trigger<T>): void {
  assertTriggerFits(settings.assigner, trigger, windowName(settings));
  settings.trigger = trigger;
}

/** @throws {StreamError} `WINDOW_INVALID`. */
export function setEvictor<T>(settings: WindowSettings<T>, evictor: Evictor<T>): void {
  checkEvictor(evictor, `evictor of ${windowName(settings)}`);
  settings.evictor = evictor;
}

/** What people read: the windows, and when they fire if that was said. */
export function windowName<T>({ all, assigner, trigger, evictor }: WindowSettings<T>): string {
  const parts = [assigner, trigger, evictor].flatMap((part) =>
    part === undefined ? [] : [componentName(part)],
  );
  return `${all ? 'AllWindow' : 'Window'}(${parts.join(', ')})`;
}

/** Adds the window operator; answers its output. */
export function windowTransform<T, A, R, O>(
  settings: WindowSettings<T>,
  aggregation: WindowAggregation<T, A, R>,
  windowFunction?: { readonly fn: ProcessWindowLike<never, O, never>; readonly single: boolean },
): SingleOutputStreamOperator<O> {
  const { upstream, assigner, keySelector, all, allowedLatenessMs, lateTag } = settings;
  const { trigger, evictor } = settings;
  checkPreAggregation(settings, aggregation, windowFunction?.single === true);
  const erased = windowFunction as WindowFunctionOf<R, O> | undefined;
  const name = windowName(settings);
  const options = {
    keySelector,
    aggregation,
    allowedLatenessMs,
    ...(trigger === undefined ? {} : { trigger }),
    ...(evictor === undefined ? {} : { evictor }),
    ...(lateTag === undefined ? {} : { lateOutputTag: lateTag }),
    ...(erased === undefined ? {} : { windowFunction: erased }),
  };
  const factory = windowOperator<T, A, R, O>(assigner, options, name);
  const operator = all ? 'AllWindow' : 'Window';
  const extras = all ? { nonParallel: true } : {};
  return transform<T, O>(upstream, operator, factory, { name, keyed: true, ...extras });
}

/**
 * What is folded as it comes leaves nothing to take out. Windows that slide by count may: their
 * evictor is no setting.
 *
 * @throws {StreamError} `WINDOW_INVALID`.
 */
function checkPreAggregation<T>(
  settings: WindowSettings<T>,
  { contents }: Pick<WindowAggregation<never, never, never>, 'contents'>,
  hasFunctionBehind: boolean,
): void {
  const { evictor } = settings;
  if (evictor === undefined || isOfCountWindows(evictor)) return;
  if (contents !== 'accumulator' && !hasFunctionBehind) return;
  throw windowInvalid(
    'an evictor needs every record of a window, which aggregate, and reduce with a window ' +
      'function, fold as they come: use process or apply, or remove the evictor',
    { evictor: componentName(evictor), operator: windowName(settings) },
  );
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
export function checkLateness<T>(assigner: WindowAssigner<T>, what: string): void {
  if (assigner.isEventTime) return;
  throw invalid(
    'INVALID_ARGUMENT',
    `${what} needs windows of event time: remove it, or take such; nothing is late in processing time, or for a window without end`,
    componentName(assigner),
  );
}
