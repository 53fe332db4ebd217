/** Asks the plan function, while a client of the REST interface waits. */
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { StreamError } from '../../../core/index.ts';
import { HttpRefusal } from '../../http/index.ts';
import { AwsCallFailed, type AwsCalls } from '../aws-calls.ts';
import type { PreviewAnswer, PreviewRequest } from '../messages.ts';
import { callFailure } from './call-failure.ts';
import type { Previews } from './effect-ports.ts';
import { lambdaFailure } from './lambda-failure.ts';

export interface ProgramPreviewsParts {
  /** Its requests may take as long as a client waits: {@link PREVIEW_TIMEOUT_MS}. */
  readonly lambda: Pick<LambdaClient, 'send'>;
  readonly calls: AwsCalls;
  /** The name of the function that plans. */
  readonly functionName: string;
}

/** An HTTP API gives up after 30 s; before it and after it is work, too. */
export const PREVIEW_TIMEOUT_MS = 24_000;
const ANSWERS: readonly string[] = [
  'planned',
  'checked',
  'refused',
  'not-taken',
] satisfies PreviewAnswer['type'][];

export class ProgramPreviews implements Previews {
  readonly #parts: ProgramPreviewsParts;

  constructor(parts: ProgramPreviewsParts) {
    this.#parts = parts;
  }

  async preview(request: PreviewRequest['preview']): Promise<PreviewAnswer> {
    const { lambda, calls, functionName } = this.#parts;
    const payload: PreviewRequest = { preview: request };
    const command = new InvokeCommand({
      FunctionName: functionName,
      Payload: Buffer.from(JSON.stringify(payload)),
    });
    // A second one would end after the client has gone.
    const operation = { permission: 'lambda:InvokeFunction', isOnceOnly: true };
    try {
      const { FunctionError: failed, Payload: answer } = await calls.call(
        operation,
        ({ options }) => lambda.send(command, options),
      );
      return answerIn(Buffer.from(answer ?? []).toString(), failed !== undefined);
    } catch (thrown) {
      if (isTimeout(thrown)) throw timedOut(request.savepoint !== undefined, thrown);
      throw callFailure('PREVIEW_FAILED', 'a program cannot be planned', functionName, thrown);
    }
  }
}

function answerIn(text: string, isFailed: boolean): PreviewAnswer {
  const answer: unknown = text === '' ? undefined : JSON.parse(text);
  if (isFailed) {
    const { errorType = '', errorMessage = '' } = (answer ?? {}) as Readonly<
      Record<string, string | undefined>
    >;
    const cause = { Error: errorType, Cause: JSON.stringify({ errorMessage }) };
    throw StreamError.fromJSON(lambdaFailure(cause));
  }
  const { type } = (answer ?? {}) as { readonly type?: string };
  if (type !== undefined && ANSWERS.includes(type)) return answer as PreviewAnswer;
  // Node.js ends when nothing is left to wait for, and Lambda answers nothing.
  throw new StreamError({
    kind: 'user',
    code: 'PREVIEW_UNANSWERED',
    message:
      'a program has built no graph and failed at nothing: its job function waits for something ' +
      'that never comes, look for a promise that nobody settles',
  });
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof AwsCallFailed && thrown.failure.awsCode === 'TimeoutError';
}

function timedOut(isCheck: boolean, cause: unknown): StreamError {
  const advice = isCheck
    ? "read the savepoint by 'sluice savepoint check', which takes its time"
    : 'run it, which has longer, or let its job function do less before it returns';
  return new StreamError({
    kind: 'unavailable',
    code: 'PREVIEW_TIMED_OUT',
    message: `a program takes longer than a request may: ${advice}; timeoutMs=${PREVIEW_TIMEOUT_MS}`,
    details: { timeoutMs: PREVIEW_TIMEOUT_MS },
    cause,
  });
}

/** What is not refused. @throws {HttpRefusal} @throws {StreamError} as it was thrown there. */
export function acceptedPreview(
  answer: PreviewAnswer,
): Extract<PreviewAnswer, { readonly type: 'planned' | 'checked' }> {
  if (answer.type === 'not-taken') throw new HttpRefusal(answer.status, answer.message);
  if (answer.type !== 'refused') return answer;
  const { kind, code, message } = answer;
  throw new StreamError({ kind, code, message });
}
