/** Tasks that hold up nobody but themselves: calls that do not return, or take long. Pure. */
import type { DiagnosedJob, JobModel, KnownSubtask } from './diagnosed-job.ts';
import type { Finding } from './diagnosis.ts';
import { countText, listText, spanText, subtaskText } from './diagnosis-text.ts';
import { executionKey } from './execution-states.ts';

/** A thread that has much to do is late, but not by so many reports. */
const MISSED_REPORTS = 20;
/** It does nothing else. */
const BUSY_RATIO = 0.9;
/** A record that takes longer is not merely one of many. */
const SLOW_RECORD_MS = 5;

interface SilentTask {
  readonly vertexId: string;
  readonly subtaskIndex: number;
  readonly name: string;
  readonly silentForMs: number;
}

/** One finding a slot: its tasks share a thread, and any of them may be in that call. */
export function diagnoseSilence(job: DiagnosedJob): readonly Finding[] {
  const { reports, status, executions, graph, nowEpochMs } = job;
  if (reports === undefined || status !== 'RUNNING') return [];
  const bySlot = new Map<number, SilentTask[]>();
  for (const { vertexId, subtasks } of executions) {
    const vertex = graph?.vertices.find(({ id }) => id === vertexId);
    for (const { subtaskIndex, slotIndex, state, times } of subtasks) {
      if (state !== 'RUNNING') continue;
      const heardAt = reports.heardAtEpochMs.get(executionKey({ vertexId, subtaskIndex })) ?? 0;
      const silentForMs = nowEpochMs - Math.max(heardAt, times.RUNNING ?? nowEpochMs);
      if (silentForMs <= MISSED_REPORTS * reports.intervalMs) continue;
      const name = subtaskText(vertex?.name ?? vertexId, subtaskIndex, vertex?.parallelism ?? 1);
      const tasks = bySlot.get(slotIndex) ?? [];
      bySlot.set(slotIndex, [...tasks, { vertexId, subtaskIndex, name, silentForMs }]);
    }
  }
  const dead = silentProcesses(job, bySlot);
  const alone = [...bySlot].filter(
    ([slotIndex]) => !dead.some(({ slots }) => slots.includes(slotIndex)),
  );
  return [
    ...dead.map((process) => processSilence(process, bySlot)),
    ...alone.map(([slotIndex, tasks]) => silence(slotIndex, tasks)),
  ];
}

interface SilentProcess {
  readonly taskManagerId: string;
  readonly slots: readonly number[];
}

/** Those with several slots of the job of which none is heard: slots have a thread each. */
function silentProcesses(
  { reports, executions }: DiagnosedJob,
  silent: ReadonlyMap<number, unknown>,
): readonly SilentProcess[] {
  const running = executions.flatMap(({ subtasks }) =>
    subtasks.filter(({ state }) => state === 'RUNNING').map(({ slotIndex }) => slotIndex),
  );
  const byProcess = Map.groupBy(new Set(running), (slotIndex) => {
    return reports?.taskManagers.get(slotIndex);
  });
  return [...byProcess].flatMap(([taskManagerId, slots]) => {
    const isSilent = slots.length > 1 && slots.every((slotIndex) => silent.has(slotIndex));
    return taskManagerId === undefined || !isSilent ? [] : [{ taskManagerId, slots }];
  });
}

function processSilence(
  { taskManagerId, slots }: SilentProcess,
  bySlot: ReadonlyMap<number, readonly SilentTask[]>,
): Finding {
  const tasks = slots.flatMap((slotIndex) => bySlot.get(slotIndex) ?? []);
  const silentForMs = Math.min(...tasks.map((task) => task.silentForMs));
  return {
    code: 'TASK_DOES_NOT_ANSWER',
    severity: 'error',
    sentence:
      `the TaskManager ${taskManagerId} has not answered for ${spanText(silentForMs)}: no ` +
      `report comes from any of the ${countText(slots.length)} slots that it runs of this job ` +
      `(${countText(tasks.length)} tasks).`,
    advice:
      'See whether its process is stopped, swapped out, or has lost its connection; its page ' +
      'tells the time of its last heartbeat. Ending the process lets the job start again ' +
      'elsewhere, if it has a restart strategy.',
    evidence: { silentForMs, slots: slots.length, tasks: tasks.length, taskManagerId },
  };
}

function silence(slotIndex: number, tasks: readonly SilentTask[]): Finding {
  const [first, ...others] = tasks;
  const silentForMs = Math.min(...tasks.map((task) => task.silentForMs));
  const names = listText(tasks.map(({ name }) => name));
  const isOne = others.length === 0;
  const have = isOne ? 'has' : 'have';
  const whose = isOne ? 'its' : 'their';
  const place =
    first === undefined || !isOne
      ? {}
      : { vertexId: first.vertexId, subtaskIndex: first.subtaskIndex };
  return {
    code: 'TASK_DOES_NOT_ANSWER',
    severity: 'error',
    sentence:
      `${names} ${have} not answered for ${spanText(silentForMs)}: calls of ${whose} ` +
      'functions hold the thread, or the process is stopped.',
    advice:
      'See the last heartbeat of the TaskManager, and the thread dump. Look for a loop without ' +
      'end, a regular expression that explodes, and calls that block their thread (execSync, ' +
      'Atomics.wait, a synchronous driver): what a function waits for is to be awaited. ' +
      '`sluice cancel` ends the job all the same.',
    evidence: { silentForMs, slot: slotIndex, tasks: tasks.length },
    ...place,
  };
}

/** @param told of vertices that others were found to wait for. */
export function diagnoseSlowTasks(model: JobModel, told: readonly Finding[]): readonly Finding[] {
  const silent = diagnoseSilence(model.job).length > 0;
  if (model.job.status !== 'RUNNING' || silent) return [];
  return model.graph.vertices.flatMap((vertex): Finding[] => {
    if (told.some(({ vertexId }) => vertexId === vertex.id)) return [];
    const busiest = model
      .subtasksOf(vertex.id)
      .toSorted((a, b) => busyMs(b) - busyMs(a))
      .at(0);
    if (busiest === undefined || busyMs(busiest) < 1000 * BUSY_RATIO) return [];
    const { numRecordsInPerSecond = 0 } = busiest.metrics.rates ?? {};
    if (numRecordsInPerSecond * SLOW_RECORD_MS > busyMs(busiest)) return [];
    const name = subtaskText(vertex.name, busiest.subtaskIndex, vertex.parallelism);
    const busy = `${name} is busy all of its time`;
    const perRecordMs = busyMs(busiest) / numRecordsInPerSecond;
    return [
      {
        code: 'SLOW_TASK',
        severity: 'warning',
        sentence:
          numRecordsInPerSecond === 0
            ? `${busy}, and has not taken a record in the last seconds.`
            : `${busy}, and each record takes it ${spanText(perRecordMs)}: ` +
              `${perSecondText(numRecordsInPerSecond)} is all that it can do.`,
        advice:
          'The flame graph of that subtask shows where the time goes. What a function ' +
          'waits for is to be awaited, not computed or polled for; more subtasks (-p) share the ' +
          'rest; disableChaining tells its operators apart.',
        evidence: {
          busyTimeMsPerSecond: Math.round(busyMs(busiest)),
          numRecordsInPerSecond: Math.round(numRecordsInPerSecond * 100) / 100,
        },
        ...{ vertexId: vertex.id, vertexName: vertex.name, subtaskIndex: busiest.subtaskIndex },
      },
    ];
  });
}

function busyMs({ metrics }: KnownSubtask): number {
  return metrics.rates?.busyTimeMsPerSecond ?? 0;
}

function perSecondText(perSecond: number): string {
  return perSecond < 10 ? `${perSecond.toFixed(1)}/s` : `${countText(perSecond)}/s`;
}
