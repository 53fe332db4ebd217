/**
 * What is around the work of every function, in one place: lines of the log that say whose they
 * are, metrics that are written with the invocation, errors that their callers can read. X-Ray's
 * trace, where there is one, is in the lines; its SDK is not loaded.
 *
 * I1  Whatever an invocation ends with: its metrics are written, and nothing of it is in lines of
 *     the next.
 * I2  What is thrown says code and kind, and nothing secret; where it comes from is in the log.
 */
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import { thrownByFunction } from '../../runtime/adapters/aws/index.ts';
import { toStreamError } from '../../runtime/core/index.ts';
import type { Observation, ObservedFunction } from './observe.ts';

/** Of an event: what lines are to say. */
const PLACES = ['jobId', 'attempt', 'taskManager', 'lease'] as const;

/** `functionStack(world).handler(work)`; an HTTP function has its own middlewares between. */
export function functionStack<Event, Result>(
  observed: ObservedFunction & Partial<Pick<Observation, 'meter'>>,
) {
  const { json, redactor, logger, meter } = observed;
  // A function that is late is ended by Lambda, which callers tell from an error: no timer of ours.
  return middy<Event, Result, Error>({ timeoutEarlyInMillis: 0 })
    .use(injectLambdaContext(json, { resetKeys: true, logEvent: false }))
    .use(logMetrics(meter === undefined ? [] : [meter]))
    .use({
      before: ({ event }) => json.appendKeys(placeOf(event)),
      // I2.
      onError: (request) => {
        if (request.response !== undefined) return;
        const { code, kind, details, message, stack } = toStreamError(request.error);
        logger.log('error', message, { code, kind, ...details, stack });
        request.error = thrownByFunction(request.error, (text) => redactor.text(text));
      },
    });
}

function placeOf(event: unknown): Record<string, string | number> {
  const fields = (typeof event === 'object' && event !== null ? event : {}) as object;
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => {
      const isPlace = PLACES.some((place) => place === name);
      return isPlace && (typeof value === 'string' || typeof value === 'number');
    }),
  );
}
