import { userFailure } from '../operators/index.ts';
import type { SubtaskRef } from '../protocol/index.ts';
import type { ChainLink } from './operator-chain.ts';

/** What errors say of a task. */
export interface TaskPlace {
  readonly ref: SubtaskRef;
  readonly name: string;
  readonly parallelism: number;
}

/** The error with operator and subtask, unless it names them already. */
export function named(
  { ref, name, parallelism }: TaskPlace,
  link: ChainLink | undefined,
  what: string,
  thrown: unknown,
): Error {
  const { subtaskIndex } = ref;
  return userFailure({ operatorName: link?.name ?? name, subtaskIndex, parallelism }, what, thrown);
}
