/** A cancelled job is not gone at once: what it is when the command has waited a little. */
import type { ClusterClient } from './cluster-client.ts';

/** Together three seconds: jobs whose code returns have ended by then. */
const LOOKS_MS = [50, 100, 200, 400, 750, 1500] as const;
/** Every look at a deployed cluster is paid for. */
const DEPLOYED_LOOKS_MS = [1000, 2000, 4000, 8000] as const;
const ENDED: readonly unknown[] = ['CANCELED', 'FAILED', 'FINISHED', 'SUSPENDED'];

/** @returns its state; undefined when the cluster does not tell. */
export async function stateAfterCancel(
  client: ClusterClient,
  jobId: string,
): Promise<string | undefined> {
  const path = `/jobs/${jobId}/status`;
  const look = async (): Promise<unknown> =>
    (await client.get(path).catch(() => undefined))?.status;
  let state = await look();
  for (const delayMs of client.isDeployed ? DEPLOYED_LOOKS_MS : LOOKS_MS) {
    if (state === undefined || ENDED.includes(state)) break;
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    state = await look();
  }
  return typeof state === 'string' ? state : undefined;
}

/** What is left to say behind Flink's sentence; undefined: nothing, the job has ended. */
export function stillThereText(jobId: string, state: string | undefined): string | undefined {
  if (state === undefined || ENDED.includes(state)) return undefined;
  return (
    `It is still ${state}: tasks of it have not ended. A call of its code that has not returned ` +
    'by the end of task.cancellation.timeout (3 min, if not set) is ended by force, and the job ' +
    `is CANCELED; 'sluice status ${jobId}' shows it.`
  );
}
