/** What evaluating a job's program has found, for who serves the job afterwards. */
import { planKey, type RowStore } from '../../../checkpoint/index.ts';
import type { JobPlanJson } from '../../../graph/index.ts';
import type { DispatchedVertex } from '../../../jobmaster/index.ts';

/** Persisted: fields are only ever added. */
export interface PlanRecord {
  readonly name: string;
  /** Of the graph as the program builds it. */
  readonly graphHash: string;
  /** Of the bundle. Absent in records of early releases. */
  readonly digest?: string;
  /** At the parallelism it was planned with. */
  readonly taskManagers: number;
  /** Inboxes there are. */
  readonly inboxes: number;
  readonly vertices: readonly DispatchedVertex[];
  /** Those at the job's default parallelism, which may run at another. */
  readonly scalableVertexIds: readonly string[];
  readonly plan: JobPlanJson;
  /** With the program's own settings. Absent in records of early releases. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** TaskManagers that the account let run; absent: it was not known. */
  readonly accountTaskManagers?: number;
}

export async function readPlan(rows: RowStore, jobId: string): Promise<PlanRecord | undefined> {
  const { partitionKey, sortKey } = planKey(jobId);
  return (await rows.get(partitionKey, sortKey))?.value as PlanRecord | undefined;
}

export async function writePlan(rows: RowStore, jobId: string, value: PlanRecord): Promise<void> {
  await rows.write([{ type: 'put', ...planKey(jobId), value }]);
}
