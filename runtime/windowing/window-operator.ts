import { StreamError } from '../core/index.ts';
import type { OneInputFactory } from '../operators/index.ts';
import { AlignedWindowOperator } from './aligned-window-operator.ts';
import type { WindowAssigner } from './assigners.ts';
import { SessionWindowOperator } from './session-window-operator.ts';
import { assertMergeable } from './window-aggregation.ts';
import type { WindowOperatorOptions } from './window-operator-options.ts';

/**
 * The operator of a windowed stream. Checks its arguments when the graph is built.
 *
 * @throws {StreamError} kind `invalid`, code `ALLOWED_LATENESS_INVALID`, when negative, and
 * `AGGREGATE_NEEDS_MERGE` for sessions over an aggregate function that cannot merge.
 */
export function windowOperator<T, A, R, O>(
  assigner: WindowAssigner,
  options: WindowOperatorOptions<T, A, R, O>,
): OneInputFactory<T, O> {
  const allowedLatenessMs = options.allowedLatenessMs ?? 0;
  if (!(allowedLatenessMs >= 0 && Number.isFinite(allowedLatenessMs))) {
    throw new StreamError({
      kind: 'invalid',
      code: 'ALLOWED_LATENESS_INVALID',
      message: `allowed lateness must be zero or more milliseconds: allowedLatenessMs=${allowedLatenessMs}`,
      details: { allowedLatenessMs: String(allowedLatenessMs) },
    });
  }
  if (assigner.kind === 'aligned') {
    return (ctx, output) => new AlignedWindowOperator(assigner, options, ctx, output);
  }
  assertMergeable(options.aggregation);
  return (ctx, output) => new SessionWindowOperator(assigner, options, ctx, output);
}
