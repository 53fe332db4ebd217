import { StreamError } from '../core/index.ts';

/** Names a side output and the type of its records. Tags with the same id are the same. */
export class OutputTag<T> {
  readonly id: string;
  /** Never present at run time; makes tags of different types different types. */
  declare readonly _t?: T;

  /** @throws {StreamError} kind `invalid`, code `OUTPUT_TAG_INVALID`, when the id is empty. */
  constructor(id: string) {
    if (typeof id !== 'string' || id === '') {
      throw new StreamError({
        kind: 'invalid',
        code: 'OUTPUT_TAG_INVALID',
        message: `an output tag needs an id that is not empty: id=${JSON.stringify(id) ?? 'undefined'}`,
      });
    }
    this.id = id;
  }
}
