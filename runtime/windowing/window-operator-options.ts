import type { KeySelector } from '../core/index.ts';
import type { OutputTag } from '../operators/index.ts';
import type { Evictor } from './evictor.ts';
import type { Trigger } from './trigger.ts';
import type { WindowAggregation } from './window-aggregation.ts';
import type { WindowFunctionOf } from './window-emitter.ts';

/** What a window operator does, but for the assigner. */
export interface WindowOperatorOptions<T, A, R, O> {
  /** `windowAll` gives a constant. */
  readonly keySelector: KeySelector<T, unknown>;
  readonly aggregation: WindowAggregation<T, A, R>;
  /** Undefined: the aggregation's results are the output. */
  readonly windowFunction?: WindowFunctionOf<R, O>;
  /** Event time only. @defaultValue 0 */
  readonly allowedLatenessMs?: number;
  /** @defaultValue the assigner's */
  readonly trigger?: Trigger<T>;
  /** Takes records out of windows when they fire: they keep all of them until then. */
  readonly evictor?: Evictor<T>;
  /** Gets records that are late for all their windows; undefined: they are dropped and counted. */
  readonly lateOutputTag?: OutputTag<T>;
}
