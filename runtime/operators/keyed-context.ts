import type { KeySelector } from '../core/index.ts';
import type { HeapKeyedStateBackend } from '../state/index.ts';
import type { OperatorContext } from './operator.ts';
import { userFailure } from './user-function.ts';

/** The keyed state of an operator and the selectors that set its current key. */
export class KeyedContext {
  readonly backend: HeapKeyedStateBackend;
  readonly #ctx: OperatorContext;

  constructor(ctx: OperatorContext) {
    this.#ctx = ctx;
    this.backend = ctx.keyedState();
  }

  /** Makes the record's key the current one. */
  setCurrentKeyOf<T>(value: T, keySelector: KeySelector<T, unknown>): void {
    try {
      this.backend.setCurrentKey(keySelector(value));
    } catch (thrown) {
      throw userFailure(this.#ctx, 'key selector', thrown, value);
    }
  }
}
