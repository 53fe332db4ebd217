/** What the JobMaster knows of the tasks of a slot's thread. Pure. */
import type { DispatchedJob } from '../../jobmaster/index.ts';

/** A line for each task; none for other threads. @param threadName `slot-3`. */
export function slotAccount(
  { vertices, executions }: Pick<DispatchedJob, 'vertices' | 'executions'>,
  threadName: string,
): readonly string[] {
  const slotIndex = /^slot-(\d+)$/.exec(threadName)?.[1];
  if (slotIndex === undefined) return [];
  const named = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  return executions.flatMap(({ vertexId, subtasks }) => {
    const { name = vertexId, parallelism = subtasks.length } = named.get(vertexId) ?? {};
    return subtasks
      .filter((subtask) => subtask.slotIndex === Number(slotIndex))
      .map(({ subtaskIndex, state, metrics }) => {
        const rates = metrics?.rates;
        const share = (perSecondMs: number): string => `${Math.round(perSecondMs / 10)} %`;
        const times =
          rates === undefined
            ? ''
            : ` busy ${share(rates.busyTimeMsPerSecond)}` +
              ` back-pressured ${share(rates.backPressuredTimeMsPerSecond)}` +
              ` idle ${share(rates.idleTimeMsPerSecond)}`;
        return `task ${name} (${subtaskIndex + 1}/${parallelism}) ${state}${times}`;
      });
  });
}
