/**
 * Deletes the rules that would wake jobs which have ended: whoever disarms them died for good.
 *
 * I1  A rule goes only if its job has ended, or is not known. A job's row is written before any
 *     rule of it is made, and its id is never used twice.
 * I2  What cannot be listed or deleted holds up nothing else; the next sweep tries again.
 */
import type { Logger } from '../../runtime/core/index.ts';
import { hasEnded, type JobStatuses } from './sweep.ts';

/** Rules of a cluster's jobs. */
export interface WakeRules {
  list(): Promise<readonly { readonly name: string; readonly jobId: string }[]>;
  delete(name: string): Promise<void>;
}

export interface SweepRulesParts {
  readonly rules: WakeRules;
  readonly jobs: JobStatuses;
  readonly logger: Logger;
  /** Of this invocation. */
  readonly remainingMs: () => number;
}

export interface SweepRulesResult {
  readonly rules: number;
  readonly deletedRules: number;
  /** Could not be listed, looked at or deleted. */
  readonly failedRules: number;
}

const STOP_BEFORE_END_MS = 15_000;

export async function sweepRules(parts: SweepRulesParts): Promise<SweepRulesResult> {
  const { rules, logger, remainingMs } = parts;
  let [count, deletedRules, failedRules] = [0, 0, 0];
  try {
    const all = await rules.list();
    count = all.length;
    for (const { name, jobId } of all) {
      if (remainingMs() <= STOP_BEFORE_END_MS) break;
      const outcome = await sweepRule(parts, name, jobId);
      if (outcome === 'deleted') deletedRules += 1;
      if (outcome === 'failed') failedRules += 1;
    }
  } catch (error) {
    // I2.
    logger.log('error', 'rules that wake jobs could not be listed', { error });
    failedRules += 1;
  }
  return { rules: count, deletedRules, failedRules };
}

/** I1. */
async function sweepRule(
  { rules, jobs, logger }: SweepRulesParts,
  name: string,
  jobId: string,
): Promise<'deleted' | 'kept' | 'failed'> {
  try {
    const status = (await jobs.get(jobId))?.job.status;
    if (status !== undefined && !hasEnded(status)) return 'kept';
    await rules.delete(name);
    logger.log('info', 'a rule was left behind', { jobId, name, status: status ?? 'UNKNOWN' });
    return 'deleted';
  } catch (error) {
    logger.log('error', 'a rule could not be looked at or deleted', { jobId, name, error });
    return 'failed';
  }
}
