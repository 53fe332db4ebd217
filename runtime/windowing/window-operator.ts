import { StreamError } from '../core/index.ts';
import type { OneInputFactory } from '../operators/index.ts';
import { AlignedWindowOperator } from './aligned-window-operator.ts';
import type { WindowAssigner } from './assigners.ts';
import { defaultTrigger, merges } from './general-assigner.ts';
import { SessionWindowOperator } from './session-window-operator.ts';
import { componentName, type Trigger } from './trigger.ts';
import { hasClear, TriggeredWindowOperator } from './triggered-window-operator.ts';
import { assertMergeable } from './window-aggregation.ts';
import { checkEvictor, checkTrigger, windowInvalid } from './window-arguments.ts';
import type { WindowOperatorOptions } from './window-operator-options.ts';

/**
 * The operator of a windowed stream. Checks its arguments when the graph is built. Windows with
 * neither trigger, evictor nor states of their own, of a size that all share, have operators that
 * keep no timer a key.
 *
 * @param operator how errors call it.
 * @throws {StreamError} kind `invalid`, code `ALLOWED_LATENESS_INVALID`, when negative;
 * `AGGREGATE_NEEDS_MERGE` for windows that merge over an aggregate function that cannot;
 * `WINDOW_INVALID` for a trigger that windows cannot have.
 */
export function windowOperator<T, A, R, O>(
  assigner: WindowAssigner<T>,
  options: WindowOperatorOptions<T, A, R, O>,
  operator: string = `Window(${componentName(assigner)})`,
): OneInputFactory<T, O> {
  checkLateness(options.allowedLatenessMs ?? 0);
  const { trigger, evictor, windowFunction } = options;
  const isPlain = trigger === undefined && evictor === undefined && !hasClear(windowFunction?.fn);
  if (isPlain && assigner.kind === 'aligned' && assigner.stagger === undefined) {
    return (ctx, output) => new AlignedWindowOperator(assigner, options, ctx, output);
  }
  if (evictor === undefined && merges(assigner)) assertMergeable(options.aggregation);
  if (isPlain && assigner.kind === 'session') {
    return (ctx, output) => new SessionWindowOperator(assigner, options, ctx, output);
  }
  if (evictor !== undefined) checkEvictor(evictor, `evictor of ${operator}`);
  assertFires(assigner, trigger, operator);
  if (trigger !== undefined) assertTriggerFits(assigner, trigger, operator);
  return (ctx, output) => new TriggeredWindowOperator(assigner, options, ctx, output);
}

/** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`. */
export function assertTriggerFits<T>(
  assigner: WindowAssigner<T>,
  trigger: Trigger<T>,
  operator: string,
): void {
  checkTrigger(trigger, `trigger of ${operator}`);
  if (!merges(assigner) || trigger.canMerge?.() === true) return;
  throw windowInvalid(
    'windows that merge need a trigger that does, use one whose canMerge answers true, such as ' +
      'EventTimeTrigger.create() or CountTrigger.of(3)',
    { trigger: componentName(trigger), operator },
  );
}

/** Nothing would ever come out. */
function assertFires<T>(
  assigner: WindowAssigner<T>,
  trigger: Trigger<T> | undefined,
  operator: string,
): void {
  if (trigger !== undefined || componentName(defaultTrigger(assigner)) !== 'NeverTrigger()') return;
  throw windowInvalid(
    'these windows never fire by themselves, call trigger, or use ' +
      'GlobalWindows.createWithEndOfStreamTrigger()',
    { operator },
  );
}

function checkLateness(allowedLatenessMs: number): void {
  if (allowedLatenessMs >= 0 && Number.isFinite(allowedLatenessMs)) return;
  throw new StreamError({
    kind: 'invalid',
    code: 'ALLOWED_LATENESS_INVALID',
    message: `allowed lateness must be zero or more milliseconds: allowedLatenessMs=${allowedLatenessMs}`,
    details: { allowedLatenessMs: String(allowedLatenessMs) },
  });
}
