import type { OneInputFactory, TwoInputFactory } from '../operators/index.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import { addOperator, type OperatorInit, outputOf, type Upstream } from './job-program.ts';

type Extras = Pick<
  OperatorInit,
  'keepsType' | 'followsInput' | 'nonParallel' | 'keyed' | 'hasOperatorState'
> & {
  /** What people read, where it says more than the kind of operator. */
  readonly name?: string;
};

/** Adds a one-input operator; answers its output. `operator` is Flink's name of its kind. */
export function transform<T, O>(
  upstream: Upstream,
  operator: string,
  factory: OneInputFactory<T, O>,
  extras: Extras = {},
): SingleOutputStreamOperator<O> {
  const body = {
    kind: 'one-input',
    factory: factory as OneInputFactory<unknown, unknown>,
  } as const;
  const node = addOperator([upstream], { name: operator, operator, body, ...extras });
  return upstream.program.streams.single<O>(outputOf(upstream.program, node), node);
}

/** Adds a two-input operator; answers its output. */
export function transformTwo<A, B, O>(
  inputs: readonly [Upstream, Upstream],
  operator: string,
  factory: TwoInputFactory<A, B, O>,
  extras: Extras = {},
): SingleOutputStreamOperator<O> {
  const erased = factory as unknown as TwoInputFactory<unknown, unknown, unknown>;
  const body = { kind: 'two-input', factory: erased } as const;
  const node = addOperator(inputs, { name: operator, operator, body, ...extras });
  const { program } = inputs[0];
  return program.streams.single<O>(outputOf(program, node), node);
}
