import type { UserFunction } from './user-function.ts';

/**
 * What operators with one user function have in common: they tell it of checkpoints. Nothing that
 * is called for a record is here, and who extends it keeps the function in a field of its own.
 */
export abstract class FunctionOperator {
  readonly #user: UserFunction;

  constructor(user: UserFunction) {
    this.#user = user;
  }

  snapshotState(checkpointId: number): void {
    this.#user.snapshotState(checkpointId);
  }

  notifyCheckpointComplete(checkpointId: number): void | Promise<void> {
    return this.#user.notifyCheckpointComplete(checkpointId);
  }

  notifyCheckpointAborted(checkpointId: number): void {
    this.#user.notifyCheckpointAborted(checkpointId);
  }
}
