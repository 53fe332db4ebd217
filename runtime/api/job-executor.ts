import type { Configuration } from '../core/index.ts';
import type { StreamGraph } from '../graph/index.ts';

/** What a job that has finished tells its program. */
export interface JobExecutionResult {
  /** 32 hex digits. */
  readonly jobId: string;
  readonly jobName: string;
  /** From the first deployment to the end. */
  readonly netRuntimeMs: number;
}

export interface ExecuteOptions {
  readonly configuration: Configuration;
  /**
   * Takes what collect sinks deliver. The executor holds the sink back until the promise, if
   * there is one, settles.
   */
  readonly onDeliver?: (collectId: string, values: readonly unknown[]) => Promise<void> | undefined;
  /** Aborted: cancel the job. */
  readonly signal?: AbortSignal;
}

/**
 * Port: runs a graph to its end. Guarantees it must give: the promise resolves only after every
 * sink is complete and everything delivered was taken; it rejects with the job's failure, and with
 * code `JOB_CANCELED` when the job was canceled.
 */
export interface JobExecutor {
  execute(graph: StreamGraph, options: ExecuteOptions): Promise<JobExecutionResult>;
}
