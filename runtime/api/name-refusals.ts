/**
 * Refusals name the operator that was to be added, and the operators it would read: a program has
 * many calls of `map`, and what it is given may come from far away.
 */
import { isStreamError, StreamError } from '../core/index.ts';
import type { Upstream } from './job-program.ts';

/** By method: the operator that it adds or describes. Flink's names of kinds. */
export type OperatorsOfMethods<S> = {
  readonly [M in keyof S]?: string | ((stream: S) => string);
};

/** Prototypes whose methods are wrapped already. */
const named = new WeakSet<object>();

type Method<S> = (this: S, ...args: readonly unknown[]) => unknown;

/**
 * To be called by the constructor of a class of streams; the first call counts. Not where the class
 * is defined: bundles of functions that build no graph would have to keep it. What its methods
 * throw of kind `invalid` says `operator` and `input` in its message and details, unless it names
 * an operator already.
 *
 * @param inputsOf what the operator would read, in order.
 */
export function nameRefusals<S extends object>(
  prototype: S,
  inputsOf: (stream: S) => readonly Upstream[],
  operators: OperatorsOfMethods<S>,
): void {
  if (named.has(prototype)) return;
  named.add(prototype);
  for (const method of Object.keys(operators) as (keyof S & string)[]) {
    const original = Reflect.get(prototype, method) as Method<S>;
    const operator = operators[method] as string | ((stream: S) => string);
    const naming: Method<S> = function (...args) {
      try {
        return original.apply(this, args as unknown[]);
      } catch (thrown) {
        const name = typeof operator === 'function' ? operator(this) : operator;
        throw withOperator(thrown, name, inputsOf(this));
      }
    };
    Object.defineProperty(prototype, method, { value: naming, writable: true, configurable: true });
  }
}

/** As {@link nameRefusals}, of what a function throws. */
export function inOperator<R>(operator: string, inputs: readonly Upstream[], build: () => R): R {
  try {
    return build();
  } catch (thrown) {
    throw withOperator(thrown, operator, inputs);
  }
}

function withOperator(thrown: unknown, operator: string, inputs: readonly Upstream[]): unknown {
  if (!isStreamError(thrown) || thrown.kind !== 'invalid') return thrown;
  if ('operator' in thrown.details) return thrown;
  const input = inputs.flatMap(namesOf).join(', ');
  const place = { operator, ...(input === '' ? {} : { input }) };
  const texts = Object.entries(place).map(([name, value]) => `${name}='${value}'`);
  return new StreamError({
    kind: thrown.kind,
    code: thrown.code,
    message: `${thrown.message} ${texts.join(' ')}`,
    details: { ...thrown.details, ...place },
    cause: thrown,
  });
}

function namesOf({ program, edges }: Upstream): string[] {
  return edges.map(({ sourceNodeId }) => program.builder.nameOf(sourceNodeId));
}
