import { type ErrorDetails, StreamError } from '../core/index.ts';

/** What is wrong with a program's graph; the caller fixes the job. */
export type GraphErrorCode =
  /** The program defined no operator at all. */
  | 'NO_OPERATORS'
  /** Nothing would leave the job. */
  | 'NO_SINK'
  /** Two operators claim one uid. */
  | 'DUPLICATE_UID'
  /** A parallelism is not a positive integer. */
  | 'INVALID_PARALLELISM'
  /** A max parallelism lies outside 1..32768. */
  | 'INVALID_MAX_PARALLELISM'
  /** More subtasks than key groups, or than a source can feed. */
  | 'PARALLELISM_ABOVE_MAX'
  /** `setParallelism` on an operator that only works alone. */
  | 'NON_PARALLEL_OPERATOR'
  /** `forward()` between operators of different parallelism. */
  | 'FORWARD_PARALLELISM_MISMATCH'
  /** A source without end in BATCH. */
  | 'UNBOUNDED_SOURCE'
  /** A changed parallelism names no vertex of the job. */
  | 'UNKNOWN_VERTEX';

/** An error of kind `invalid` that names the operator at fault in its details. */
export function graphError(
  code: GraphErrorCode,
  message: string,
  details: ErrorDetails = {},
): StreamError {
  return new StreamError({ kind: 'invalid', code, message, details });
}
