/**
 * In the place of the functions: enough of each for the state machines to run as they are defined.
 * Writes down what it is told.
 */
import { appendFileSync } from 'node:fs';
import { SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import type { SQSEvent } from 'aws-lambda';
import { JOBS, LEASES, TASK_MANAGERS, type Told } from './scenes.ts';

/** Written into the bundle by `app.ts`. */
declare const TOLD_FILE: string;

/** The parts of the contract's messages (`messages.ts`) that matter here. */
interface LeaseRequest {
  readonly jobId: string;
  readonly attempt: number;
  readonly taskManager: number;
  readonly lease: number;
}
interface Question {
  readonly jobId: string;
  readonly type: string;
  readonly taskToken: string;
  readonly execution?: string;
  readonly rounds?: number;
  readonly request?: { readonly type: string };
}

const stepFunctions = new SFNClient({});

class PlanBroken extends Error {
  override name = 'PlanBroken';
}
class OutOfLuck extends Error {
  override name = 'OutOfLuck';
}

const FUNCTIONS: Readonly<Record<string, (event: never) => unknown>> = {
  api: () => ({ statusCode: 200, body: 'stand-in' }),
  plan,
  coordinator,
  taskmanager: lease,
  settle: () => ({}),
};

export async function handler(event: never): Promise<unknown> {
  const name = process.env.AWS_LAMBDA_FUNCTION_NAME?.replace('machines-', '') ?? '';
  if (name !== 'coordinator') tell(name, event);
  return await FUNCTIONS[name]?.(event);
}

function tell(name: string, event: Told['event']): void {
  appendFileSync(TOLD_FILE, `${JSON.stringify({ function: name, event } satisfies Told)}\n`);
}

function plan({ jobId }: { readonly jobId: string }): object {
  if (jobId === JOBS.broken) throw new PlanBroken('no such program');
  return { jobId, taskManagers: TASK_MANAGERS };
}

function lease(request: LeaseRequest): object {
  const { jobId, attempt, taskManager, lease: number } = request;
  if (jobId === JOBS.loses && attempt === 0 && taskManager === 1) throw new OutOfLuck('gone');
  return { outcome: number < LEASES - 1 ? 'LEFT' : 'RELEASED', lease: number };
}

async function coordinator({ Records }: SQSEvent): Promise<unknown> {
  for (const { body } of Records) {
    const message = JSON.parse(body) as Question;
    const { taskToken, ...rest } = message;
    tell('coordinator', rest);
    const output = JSON.stringify(answerOf(message));
    await stepFunctions.send(new SendTaskSuccessCommand({ taskToken, output }));
  }
  return { batchItemFailures: [] };
}

function answerOf({ jobId, type, execution, rounds, request }: Question): object | string {
  if (type === 'request') return `s3://bucket/savepoints/${request?.type}`;
  const isFirst = execution?.endsWith('-0');
  if (rounds === 0) {
    return { action: 'RUN', attempt: isFirst ? 0 : 1, taskManagers: TASK_MANAGERS };
  }
  if (isFirst) return { action: 'CONTINUE', jobId };
  return { action: 'END', jobId, status: jobId === JOBS.fails ? 'FAILED' : 'FINISHED' };
}
