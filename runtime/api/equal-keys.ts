/** The steps of a window join between its streams and its windows: `where`, `equalTo`, `window`. */
import type { KeySelector } from '../core/index.ts';
import type { WindowAssigner } from '../windowing/index.ts';
import { checkWindowAssigner } from './arguments.ts';
import type { FieldWithKey } from './field-types.ts';
import { type KeyBy, keySelectorOf } from './key-by.ts';

/** Makes what follows once all is said. */
export type WindowStep<B, K, R> = (second: KeySelector<B, K>, assigner: WindowAssigner) => R;

/** The first side has its key, the second has none yet. */
export class JoinWhere<B, K, R> {
  readonly #next: WindowStep<B, K, R>;

  /** @internal */
  constructor(next: WindowStep<B, K, R>) {
    this.#next = next;
  }

  /** The key of the second stream, a field or a function, of the type of the first's. */
  equalTo(key: (value: B) => NoInfer<K>): JoinEqualTo<R>;
  equalTo(key: FieldWithKey<B, K>): JoinEqualTo<R>;
  equalTo(key: KeyBy<B>): JoinEqualTo<R> {
    const selector = keySelectorOf(key, 'equalTo') as KeySelector<B, K>;
    return new JoinEqualTo((assigner) => this.#next(selector, assigner));
  }
}

/** Both sides have their key. */
export class JoinEqualTo<R> {
  readonly #next: (assigner: WindowAssigner) => R;

  /** @internal */
  constructor(next: (assigner: WindowAssigner) => R) {
    this.#next = next;
  }

  /** Records of one key meet in one window. */
  window(assigner: WindowAssigner): R {
    checkWindowAssigner(assigner, 'window of a join');
    return this.#next(assigner);
  }
}
