/** What the stand-ins of the functions do, and what they are told: by the job's id. */

/** Each job has three TaskManagers of three leases, in two executions. */
export const JOBS = {
  finishes: '0'.repeat(32),
  /** Its second TaskManager is lost in the first attempt. */
  loses: '1'.repeat(32),
  fails: '2'.repeat(32),
  /** The plan fails. */
  broken: 'f'.repeat(32),
} as const;

export const TASK_MANAGERS = 3;
/** The first of them are left. */
export const LEASES = 3;

/** An event of a function, as it came. */
export interface Told {
  readonly function: string;
  readonly event: Readonly<Record<string, unknown>>;
}
