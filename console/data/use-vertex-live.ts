import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useConsole } from './console-context.ts';
import type { AggregateJson, JobJson } from './rest-json.ts';
import {
  inputCounts,
  liveMetricsPath,
  liveOfDifference,
  liveOfSubtasks,
  mergedLive,
  type VertexLive,
} from './vertex-live.ts';

/** Vertices whose subtasks are asked for at a time: with more of them, by turns. */
const ASKED_AT_A_TIME = 24;
const INTERVAL_MS = 3000;
/** Differences are taken over at least so long, as the cluster's own rates are. */
const SMOOTHED_MS = 9000;

/**
 * What the vertices of a job do. Of all of them by the difference of the job's answers; and of so
 * many at a time, by turns, what their subtasks tell.
 *
 * @param firstId is always among those that are asked for.
 */
export function useVertexLive(
  job: JobJson,
  firstId: string | undefined,
): ReadonlyMap<string, VertexLive> {
  const { store, history } = useConsole();
  const seen = useRef<readonly JobJson[]>([]);
  const isRunning = job.state === 'RUNNING';
  if (seen.current.at(-1)?.now !== job.now) seen.current = withJob(seen.current, job);
  const answerCount = useRotation(job, firstId, isRunning);
  const lives = useMemo(() => {
    const [first] = seen.current;
    const counts = inputCounts(job);
    const byDifference = first === undefined ? new Map() : liveOfDifference(first, job);
    const entries = job.vertices.map(({ id }) => {
      const { value } = store.peek<readonly AggregateJson[]>(
        liveMetricsPath(job.jid, id, counts.get(id) ?? 0),
      );
      const under: VertexLive | undefined = byDifference.get(id);
      const over = value === undefined || !isRunning ? undefined : liveOfSubtasks(value);
      const live = over === undefined ? under : mergedLive(under, over);
      return [id, live ?? { inputWatermarksMs: [] }] as const;
    });
    return new Map<string, VertexLive>(entries);
  }, [store, job, isRunning, answerCount]);
  useEffect(() => {
    if (isRunning) history.record(job.jid, job.now, lives);
  }, [history, job, lives, isRunning]);
  return lives;
}

/** The newest, and what is needed to look back. */
function withJob(seen: readonly JobJson[], job: JobJson): readonly JobJson[] {
  const all = [...seen, job];
  const enough = all.findLastIndex(({ now }) => job.now - now >= SMOOTHED_MS);
  return all.slice(Math.max(0, enough));
}

/** Watches some of the vertices after the others. @returns changes with every answer. */
function useRotation(job: JobJson, firstId: string | undefined, isRunning: boolean): number {
  const { store, world } = useConsole();
  const [answerCount, setAnswerCount] = useState(0);
  const [turn, setTurn] = useState(0);
  const ids = job.vertices.map(({ id }) => id);
  const counts = inputCounts(job);
  const turnCount = Math.max(1, Math.ceil(ids.length / ASKED_AT_A_TIME));
  const from = (turn % turnCount) * ASKED_AT_A_TIME;
  const chosen = new Set(ids.slice(from, from + ASKED_AT_A_TIME));
  if (firstId !== undefined && ids.includes(firstId)) chosen.add(firstId);
  const paths = [...chosen].map((id) => liveMetricsPath(job.jid, id, counts.get(id) ?? 0));
  const key = isRunning ? paths.join(' ') : '';
  useEffect(() => {
    if (key === '') return;
    const answered = (): void => setAnswerCount((count) => count + 1);
    const stops = key.split(' ').map((path) => store.watch(path, INTERVAL_MS, answered));
    return () => {
      for (const stop of stops) stop();
    };
  }, [store, key]);
  useEffect(() => {
    if (turnCount === 1) return;
    return world.after(INTERVAL_MS, () => setTurn(turn + 1));
  }, [world, turn, turnCount]);
  return answerCount;
}
