import type { StreamErrorRecord } from '../core/index.ts';
import type { SubtaskRef } from '../protocol/index.ts';
import type { TaskParts } from './task-parts.ts';

type Place = Pick<TaskParts, 'ref' | 'chain'>;

/**
 * The task whose operator has failed. An edge inside a slot is a call, so that a task may notice
 * what another one of its slot has thrown.
 *
 * @param noticed the task that had the turn
 * @param tasks all of its slot
 */
export function taskAtFault(
  noticed: Place,
  tasks: readonly Place[],
  { details }: Pick<StreamErrorRecord, 'details'>,
): SubtaskRef {
  const has = ({ ref, chain }: Place): boolean =>
    ref.subtaskIndex === details?.subtask &&
    chain.links.some(({ name }) => name === details.operator);
  if (has(noticed)) return noticed.ref;
  return (tasks.find(has) ?? noticed).ref;
}
