import httpErrorHandler from '@middy/http-error-handler';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import type { HttpEvent } from '../../runtime/adapters/aws/index.ts';
import { type HttpResult, httpRequestOf, httpResultOf } from '../../runtime/adapters/aws/index.ts';
import { answerRequest, type ClusterApi, errorAnswer } from '../../runtime/adapters/index.ts';
import { type Logger, toStreamError } from '../../runtime/core/index.ts';
import { functionStack, type ObservedFunction } from '../shared/index.ts';

/** The handler of an HTTP API in front of a cluster. */
export function createHandler(api: ClusterApi, observed: ObservedFunction) {
  const { logger } = observed;
  return functionStack<HttpEvent, HttpResult>(observed)
    .use(httpHeaderNormalizer())
    .use(httpErrorHandler({ logger: false }))
    .handler(async (event: HttpEvent): Promise<HttpResult> => await answer(api, event, logger));
}

async function answer(api: ClusterApi, event: HttpEvent, logger: Logger): Promise<HttpResult> {
  try {
    const request = httpRequestOf(event);
    const answered = await answerRequest(api, request);
    const { method, path } = request;
    const level = answered.status >= 500 ? 'error' : 'info';
    const fields = level === 'error' ? { answer: answered.body } : {};
    logger.log(level, 'a request is answered', {
      method,
      path,
      status: answered.status,
      ...fields,
    });
    return httpResultOf(answered);
  } catch (thrown) {
    const { code, message: reason } = toStreamError(thrown);
    logger.log('warn', 'a request is refused', { code, reason });
    return httpResultOf(errorAnswer(thrown));
  }
}
