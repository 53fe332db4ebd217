/**
 * Patterns as users write them: a sequence of parts, each with a name, a condition and a number of
 * times. Owns what was said and refuses what can never be matched; {@link compilePattern} turns it
 * into states.
 *
 * A call changes the pattern it is called on and answers it; `next`, `followedBy` and their kin
 * answer a new one that ends in the new part, as in Flink.
 */
import { checkFunction, checkText, durationMs } from '../api/index.ts';
import type { Duration } from '../core/index.ts';
import { AfterMatchSkipStrategy } from './after-match-skip-strategy.ts';
import {
  and,
  type Condition,
  type ConditionLike,
  type IterativeContext,
  or,
  type UserTest,
} from './conditions.ts';
import { malformedPattern } from './errors.ts';

export type ConsumingStrategy =
  | 'STRICT'
  | 'SKIP_TILL_NEXT'
  | 'SKIP_TILL_ANY'
  | 'NOT_FOLLOW'
  | 'NOT_NEXT';

/** Between which events the time of `within` lies. */
export type WithinType = 'FIRST_AND_LAST' | 'PREVIOUS_AND_CURRENT';

/** What was said about one part of a pattern. */
export interface PatternPart<T> {
  /** Of a group: for errors only. */
  readonly name: string;
  readonly strategy: ConsumingStrategy;
  /** Set: the part is a group of these. */
  readonly group: readonly PatternPart<T>[] | undefined;
  readonly quantifier: 'SINGLE' | 'TIMES' | 'LOOPING';
  /** Between the events of one part that occurs several times. */
  readonly innerStrategy: 'STRICT' | 'SKIP_TILL_NEXT' | 'SKIP_TILL_ANY';
  /** At least, and at most, this many times; a loop has no upper bound and `to` is `from`. */
  readonly from: number;
  readonly to: number;
  /** Between its events, in ms; undefined: any. */
  readonly timesMs: number | undefined;
  readonly optional: boolean;
  readonly greedy: boolean;
  readonly condition: Condition<T> | undefined;
  readonly until: Condition<T> | undefined;
  readonly firstAndLastMs: number | undefined;
  readonly previousAndCurrentMs: number | undefined;
}

/** A pattern that becomes a part of another. */
export type PatternGroup<T> = Pick<Pattern<T>, 'parts' | 'getName'>;

type Mutable<P> = { -readonly [K in keyof P]: P[K] };

/** `T` is what the stream holds, `F` what the last part has been narrowed to. */
export class Pattern<T, F extends T = T> {
  readonly #parts: readonly PatternPart<T>[];
  readonly #part: Mutable<PatternPart<T>>;
  readonly #skipStrategy: AfterMatchSkipStrategy;

  private constructor(
    previous: readonly PatternPart<T>[],
    part: PatternPart<T>,
    skipStrategy: AfterMatchSkipStrategy,
  ) {
    this.#part = { ...part };
    this.#parts = [...previous, this.#part];
    this.#skipStrategy = skipStrategy;
    checkUnique(this.#parts);
  }

  /**
   * Begins a pattern, with a part of this name or with a group.
   *
   * @param skipStrategy which matches are left out once one is found. @defaultValue noSkip
   * @example `Pattern.begin<Login>('failed').where((login) => !login.ok).times(3).within('10 s')`
   */
  static begin<T>(name: string, skipStrategy?: AfterMatchSkipStrategy): Pattern<T>;
  static begin<T>(group: PatternGroup<T>, skipStrategy?: AfterMatchSkipStrategy): Pattern<T>;
  static begin<T>(
    start: string | PatternGroup<T>,
    skipStrategy: AfterMatchSkipStrategy = AfterMatchSkipStrategy.noSkip(),
  ): Pattern<T> {
    if (!(skipStrategy instanceof AfterMatchSkipStrategy)) {
      throw malformedPattern('begin expects an AfterMatchSkipStrategy as its second argument');
    }
    return new Pattern<T>([], newPart<T>(start, 'STRICT', 'begin'), skipStrategy);
  }

  /** @internal */
  get parts(): readonly PatternPart<T>[] {
    return this.#parts;
  }

  getName(): string {
    return this.#part.name;
  }

  getAfterMatchSkipStrategy(): AfterMatchSkipStrategy {
    return this.#skipStrategy;
  }

  /** The event must fulfil this too: conditions of several calls are joined by AND. */
  where<S extends F>(condition: (value: F, ctx: IterativeContext<T>) => value is S): Pattern<T, S>;
  where(condition: ConditionLike<F, T>): this;
  where(condition: ConditionLike<F, T>): unknown {
    this.#addCondition(condition, 'where', and);
    return this;
  }

  /** Or the event must fulfil this: what was said before OR this. */
  or(condition: ConditionLike<F, T>): this {
    this.#addCondition(condition, 'or', or);
    return this;
  }

  /**
   * Only events of this type. Records travel as plain values, so a type is told by a guard.
   *
   * @example `.subtype((event): event is Alarm => event.kind === 'alarm')`
   */
  subtype<S extends F>(guard: (value: F) => value is S): Pattern<T, S> {
    this.#addCondition(guard, 'subtype', and);
    return this as unknown as Pattern<T, S>;
  }

  /** Ends the loop of `oneOrMore` or `timesOrMore` at the event that fulfils this. */
  until(condition: ConditionLike<F, T>): this {
    const part = this.#part;
    if (part.until !== undefined) {
      throw malformedPattern('until can be said once, join its conditions in one', part.name);
    }
    if (part.quantifier !== 'LOOPING') {
      throw malformedPattern('until ends a loop: say oneOrMore or timesOrMore before', part.name);
    }
    part.until = this.#userCondition(condition, 'until');
    return this;
  }

  /** The very next event must match: any other ends the partial match. */
  next(name: string): Pattern<T>;
  next(group: PatternGroup<T>): Pattern<T>;
  next(next: string | PatternGroup<T>): Pattern<T> {
    return this.#append(newPart<T>(next, 'STRICT', 'next'));
  }

  /** The next event that matches; those between are ignored. */
  followedBy(name: string): Pattern<T>;
  followedBy(group: PatternGroup<T>): Pattern<T>;
  followedBy(next: string | PatternGroup<T>): Pattern<T> {
    return this.#append(newPart<T>(next, 'SKIP_TILL_NEXT', 'followedBy'));
  }

  /** Any later event that matches: one match for each. */
  followedByAny(name: string): Pattern<T>;
  followedByAny(group: PatternGroup<T>): Pattern<T>;
  followedByAny(next: string | PatternGroup<T>): Pattern<T> {
    return this.#append(newPart<T>(next, 'SKIP_TILL_ANY', 'followedByAny'));
  }

  /** The very next event must not match this. */
  notNext(name: string): Pattern<T> {
    return this.#append(this.#notPart(name, 'NOT_NEXT', 'notNext'));
  }

  /** No event up to the next part may match this; at the end: none within the time of `within`. */
  notFollowedBy(name: string): Pattern<T> {
    return this.#append(this.#notPart(name, 'NOT_FOLLOW', 'notFollowedBy'));
  }

  /**
   * The time in which a match must be complete.
   *
   * @param withinType of `FIRST_AND_LAST`, the shortest of all parts counts; of
   * `PREVIOUS_AND_CURRENT`, each part has its own: from the event before to each of its events.
   * @throws {StreamError} `INVALID_ARGUMENT`, `MALFORMED_DURATION`, `MALFORMED_PATTERN`.
   */
  within(duration: Duration, withinType: WithinType = 'FIRST_AND_LAST'): this {
    const ms = durationMs(duration, 'the time of within', { positive: true });
    if (withinType === 'FIRST_AND_LAST') this.#part.firstAndLastMs = ms;
    else if (withinType === 'PREVIOUS_AND_CURRENT') this.#part.previousAndCurrentMs = ms;
    else {
      const message = "within expects 'FIRST_AND_LAST' or 'PREVIOUS_AND_CURRENT'";
      throw malformedPattern(message, this.#part.name);
    }
    return this;
  }

  /** A match need not have this part. */
  optional(): this {
    const part = this.#part;
    this.#refuseNot('optional');
    if (part.optional) throw malformedPattern('the pattern is optional already', part.name);
    if (this.#parts.at(-2)?.greedy) {
      const message =
        'an optional pattern cannot come after a greedy one, which would wait for it: write two patterns, one with and one without it';
      throw malformedPattern(message, part.name);
    }
    part.optional = true;
    return this;
  }

  /** @param windowTime less than this from each event of this pattern to its next. */
  oneOrMore(windowTime?: Duration): this {
    return this.#times('LOOPING', [1, 1, windowTime], 'oneOrMore');
  }

  /**
   * Exactly this many times, or from so many to so many; from 0 makes the pattern optional.
   *
   * @param windowTime less than this from each event of this pattern to its next, such as `'5 s'`;
   * milliseconds as a number need `to` before them.
   */
  times(times: number, windowTime?: string): this;
  times(from: number, to: number, windowTime?: Duration): this;
  times(from: number, ...rest: [(number | string)?, Duration?]): this {
    const [to = from, windowTime] = typeof rest[0] === 'string' ? [from, rest[0]] : rest;
    const upTo = Number(to);
    if (from !== 0 || upTo === 0) return this.#times('TIMES', [from, upTo, windowTime], 'times');
    this.#times('TIMES', [1, upTo, windowTime], 'times');
    this.#part.optional = true;
    return this;
  }

  /** @param windowTime less than this from each event of this pattern to its next. */
  timesOrMore(times: number, windowTime?: Duration): this {
    return this.#times('LOOPING', [times, times, windowTime], 'timesOrMore');
  }

  /** As many events as possible, before those of the next part. */
  greedy(): this {
    const part = this.#part;
    this.#refuseNot('greedy');
    if (part.group !== undefined) throw malformedPattern('a group cannot be greedy', part.name);
    if (part.quantifier === 'SINGLE') {
      throw malformedPattern('greedy needs oneOrMore, timesOrMore or times before', part.name);
    }
    if (part.innerStrategy === 'SKIP_TILL_ANY') throw greedyCombinations(part.name);
    part.greedy = true;
    return this;
  }

  /** Between the events of this part others of it may be left out. */
  allowCombinations(): this {
    if (this.#part.greedy) throw greedyCombinations(this.#part.name);
    return this.#inner('SKIP_TILL_ANY', 'allowCombinations');
  }

  /** Any event between those of this part ends the loop. */
  consecutive(): this {
    return this.#inner('STRICT', 'consecutive');
  }

  #append(part: PatternPart<T>): Pattern<T> {
    return new Pattern<T>(this.#parts, part, this.#skipStrategy);
  }

  #notPart(name: string, strategy: 'NOT_NEXT' | 'NOT_FOLLOW', where: string): PatternPart<T> {
    if (this.#part.optional) {
      const message = `${where} cannot come after an optional pattern: write two patterns, one with and one without the optional part`;
      throw malformedPattern(message, this.#part.name);
    }
    if (typeof name === 'string') return newPart<T>(name, strategy, where);
    throw malformedPattern(`${where} expects a name: a group cannot be negated`);
  }

  #addCondition(
    condition: ConditionLike<F, T>,
    where: string,
    join: (left: Condition<T>, right: Condition<T>) => Condition<T>,
  ): void {
    const part = this.#part;
    if (part.group !== undefined) {
      throw malformedPattern(`a group has no ${where}: say it of the patterns in it`, part.name);
    }
    const added = this.#userCondition(condition, where);
    part.condition = part.condition === undefined ? added : join(part.condition, added);
  }

  #userCondition(condition: ConditionLike<F, T>, where: string): Condition<T> {
    checkFunction(condition, where, 'filter');
    const rich = typeof condition === 'function' ? undefined : condition;
    const test = typeof condition === 'function' ? condition : condition.filter.bind(condition);
    // What comes before it in the conjunction has narrowed the event to F.
    return { kind: 'user', patternName: this.#part.name, test: test as UserTest<T>, rich };
  }

  #times(
    quantifier: 'TIMES' | 'LOOPING',
    [from, to, windowTime]: readonly [number, number, Duration | undefined],
    where: string,
  ): this {
    const part = this.#part;
    this.#refuseNot(where);
    if (part.quantifier !== 'SINGLE') {
      const message = `${where}: how often the pattern occurs was said already, say it once`;
      throw malformedPattern(message, part.name);
    }
    if (!Number.isSafeInteger(from) || from < 1) {
      throw malformedPattern(`${where} expects a whole number from 1, got ${from}`, part.name);
    }
    if (!Number.isSafeInteger(to) || to < from) {
      throw malformedPattern(`${where} expects from <= to, got ${from} and ${to}`, part.name);
    }
    if (windowTime !== undefined && part.group !== undefined) {
      const message = `the time of ${where} is of events, a group has none: say it of the patterns in it`;
      throw malformedPattern(message, part.name);
    }
    const timesMs =
      windowTime === undefined
        ? undefined
        : durationMs(windowTime, `the time of ${where}`, { positive: true });
    Object.assign(part, { quantifier, from, to, timesMs });
    return this;
  }

  #inner(innerStrategy: 'STRICT' | 'SKIP_TILL_ANY', where: string): this {
    const part = this.#part;
    if (part.quantifier === 'SINGLE') {
      throw malformedPattern(`${where} needs oneOrMore, timesOrMore or times before`, part.name);
    }
    if (part.innerStrategy !== 'SKIP_TILL_NEXT') {
      throw malformedPattern('say consecutive or allowCombinations, once', part.name);
    }
    part.innerStrategy = innerStrategy;
    return this;
  }

  #refuseNot(where: string): void {
    const { strategy, name } = this.#part;
    if (strategy !== 'NOT_FOLLOW' && strategy !== 'NOT_NEXT') return;
    throw malformedPattern(`${where} has no meaning for notNext and notFollowedBy`, name);
  }
}

function greedyCombinations(name: string): Error {
  return malformedPattern('say greedy or allowCombinations, not both', name);
}

function newPart<T>(
  start: string | PatternGroup<T>,
  strategy: ConsumingStrategy,
  where: string,
): PatternPart<T> {
  if (typeof start === 'string') checkText(start, `the name of a pattern (${where})`);
  const group = typeof start === 'string' ? undefined : partsOf(start, where);
  return {
    name: typeof start === 'string' ? start : start.getName(),
    strategy,
    group,
    quantifier: 'SINGLE',
    innerStrategy: 'SKIP_TILL_NEXT',
    from: 1,
    to: 1,
    timesMs: undefined,
    optional: false,
    greedy: false,
    condition: undefined,
    until: undefined,
    firstAndLastMs: undefined,
    previousAndCurrentMs: undefined,
  };
}

function partsOf<T>(group: PatternGroup<T>, where: string): readonly PatternPart<T>[] {
  const isPattern: boolean = group instanceof Pattern;
  if (!isPattern) throw malformedPattern(`${where} expects the name of a pattern, or a group`);
  checkGroup(group.parts);
  return group.parts;
}

function checkGroup<T>(group: readonly PatternPart<T>[]): void {
  const [first, last] = [group[0], group.at(-1)];
  if (first?.optional) {
    const message =
      'the first pattern of a group cannot be optional: make the group optional, or leave the pattern out of it';
    throw malformedPattern(message, first.name);
  }
  if (last?.strategy === 'NOT_FOLLOW' || last?.strategy === 'NOT_NEXT') {
    const message = 'a group cannot end in notNext or notFollowedBy: put it after the group';
    throw malformedPattern(message, last.name);
  }
}

/** The names of all parts that hold events, those in groups among them. */
export function patternNames<T>(parts: readonly PatternPart<T>[]): readonly string[] {
  return parts.flatMap((part) => (part.group ? patternNames(part.group) : [part.name]));
}

function checkUnique<T>(parts: readonly PatternPart<T>[]): void {
  const seen = new Set<string>();
  for (const name of patternNames(parts)) {
    if (seen.has(name))
      throw malformedPattern('two patterns have the same name, name one anew', name);
    seen.add(name);
  }
}
