/**
 * The names of everything that a cluster's stack creates. All begin with the cluster's prefix, so
 * that its grants can be narrowed to them, and so that two clusters share an account.
 */
import { StreamError } from '../runtime/core/index.ts';

/** The functions of a cluster; each is a folder of `functions/`. */
export const FUNCTION_NAMES = [
  'api',
  'plan',
  'coordinator',
  'ticks',
  'taskmanager',
  'settle',
  'sweeper',
] as const;

export type FunctionName = (typeof FUNCTION_NAMES)[number];

export interface ClusterNames {
  readonly prefix: string;
  readonly jobsTable: string;
  readonly stateTable: string;
  readonly coordinatorQueue: string;
  readonly coordinatorDeadLetters: string;
  readonly tickQueue: string;
  readonly tickDeadLetters: string;
  /** Inboxes are made by API; `<inboxPrefix><jobId>-<taskManager>`. */
  readonly inboxPrefix: string;
  readonly inboxDeadLetters: string;
  /** Schedules are made by API; `<jobId>-<arming>-…` in this group. */
  readonly wakeGroup: string;
  /** Rules are made by API; `<wakeRulePrefix><jobId>-<arming>` on the default event bus. */
  readonly wakeRulePrefix: string;
  readonly jobManager: string;
  readonly triggerSavepoint: string;
  readonly functions: Readonly<Record<FunctionName, string>>;
}

/** Leaves room for the longest name, an inbox's: 80 characters, of which the job takes 32. */
export const MAX_PREFIX_CHARS = 24;

const PREFIX = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
/** Queues of a cluster `a-i` would look like inboxes of the cluster `a`; so would rules of `a-w`. */
const RESERVED_PART = /(?:^|-)[iw](?:-|$)/;

/** @throws {StreamError} `PREFIX_INVALID` */
export function clusterNames(prefix: string): ClusterNames {
  checkPrefix(prefix);
  const named = (name: string): string => `${prefix}-${name}`;
  const functions = Object.fromEntries(FUNCTION_NAMES.map((name) => [name, named(name)]));
  return {
    prefix,
    jobsTable: named('jobs'),
    stateTable: named('state'),
    coordinatorQueue: named('coordinator.fifo'),
    coordinatorDeadLetters: named('coordinator-dlq.fifo'),
    tickQueue: named('ticks'),
    tickDeadLetters: named('ticks-dlq'),
    inboxPrefix: named('i-'),
    inboxDeadLetters: named('inbox-dlq'),
    wakeGroup: named('wake'),
    wakeRulePrefix: named('w-'),
    jobManager: named('job-manager'),
    triggerSavepoint: named('trigger-savepoint'),
    functions: functions as ClusterNames['functions'],
  };
}

function checkPrefix(prefix: string): void {
  const fault =
    prefix.length > MAX_PREFIX_CHARS
      ? `longer than ${MAX_PREFIX_CHARS} characters`
      : !PREFIX.test(prefix)
        ? 'not lower-case letters, digits and hyphens between them'
        : RESERVED_PART.test(prefix)
          ? "one of a part 'i' or 'w', which marks inbox queues and rules that wake jobs"
          : undefined;
  if (fault === undefined) return;
  throw new StreamError({
    kind: 'invalid',
    code: 'PREFIX_INVALID',
    message: `the prefix of a cluster is ${fault}: give another one prefix=${prefix}`,
    details: { prefix },
  });
}
