/**
 * What wakes jobs that hibernate, as events on the default bus do: rules that put a message into
 * the tick queue, whatever the event. They cost nothing while they are there.
 *
 * I1  Every rule is named after the job and its arming: what is deleted late is never that of a
 *     later sleep.
 * I2  Both calls may be repeated: a rule that is there, or gone, is fine.
 * I3  A rule that has no target yet wakes nobody: it is armed once its target is there.
 */
import {
  DeleteRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type PutTargetsResultEntry,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { defined, StreamError } from '../../../core/index.ts';
import type { WakeUps } from '../../../jobmaster/index.ts';
import type { AwsCalls } from '../aws-calls.ts';
import { type AwsClientSettings, awsClientConfig } from '../clients.ts';
import type { CoordinatorMessage } from '../messages.ts';
import { callFailure } from './call-failure.ts';
import type { WakeUpSchedules } from './effect-ports.ts';
import { DELIVERY_RETRIES, GONE, passedOver } from './scheduler-wake-ups.ts';

export interface EventWakeUpsParts {
  readonly events: Pick<EventBridgeClient, 'send'>;
  readonly calls: AwsCalls;
  /** Of rules; those of the cluster's jobs begin so, and no others. */
  readonly rulePrefix: string;
  /** Only for who arms. */
  readonly tickQueueArn?: string;
}

/** A rule that is there. */
export interface ArmedRule {
  readonly name: string;
  readonly jobId: string;
}

const TARGET_ID = 'ticks';
/** A rule's name has 64 characters; four digits of this base are left behind prefix and job. */
const ARMING_BASE = 36;
const ARMINGS = ARMING_BASE ** 4;

export function createEventBridgeClient(settings: AwsClientSettings = {}): EventBridgeClient {
  return new EventBridgeClient(awsClientConfig(settings));
}

export class EventWakeUps implements WakeUpSchedules {
  readonly #parts: EventWakeUpsParts;

  constructor(parts: EventWakeUpsParts) {
    this.#parts = parts;
  }

  async arm(jobId: string, { arming, events }: WakeUps): Promise<void> {
    if (events === undefined) return;
    const name = this.#nameOf(jobId, arming);
    const tickQueueArn = defined(this.#parts.tickQueueArn, 'who arms knows the queue of ticks');
    const message: CoordinatorMessage = { type: 'wake', jobId, arming };
    const putRule = new PutRuleCommand({
      Name: name,
      Description: `Wakes the Sluice job ${jobId}`,
      EventPattern: events,
      State: 'ENABLED',
    });
    const target = {
      Id: TARGET_ID,
      Arn: tickQueueArn,
      // Nothing of the event: it says only that something may have come.
      Input: JSON.stringify(message),
      RetryPolicy: DELIVERY_RETRIES,
    };
    const putTargets = new PutTargetsCommand({ Rule: name, Targets: [target] });
    const { events: bus, calls } = this.#parts;
    try {
      await calls.call({ permission: 'events:PutRule' }, ({ options }) =>
        bus.send(putRule, options),
      );
      // I3.
      const { FailedEntries } = await calls.call({ permission: 'events:PutTargets' }, (attempt) =>
        bus.send(putTargets, attempt.options),
      );
      if (FailedEntries?.[0] !== undefined) throw refused(name, FailedEntries[0]);
    } catch (thrown) {
      const what = `a job cannot be woken by the events ${events}`;
      throw callFailure('WAKE_UP_NOT_ARMED', what, name, thrown);
    }
  }

  async disarm(jobId: string, arming: number, armed?: WakeUps): Promise<void> {
    if (armed !== undefined && armed.events === undefined) return;
    await this.delete(this.#nameOf(jobId, arming));
  }

  /** I2. A rule goes behind its targets. */
  async delete(name: string): Promise<void> {
    const { events, calls } = this.#parts;
    const remove = new RemoveTargetsCommand({ Rule: name, Ids: [TARGET_ID] });
    try {
      await calls.call({ permission: 'events:RemoveTargets' }, ({ options }) =>
        events.send(remove, options).catch(passedOver(GONE)),
      );
      await calls.call({ permission: 'events:DeleteRule' }, ({ options }) =>
        events.send(new DeleteRuleCommand({ Name: name }), options).catch(passedOver(GONE)),
      );
    } catch (thrown) {
      throw callFailure('WAKE_UP_NOT_DISARMED', 'a rule cannot be deleted', name, thrown);
    }
  }

  /** All of the cluster. @throws {StreamError} `WAKE_UPS_NOT_LISTED` */
  async list(): Promise<readonly ArmedRule[]> {
    const { events, calls, rulePrefix: NamePrefix } = this.#parts;
    const rules: ArmedRule[] = [];
    let from: string | undefined;
    try {
      do {
        const next = from === undefined ? {} : { NextToken: from };
        const list = new ListRulesCommand({ NamePrefix, ...next });
        const page = await calls.call({ permission: 'events:ListRules' }, ({ options }) =>
          events.send(list, options),
        );
        rules.push(...(page.Rules ?? []).flatMap(({ Name = '' }) => this.#read(Name)));
        from = page.NextToken;
      } while (from !== undefined);
    } catch (thrown) {
      throw callFailure('WAKE_UPS_NOT_LISTED', 'rules cannot be listed', NamePrefix, thrown);
    }
    return rules;
  }

  /** I1. At most 64 characters. */
  #nameOf(jobId: string, arming: number): string {
    return `${this.#parts.rulePrefix}${jobId}-${(arming % ARMINGS).toString(ARMING_BASE)}`;
  }

  /** A rule whose name does not read as one of these is somebody else's. */
  #read(name: string): readonly ArmedRule[] {
    const { rulePrefix } = this.#parts;
    if (!name.startsWith(rulePrefix)) return [];
    const [, jobId] = /^([0-9a-f]{32})-[0-9a-z]{1,4}$/.exec(name.slice(rulePrefix.length)) ?? [];
    return jobId === undefined ? [] : [{ name, jobId }];
  }
}

/** What wakes jobs by all of several services: all are armed, or it is said that they are not. */
export function allWakeUps(parts: readonly WakeUpSchedules[]): WakeUpSchedules {
  return {
    arm: async (jobId, wakeUps) => {
      for (const part of parts) await part.arm(jobId, wakeUps);
    },
    disarm: async (jobId, arming, armed) => {
      await Promise.all(parts.map((part) => part.disarm(jobId, arming, armed)));
    },
  };
}

function refused(
  name: string,
  { ErrorCode = 'UNKNOWN', ErrorMessage = '' }: PutTargetsResultEntry,
): StreamError {
  const message =
    `a rule of EventBridge got no target: look at what the coordinator may do ` +
    `rule=${name} awsCode=${ErrorCode} reason=${ErrorMessage}`;
  return new StreamError({ kind: 'invalid', code: 'WAKE_UP_NOT_ARMED', message });
}
