/** Props, checked and completed. Pure. */
import { Duration } from 'aws-cdk-lib/core';
import { StreamError } from '../runtime/core/index.ts';
import type { Authorization, Encryption, JobManagerProps } from './job-manager-props.ts';

/** Numbers that the parts of a cluster agree on. */
export interface ClusterSettings {
  readonly authorization: Authorization;
  readonly taskSlots: number;
  readonly taskManagerMemoryMb: number;
  readonly lease: Duration;
  readonly leaseMargin: Duration;
  /** Of the function: when Lambda ends a TaskManager that has not ended by itself. */
  readonly taskManagerTimeout: Duration;
  /** When the state machine gives up an invocation that does not answer, from its start. */
  readonly leaseTimeout: Duration;
  readonly turnTimeout: Duration;
  readonly jobExpiration: Duration;
  readonly continueAfterEvents: number;
  readonly maxTaskManagers: number;
  readonly encryption: Encryption;
}

/** Lambda gives a whole vCPU at this size. */
const MB_PER_SLOT = 1_769;
/** Lambda's quota. */
const MAX_MEMORY_MB = 10_240;
const MAX_TASK_SLOTS = 6;
/** Of a function, in all regions. */
const MAX_FUNCTION_TIMEOUT = Duration.minutes(15);
/** The state machine waits a little longer than the function may work: Lambda's word says more. */
const ANSWER_SECONDS = 15;
const MAX_LEASE_MS = 870_000;
const MIN_LEASE_MS = 1_000;
const USUAL_JOB_EXPIRATION_MS = 7 * 86_400_000;
const MAX_JOB_EXPIRATION_MS = 3_650 * 86_400_000;
/** Of an execution: a round of one TaskManager, with two leases, fits. */
const FEWEST_EVENTS = 60;
const MOST_EVENTS = 22_000;
const USUAL_MARGIN_MS = 120_000;
/** A thousand less what the other functions of the stack, and of the account, need. */
const USUAL_MAX_TASK_MANAGERS = 900;
/** Children of a distributed Map; no more can be started. */
const MOST_TASK_MANAGERS = 10_000;

/** @throws {StreamError} of kind `invalid`, naming the property. */
export function clusterSettings(props: JobManagerProps): ClusterSettings {
  const taskSlots = within('taskSlots', props.taskSlots ?? 1, 1, MAX_TASK_SLOTS);
  const leaseMs = props.leaseLength?.toMilliseconds() ?? 840_000;
  within('leaseLength', leaseMs, MIN_LEASE_MS, MAX_LEASE_MS, 'ms');
  const usualMarginMs = Math.min(USUAL_MARGIN_MS, Math.floor(leaseMs / 3));
  const marginMs = props.leaseMargin?.toMilliseconds() ?? usualMarginMs;
  within('leaseMargin', marginMs, 1, leaseMs - 1, 'ms');
  const graceMs = props.leaseGrace?.toMilliseconds() ?? 75_000;
  within('leaseGrace', graceMs, 1_000, 3_600_000, 'ms');
  const timeoutSeconds = Math.min(
    MAX_FUNCTION_TIMEOUT.toSeconds(),
    Math.ceil((leaseMs + graceMs) / 1_000),
  );
  const turnMs = props.turnTimeout?.toMilliseconds() ?? 30_000;
  within('turnTimeout', turnMs, 1_000, 900_000, 'ms');
  const jobExpirationMs = props.jobExpiration?.toMilliseconds() ?? USUAL_JOB_EXPIRATION_MS;
  within('jobExpiration', jobExpirationMs, 1_000, MAX_JOB_EXPIRATION_MS, 'ms');
  const { continueAfterEvents = MOST_EVENTS } = props;
  within('continueAfterEvents', continueAfterEvents, FEWEST_EVENTS, MOST_EVENTS);
  const { reservedConcurrency } = props;
  if (reservedConcurrency !== undefined) {
    within('reservedConcurrency', reservedConcurrency, 1, MOST_TASK_MANAGERS);
  }
  const most = reservedConcurrency ?? MOST_TASK_MANAGERS;
  const usual = reservedConcurrency ?? USUAL_MAX_TASK_MANAGERS;
  return {
    authorization: checkedAuthorization(props.authorization ?? 'IAM'),
    taskSlots,
    taskManagerMemoryMb: Math.min(MAX_MEMORY_MB, taskSlots * MB_PER_SLOT),
    lease: Duration.millis(leaseMs),
    leaseMargin: Duration.millis(marginMs),
    taskManagerTimeout: Duration.seconds(timeoutSeconds),
    leaseTimeout: Duration.seconds(timeoutSeconds + ANSWER_SECONDS),
    turnTimeout: Duration.seconds(Math.ceil(turnMs / 1_000)),
    jobExpiration: Duration.millis(jobExpirationMs),
    continueAfterEvents,
    maxTaskManagers: within('maxTaskManagers', props.maxTaskManagers ?? usual, 1, most),
    encryption: checkedEncryption(props),
  };
}

function within(name: string, value: number, min: number, max: number, unit?: string): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  const range = `a whole number from ${min} to ${max}${unit === undefined ? '' : ` ${unit}`}`;
  throw new StreamError({
    kind: 'invalid',
    code: 'PROPERTY_OUT_OF_RANGE',
    message: `${name} has to be ${range} ${name}=${value}`,
    details: { property: name, min, max, value },
  });
}

/** Also at run time: not every caller is type-checked, and a cluster open to all is a disaster. */
function checkedAuthorization(authorization: Authorization): Authorization {
  if (authorization === 'IAM') return authorization;
  const { issuer, audience } = (authorization ?? {}) as Partial<Exclude<Authorization, 'IAM'>>;
  const hasIssuer = typeof issuer === 'string' && issuer.startsWith('https://');
  const hasAudience = Array.isArray(audience) && audience.length > 0 && audience.every(isName);
  if (hasIssuer && hasAudience) return authorization;
  throw invalid(
    'AUTHORIZATION_INVALID',
    "authorization is 'IAM', or has an issuer, https://…, and an audience of one or more",
  );
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function checkedEncryption({ encryption, kmsKey }: JobManagerProps): Encryption {
  const result = encryption ?? (kmsKey === undefined ? 'SERVICE_MANAGED' : 'CUSTOMER_MANAGED');
  if (result === 'SERVICE_MANAGED' && kmsKey !== undefined) {
    const message = 'a kmsKey is given and SERVICE_MANAGED asked for: leave one of them out';
    throw invalid('ENCRYPTION_INVALID', message);
  }
  return result;
}

function invalid(code: string, message: string): StreamError {
  return new StreamError({ kind: 'invalid', code, message });
}
