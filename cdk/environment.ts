/** What the functions find in their environment; each gets only what it uses. */
import type { FunctionName } from './names.ts';

/** Values by variable. Texts, as the environment has nothing else. */
export type Environment = Readonly<Record<string, string>>;

const OF_ALL = ['SLUICE_PREFIX'] as const;

/** Variables by function, beside those of all. */
const VARIABLES: Readonly<Record<FunctionName, readonly string[]>> = {
  api: [
    'SLUICE_JOBS_TABLE',
    'SLUICE_STATE_TABLE',
    'SLUICE_BUCKET',
    'SLUICE_BUCKET_OWNER',
    'SLUICE_COORDINATOR_QUEUE_URL',
    'SLUICE_STATE_MACHINE_ARN',
    'SLUICE_PLAN_FUNCTION',
    'SLUICE_TASK_SLOTS',
    'SLUICE_TASK_MANAGER_MEMORY_MB',
    'SLUICE_MAX_TASK_MANAGERS',
    'SLUICE_JOB_EXPIRATION_MS',
    'SLUICE_VERSION',
  ],
  plan: [
    'SLUICE_JOBS_TABLE',
    'SLUICE_STATE_TABLE',
    'SLUICE_BUCKET',
    'SLUICE_BUCKET_OWNER',
    'SLUICE_INBOX_URL_PREFIX',
    'SLUICE_INBOX_DLQ_ARN',
    'SLUICE_KMS_KEY_ARN',
    'SLUICE_TASK_SLOTS',
    'SLUICE_MAX_TASK_MANAGERS',
    'SLUICE_RESERVED_CONCURRENCY',
  ],
  coordinator: [
    'SLUICE_JOBS_TABLE',
    'SLUICE_STATE_TABLE',
    'SLUICE_BUCKET',
    'SLUICE_BUCKET_OWNER',
    'SLUICE_COORDINATOR_QUEUE_URL',
    'SLUICE_STATE_MACHINE_ARN',
    'SLUICE_TICK_QUEUE_URL',
    'SLUICE_TICK_QUEUE_ARN',
    'SLUICE_WAKE_GROUP',
    'SLUICE_WAKE_ROLE_ARN',
    'SLUICE_WAKE_RULE_PREFIX',
    'SLUICE_INBOX_URL_PREFIX',
    'SLUICE_INBOX_DLQ_ARN',
    'SLUICE_KMS_KEY_ARN',
    'SLUICE_TASK_SLOTS',
    'SLUICE_MAX_TASK_MANAGERS',
    'SLUICE_LEASE_MS',
    'SLUICE_LEASE_MARGIN_MS',
  ],
  ticks: ['SLUICE_COORDINATOR_QUEUE_URL', 'SLUICE_TICK_QUEUE_URL'],
  taskmanager: [
    'SLUICE_JOBS_TABLE',
    'SLUICE_STATE_TABLE',
    'SLUICE_BUCKET',
    'SLUICE_BUCKET_OWNER',
    'SLUICE_COORDINATOR_QUEUE_URL',
    'SLUICE_INBOX_URL_PREFIX',
    'SLUICE_TASK_SLOTS',
    'SLUICE_LEASE_MS',
    'SLUICE_LEASE_MARGIN_MS',
    'SLUICE_LINGER_MS',
  ],
  settle: [
    'SLUICE_JOBS_TABLE',
    'SLUICE_BUCKET',
    'SLUICE_BUCKET_OWNER',
    'SLUICE_COORDINATOR_QUEUE_URL',
    'SLUICE_INBOX_URL_PREFIX',
  ],
  sweeper: [
    'SLUICE_JOBS_TABLE',
    'SLUICE_BUCKET',
    'SLUICE_BUCKET_OWNER',
    'SLUICE_INBOX_URL_PREFIX',
    'SLUICE_WAKE_RULE_PREFIX',
    'SLUICE_JOB_EXPIRATION_MS',
  ],
};

/** Every variable that any function is given. */
export const ENVIRONMENT_VARIABLES: readonly string[] = [
  ...new Set([...OF_ALL, ...Object.values(VARIABLES).flat()]),
].sort();

/**
 * The part of `values` that a function needs; a variable without a value is left out.
 *
 * `NODE_OPTIONS` makes stack traces name the sources.
 */
export function environmentOf(name: FunctionName, values: Environment): Environment {
  const found = [...OF_ALL, ...VARIABLES[name]].flatMap((variable) => {
    const value = values[variable];
    return value === undefined ? [] : [[variable, value] as const];
  });
  return { ...Object.fromEntries(found), NODE_OPTIONS: '--enable-source-maps' };
}
