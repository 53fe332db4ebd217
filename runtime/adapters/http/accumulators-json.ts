/** Accumulators as Flink's REST interface shows them. Pure. */
import { type DispatchedJob, jobAccumulators } from '../../jobmaster/index.ts';
import { type AccumulatorRecord, accumulatorText } from '../../protocol/index.ts';
import type { PlaceOf, ShownVertex } from './vertices-json.ts';

/** An element of `user-accumulators`: its class by Flink's name, its value as Java writes it. */
export interface UserAccumulatorJson {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

export function userAccumulatorsJson(
  records: readonly AccumulatorRecord[] | undefined,
): readonly UserAccumulatorJson[] {
  return (records ?? []).map((record) => {
    return { name: record.name, type: record.type, value: accumulatorText(record) };
  });
}

/**
 * `GET /jobs/:jobid/accumulators`. Serialized ones are Java's: nobody here could write them, and no
 * client of Java's knows the job's classes.
 */
export function jobAccumulatorsJson(job: DispatchedJob): object {
  return {
    'job-accumulators': [],
    'user-task-accumulators': userAccumulatorsJson(jobAccumulators(job.metrics)),
    'serialized-user-task-accumulators': {},
  };
}

/** `accumulators` of `GET /jobs/:jobid/execution-result`; of lists with their length. */
export function accumulatorResultsJson(job: DispatchedJob): readonly object[] {
  return jobAccumulators(job.metrics).map((record) => ({
    ...{ name: record.name, type: record.type, value: accumulatorText(record) },
    ...(record.type === 'ListAccumulator' ? { elements: record.values.length } : {}),
  }));
}

/** `GET …/vertices/:vertexid/accumulators`. */
export function vertexAccumulatorsJson({ metrics }: DispatchedJob, { id }: ShownVertex): object {
  const known = metrics.find((vertex) => vertex.id === id);
  return { id, 'user-accumulators': userAccumulatorsJson(known?.accumulators) };
}

/** `GET …/vertices/:vertexid/subtasks/accumulators`. */
export function subtasksAccumulatorsJson(
  { id, parallelism, subtasks }: ShownVertex,
  placeOf: PlaceOf,
): object {
  return {
    ...{ id, parallelism },
    subtasks: subtasks.map(({ subtaskIndex, slotIndex, attemptNumber, metrics }) => ({
      ...{ subtask: subtaskIndex, attempt: attemptNumber },
      endpoint: placeOf(slotIndex)?.endpoint ?? '(unassigned)',
      'user-accumulators': userAccumulatorsJson(metrics?.accumulators),
    })),
  };
}
