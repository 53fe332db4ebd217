import { StreamError } from '../../core/index.ts';

/** The hybrid source cannot be built as it was said: correct the job. */
export function invalid(message: string): StreamError {
  return new StreamError({ kind: 'invalid', code: 'BAD_HYBRID_SOURCE', message });
}
