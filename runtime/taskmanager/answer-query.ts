import { toStreamError } from '../core/index.ts';
import type { SlotCommand, SlotStateAnswer } from '../protocol/index.ts';
import type { Task } from './task.ts';

type StateQueryCommand = Extract<SlotCommand, { readonly type: 'query-state' }>;

/**
 * What an operator of a task holds for a key. Called between two steps, so that what it sees is of
 * no half-processed record. Whatever is wrong with the question, or with the user's function that
 * it needs, is no failure of the task.
 */
export function answerQuery(
  task: Task | undefined,
  { operatorId, query }: StateQueryCommand,
  nowEpochMs: number,
): SlotStateAnswer {
  const link = task?.parts.chain.links.find((one) => one.operatorId === operatorId);
  const isOpen = task !== undefined && task.state !== 'CREATED' && task.state !== 'FAILED';
  // One that begins at its end was never opened, and has asked for no state.
  if (link === undefined || !isOpen || task.parts.restored?.finished === true) {
    return { type: 'unknown' };
  }
  try {
    return { type: 'value', value: link.states.query(query), asOfEpochMs: nowEpochMs };
  } catch (thrown) {
    return { type: 'refused', error: toStreamError(thrown).toJSON() };
  }
}
