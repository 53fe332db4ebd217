import { type OperatorContext, UserFunction } from '../operators/index.ts';
import type { CompiledPattern } from './compiled-pattern.ts';
import { userLeaves } from './conditions.ts';

/** The life cycles of the conditions of a pattern that are objects: each is opened once. */
export class OpenConditions {
  readonly #all: readonly UserFunction[];

  constructor(pattern: CompiledPattern<never>, ctx: OperatorContext) {
    const names = new Map<object, string>();
    for (const { transitions } of pattern.states.values()) {
      for (const { rich, patternName } of transitions.flatMap((one) => userLeaves(one.condition))) {
        if (rich !== undefined) names.set(rich, patternName);
      }
    }
    this.#all = Array.from(
      names,
      ([rich, name]) => new UserFunction(rich, `condition of pattern "${name}"`, ctx),
    );
  }

  open(): void | Promise<void> {
    return inTurn(this.#all, (one) => one.open(undefined));
  }

  close(): void | Promise<void> {
    return inTurn(this.#all, (one) => one.close());
  }
}

/** One after the other, without a promise where none is needed. */
function inTurn(
  [first, ...others]: readonly UserFunction[],
  call: (one: UserFunction) => void | Promise<void>,
): void | Promise<void> {
  if (first === undefined) return;
  const called = call(first);
  if (called instanceof Promise) return called.then(() => inTurn(others, call));
  return inTurn(others, call);
}
