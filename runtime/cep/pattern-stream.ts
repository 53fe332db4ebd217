import {
  checkFunction,
  checkOutputTag,
  DataStream,
  inOperator,
  invalid,
  KeyedStream,
  nameRefusals,
  type SingleOutputStreamOperator,
  transform,
} from '../api/index.ts';
import type { OutputTag } from '../operators/index.ts';
import { cepOperator, type EventComparator } from './cep-operator.ts';
import { compilePattern } from './compile-pattern.ts';
import type { CompiledPattern } from './compiled-pattern.ts';
import { Pattern } from './pattern.ts';
import {
  flatSelecting,
  type PatternFlatSelect,
  type PatternFlatTimeout,
  type PatternProcessFunction,
  type PatternProcessLike,
  type PatternSelect,
  type PatternTimeout,
} from './pattern-functions.ts';

interface Settings<T> {
  readonly input: DataStream<T> | KeyedStream<T, unknown>;
  readonly pattern: CompiledPattern<T>;
  readonly comparator: EventComparator<T> | undefined;
  readonly isEventTime: boolean;
  readonly lateTag: OutputTag<T> | undefined;
}

export const CEP = {
  /**
   * Looks for a pattern in a stream: in that of each key, or, where it is not keyed, in one subtask
   * in the whole of it.
   *
   * @param comparator orders events of the same time. @defaultValue the order in which they came
   * @throws {StreamError} `MALFORMED_PATTERN`, `INVALID_ARGUMENT`.
   */
  pattern<T, F extends T, K>(
    input: DataStream<T> | KeyedStream<T, K>,
    pattern: Pattern<T, F>,
    comparator?: EventComparator<T>,
  ): PatternStream<T> {
    if (!(input instanceof DataStream) && !(input instanceof KeyedStream)) {
      throw invalid('INVALID_ARGUMENT', 'CEP.pattern expects a stream', input);
    }
    if (!(pattern instanceof Pattern)) {
      throw invalid('INVALID_ARGUMENT', 'CEP.pattern expects a Pattern', pattern);
    }
    return inOperator(operatorOf(input), [input.upstream], () => {
      if (comparator !== undefined) checkFunction(comparator, 'the comparator of CEP.pattern');
      return new PatternStream({
        input: input as Settings<T>['input'],
        pattern: compilePattern(pattern as unknown as Pattern<T>),
        comparator,
        isEventTime: true,
        lateTag: undefined,
      });
    });
  },
};

/** A stream in which a pattern is looked for; its matches become a stream by `process`. */
export class PatternStream<T> {
  readonly #settings: Settings<T>;

  /** @internal */
  constructor(settings: Settings<T>) {
    this.#settings = settings;
    PatternStream.#nameRefusals();
  }

  /** Events are matched as they come; times are those of the clock. */
  inProcessingTime(): PatternStream<T> {
    return new PatternStream({ ...this.#settings, isEventTime: false });
  }

  /** Events wait for the watermark and are matched in order of their time; the default. */
  inEventTime(): PatternStream<T> {
    return new PatternStream({ ...this.#settings, isEventTime: true });
  }

  /** Events behind the watermark go to this side output; without it they are dropped. */
  sideOutputLateData(lateTag: OutputTag<T>): PatternStream<T> {
    checkOutputTag(lateTag, 'sideOutputLateData');
    return new PatternStream({ ...this.#settings, lateTag });
  }

  /**
   * Calls the function with every match.
   *
   * @param fn with `processTimedOutMatch`, it also gets partial matches whose time is over.
   */
  process<O>(fn: PatternProcessLike<T, O>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'process of a pattern', 'processMatch');
    return this.#transform(typeof fn === 'function' ? { processMatch: fn } : fn);
  }

  /** One result for each match; with a tag, one there for each partial match that timed out. */
  select<O>(select: PatternSelect<T, O>): SingleOutputStreamOperator<O>;
  select<O, X>(
    timeoutTag: OutputTag<X>,
    timeout: PatternTimeout<T, X>,
    select: PatternSelect<T, O>,
  ): SingleOutputStreamOperator<O>;
  select<O, X>(
    ...args: [PatternSelect<T, O>] | [OutputTag<X>, PatternTimeout<T, X>, PatternSelect<T, O>]
  ): SingleOutputStreamOperator<O> {
    const select = args.length === 1 ? args[0] : args[2];
    checkFunction(select, 'select of a pattern');
    const flatSelect: PatternFlatSelect<T, O> = (match, out) => out.collect(select(match));
    if (args.length === 1) return this.#transform(flatSelecting(flatSelect));
    const [tag, timeout] = args;
    checkTimeout(tag, timeout, 'select');
    const flatTimeout: PatternFlatTimeout<T, X> = (match, ms, out) =>
      out.collect(timeout(match, ms));
    return this.#transform(flatSelecting(flatSelect, { tag, flatTimeout }));
  }

  /** Any number of results for each match, and for each partial match that timed out. */
  flatSelect<O>(flatSelect: PatternFlatSelect<T, O>): SingleOutputStreamOperator<O>;
  flatSelect<O, X>(
    timeoutTag: OutputTag<X>,
    flatTimeout: PatternFlatTimeout<T, X>,
    flatSelect: PatternFlatSelect<T, O>,
  ): SingleOutputStreamOperator<O>;
  flatSelect<O, X>(
    ...args:
      | [PatternFlatSelect<T, O>]
      | [OutputTag<X>, PatternFlatTimeout<T, X>, PatternFlatSelect<T, O>]
  ): SingleOutputStreamOperator<O> {
    const flatSelect = args.length === 1 ? args[0] : args[2];
    checkFunction(flatSelect, 'flatSelect of a pattern');
    if (args.length === 1) return this.#transform(flatSelecting(flatSelect));
    const [tag, flatTimeout] = args;
    checkTimeout(tag, flatTimeout, 'flatSelect');
    return this.#transform(flatSelecting(flatSelect, { tag, flatTimeout }));
  }

  #transform<O>(fn: PatternProcessFunction<T, O>): SingleOutputStreamOperator<O> {
    const { input, ...settings } = this.#settings;
    checkLateData(settings);
    if (input instanceof KeyedStream) {
      const factory = cepOperator({ ...settings, fn, keySelector: input.keySelector });
      return transform(input.upstream, operatorOf(input), factory, { keyed: true });
    }
    const factory = cepOperator({ ...settings, fn, keySelector: () => 0 });
    const extras = { keyed: true, nonParallel: true };
    return transform(input.upstream, operatorOf(input), factory, extras);
  }

  static #nameRefusals(): void {
    nameRefusals(
      PatternStream.prototype,
      (stream) => [stream.#settings.input.upstream],
      Object.fromEntries(
        (['sideOutputLateData', 'process', 'select', 'flatSelect'] as const).map((method) => [
          method,
          (stream: PatternStream<unknown>) => operatorOf(stream.#settings.input),
        ]),
      ),
    );
  }
}

/** Flink's names. */
function operatorOf(input: unknown): string {
  return input instanceof KeyedStream ? 'CepOperator' : 'GlobalCepOperator';
}

/** @throws {StreamError} `INVALID_ARGUMENT`. */
function checkLateData<T>({ isEventTime, lateTag }: Omit<Settings<T>, 'input'>): void {
  if (isEventTime || lateTag === undefined) return;
  throw invalid(
    'INVALID_ARGUMENT',
    'sideOutputLateData of a pattern needs event time, nothing is late in processing time: remove it, or inProcessingTime()',
  );
}

function checkTimeout(tag: unknown, timeout: unknown, where: string): void {
  checkOutputTag(tag, `${where} of a pattern`);
  checkFunction(timeout, `the second argument of ${where}`);
}
