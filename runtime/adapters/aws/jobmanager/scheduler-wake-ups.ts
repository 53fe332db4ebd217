/**
 * What wakes jobs that hibernate, as EventBridge Scheduler has it: schedules that put a message
 * into the tick queue. They cost nothing before they fire.
 *
 * I1  Every schedule is named after the job and its arming: what is deleted late is never that of a
 *     later sleep.
 * I2  Both calls may be repeated: a schedule that is there, or gone, is fine.
 */
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { MAX_WAKE_SCHEDULES, type WakeUps } from '../../../jobmaster/index.ts';
import type { AwsCalls } from '../aws-calls.ts';
import { awsCodeOf } from '../aws-failure.ts';
import { type AwsClientSettings, awsClientConfig } from '../clients.ts';
import type { CoordinatorMessage } from '../messages.ts';
import { callFailure } from './call-failure.ts';
import type { WakeUpSchedules } from './effect-ports.ts';

export interface SchedulerWakeUpsParts {
  readonly scheduler: Pick<SchedulerClient, 'send'>;
  readonly calls: AwsCalls;
  /** Of schedules; takes those of the cluster's jobs and nothing else. */
  readonly groupName: string;
  /** Lets the service send to the queue. */
  readonly roleArn: string;
  readonly tickQueueArn: string;
}

const THERE = 'ConflictException';
export const GONE = 'ResourceNotFoundException';
/** Of the service. An hour later something else is wrong, and alarms. */
export const DELIVERY_RETRIES = { MaximumEventAgeInSeconds: 3_600, MaximumRetryAttempts: 60 };
const ALL_KINDS = ['at', 'schedule', ...indexed(MAX_WAKE_SCHEDULES)];

export function createSchedulerClient(settings: AwsClientSettings = {}): SchedulerClient {
  return new SchedulerClient(awsClientConfig(settings));
}

export class SchedulerWakeUps implements WakeUpSchedules {
  readonly #parts: SchedulerWakeUpsParts;

  constructor(parts: SchedulerWakeUpsParts) {
    this.#parts = parts;
  }

  async arm(jobId: string, wakeUps: WakeUps): Promise<void> {
    for (const { kind, expression } of schedulesOf(wakeUps)) {
      await this.#create(jobId, wakeUps.arming, kind, expression);
    }
  }

  async disarm(jobId: string, arming: number, armed?: WakeUps): Promise<void> {
    const kinds = armed === undefined ? ALL_KINDS : schedulesOf(armed).map(({ kind }) => kind);
    await Promise.all(kinds.map((kind) => this.#delete(jobId, arming, kind)));
  }

  /** I2. */
  async #create(jobId: string, arming: number, kind: string, expression: string): Promise<void> {
    const { scheduler, calls, groupName, roleArn, tickQueueArn } = this.#parts;
    const message: CoordinatorMessage = { type: 'wake', jobId, arming };
    const command = new CreateScheduleCommand({
      GroupName: groupName,
      Name: nameOf(jobId, arming, kind),
      Description: `Wakes the Sluice job ${jobId}`,
      ScheduleExpression: expression,
      FlexibleTimeWindow: { Mode: 'OFF' },
      ...(kind === 'at' ? { ActionAfterCompletion: 'DELETE' as const } : {}),
      Target: {
        Arn: tickQueueArn,
        RoleArn: roleArn,
        Input: JSON.stringify(message),
        RetryPolicy: DELIVERY_RETRIES,
      },
    });
    try {
      await calls.call({ permission: 'scheduler:CreateSchedule' }, ({ options }) =>
        scheduler.send(command, options).catch(passedOver(THERE)),
      );
    } catch (thrown) {
      const what = `a job cannot be woken by the schedule ${expression}`;
      throw callFailure('WAKE_UP_NOT_ARMED', what, nameOf(jobId, arming, kind), thrown);
    }
  }

  /** I2. */
  async #delete(jobId: string, arming: number, kind: string): Promise<void> {
    const { scheduler, calls, groupName } = this.#parts;
    const Name = nameOf(jobId, arming, kind);
    const command = new DeleteScheduleCommand({ GroupName: groupName, Name });
    try {
      await calls.call({ permission: 'scheduler:DeleteSchedule' }, ({ options }) =>
        scheduler.send(command, options).catch(passedOver(GONE)),
      );
    } catch (thrown) {
      throw callFailure('WAKE_UP_NOT_DISARMED', 'a schedule cannot be deleted', Name, thrown);
    }
  }
}

/** What an arming needs, each under a name of its own. */
function schedulesOf({
  atEpochMs,
  schedule,
  schedules = [],
}: WakeUps): readonly { readonly kind: string; readonly expression: string }[] {
  return [
    ...(atEpochMs === undefined ? [] : [{ kind: 'at', expression: timeText(atEpochMs) }]),
    ...(schedule === undefined ? [] : [{ kind: 'schedule', expression: schedule }]),
    ...schedules.map((expression, i) => ({ kind: `schedule-${i + 1}`, expression })),
  ];
}

function indexed(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `schedule-${i + 1}`);
}

/** I1. At most 64 characters. */
function nameOf(jobId: string, arming: number, kind: string): string {
  return `${jobId}-${arming}-${kind}`;
}

/** In UTC, to the second, never too early. */
function timeText(epochMs: number): string {
  const text = new Date(Math.ceil(epochMs / 1000) * 1000).toISOString();
  return `at(${text.slice(0, 19)})`;
}

/** A refusal that is as good as an answer. */
export function passedOver(awsCode: string): (thrown: unknown) => undefined {
  return (thrown) => {
    if (awsCodeOf(thrown) === awsCode) return undefined;
    throw thrown;
  };
}
