/** What Flink's dashboard is shown, where it is recorded and where its requests are asked again. */
import { zipBytes } from '../../runtime/adapters/conformance/index.ts';
import { COUNTING_JOB, ENDING_JOB, FAILING_JOB } from './programs.ts';
import type { SpawnedCluster } from './spawned-cluster.ts';

/** An archive as Flink's users make them: a manifest that names the job, and the program. */
export function dashboardJar(): Buffer {
  const manifest = 'Manifest-Version: 1.0\r\nMain-Class: default\r\n';
  return zipBytes([
    { name: 'META-INF/MANIFEST.MF', content: manifest },
    { name: 'job.mjs', content: COUNTING_JOB },
  ]);
}

/** By the names that recorded requests have for them. */
export interface DashboardWorld {
  /** Jobs. */
  readonly running: string;
  readonly ended: string;
  readonly failed: string;
  /** Of the job that runs. */
  readonly vertex: string;
  readonly taskmanager: string;
  readonly checkpoint: string;
}

/** A job that runs and has a checkpoint, one that has ended, one that has failed. */
export async function dashboardWorld(cluster: SpawnedCluster): Promise<DashboardWorld> {
  const running = await cluster.run(COUNTING_JOB);
  await cluster.untilStatus(running, 'RUNNING');
  const ended = await cluster.run(ENDING_JOB);
  await cluster.untilStatus(ended, 'FINISHED');
  const failed = await cluster.run(FAILING_JOB);
  await cluster.untilEnded(failed);
  const { vertices } = (await cluster.json('GET', `/jobs/${running}`)) as {
    vertices: { id: string; name: string }[];
  };
  const vertex = vertices.find(({ name }) => name.includes('Sum'))?.id ?? '';
  const taskmanager = await runningTaskManager(cluster, running, vertex);
  await untilMeasured(cluster, running, vertex);
  const checkpoint = await completedCheckpoint(cluster, running);
  return { running, ended, failed, vertex, taskmanager, checkpoint };
}

/** The one that a vertex of a job runs on. */
async function runningTaskManager(
  cluster: SpawnedCluster,
  jobId: string,
  vertexId: string,
): Promise<string> {
  const path = `/jobs/${jobId}/vertices/${vertexId}/taskmanagers`;
  const { taskmanagers } = (await cluster.json('GET', path)) as {
    taskmanagers: { 'taskmanager-id': string }[];
  };
  return taskmanagers[0]?.['taskmanager-id'] ?? '';
}

/** Its subtasks have told their rates. */
async function untilMeasured(
  cluster: SpawnedCluster,
  jobId: string,
  vertexId: string,
): Promise<void> {
  for (;;) {
    const path = `/jobs/${jobId}/vertices/${vertexId}/backpressure`;
    if ((await cluster.json('GET', path)).status === 'ok') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Pages of checkpoints have something to show. */
async function completedCheckpoint(cluster: SpawnedCluster, jobId: string): Promise<string> {
  for (;;) {
    const { latest } = (await cluster.json('GET', `/jobs/${jobId}/checkpoints`)) as {
      latest: { completed: { id: number } | null };
    };
    if (latest.completed !== null) return String(latest.completed.id);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
