/**
 * From a pattern to the automaton that finds it. States are made from the last part to the first,
 * since each points to those after it.
 *
 * I1  Equal patterns give equal ids: they are numbered by name in the order of making.
 * I2  A state that may be left without an event has one PROCEED that can hold at a time, and a twin
 *     without it to which ignored events lead: a run branches there once.
 *
 * @see Flink `NFACompiler` for which runs there are
 */

import type { CompiledPattern, NfaState } from './compiled-pattern.ts';
import { CompiledStates } from './compiled-states.ts';
import { ALWAYS, and, type Condition, not, or } from './conditions.ts';
import { malformedPattern } from './errors.ts';
import { type Pattern, type PatternPart, patternNames } from './pattern.ts';
import { checkEnd } from './pattern-end.ts';
import { windowMsOf } from './pattern-window.ts';

/** The group that the parts belong to; its first part stands for it to what is before. */
interface Scope<T> {
  readonly group: PatternPart<T> | undefined;
  /** The group is entered from outside, not from its own end. */
  readonly entered: boolean;
  /** What comes after the group. */
  readonly following: PatternPart<T> | undefined;
}

/** A part and what the compiler must know of its surroundings. */
interface Place<T> {
  readonly part: PatternPart<T>;
  readonly parts: readonly PatternPart<T>[];
  readonly index: number;
  readonly scope: Scope<T>;
}

interface Singleton<T> {
  readonly sink: NfaState<T>;
  /** Where it is left to without an event, if it is optional. */
  readonly proceedTo: NfaState<T>;
  readonly take: Condition<T>;
  /** Undefined: nothing is ignored. */
  readonly ignore: Condition<T> | undefined;
  readonly optional: boolean;
  readonly entered: boolean;
}

/**
 * @throws {StreamError} `MALFORMED_PATTERN` where only the whole pattern shows it.
 */
export function compilePattern<T>(pattern: Pattern<T>): CompiledPattern<T> {
  const { parts } = pattern;
  const windowMs = windowMsOf(parts);
  checkEnd(parts);
  checkSkip(pattern);
  const compiler = new Compiler<T>();
  const scope = { group: undefined, entered: true, following: undefined };
  const start = compiler.sequence(parts, compiler.states.make('$end', 'FINAL'), scope);
  start.kind = 'START';
  compiler.states.markCompletedInTime();
  const skipStrategy = pattern.getAfterMatchSkipStrategy();
  return { start, states: compiler.states.byId, windowMs, skipStrategy };
}

function checkSkip<T>(pattern: Pattern<T>): void {
  const { patternName } = pattern.getAfterMatchSkipStrategy();
  if (patternName === undefined || patternNames(pattern.parts).includes(patternName)) return;
  const message = 'the skip strategy names a pattern that is not there, name one of the sequence';
  throw malformedPattern(message, patternName);
}

class Compiler<T> {
  readonly states = new CompiledStates<T>();
  /** Of a greedy loop with `until`: what follows as it was before the loop made it wait. */
  readonly #notGreedy = new Map<NfaState<T>, NfaState<T>>();

  /** Answers the first state of the parts. */
  sequence(parts: readonly PatternPart<T>[], sink: NfaState<T>, scope: Scope<T>): NfaState<T> {
    let state = sink;
    for (const [index, part] of [...parts.entries()].reverse()) {
      const place = { part, parts, index, scope };
      if (part.strategy === 'NOT_NEXT') state = this.#notNext(place, state);
      else if (part.strategy !== 'NOT_FOLLOW') state = this.#convert(place, state);
      else if (state.kind === 'FINAL') state = this.#pending(place);
    }
    return state;
  }

  #notNext(place: Place<T>, sink: NfaState<T>): NfaState<T> {
    const state = this.#make(place);
    const refused = takeCondition(place);
    // To the end by IGNORE: the match is complete only once an event has shown itself.
    state.add(sink.kind === 'FINAL' ? 'IGNORE' : 'PROCEED', sink, not(refused));
    state.add('PROCEED', this.states.stop(place.part.name), refused);
    return state;
  }

  /** `notFollowedBy` at the end: waits until the time of `within` is over. */
  #pending(place: Place<T>): NfaState<T> {
    const state = this.#make(place, 'PENDING');
    const refused = takeCondition(place);
    state.add('PROCEED', this.states.stop(place.part.name), refused);
    state.add('IGNORE', state, not(refused));
    return state;
  }

  #convert(place: Place<T>, sink: NfaState<T>): NfaState<T> {
    const { part } = place;
    let state: NfaState<T>;
    if (part.quantifier === 'LOOPING') {
      const loop = this.#loop(place, this.#withoutPassedNots(place, sink));
      state = this.#repeated(place, loop, sink);
    } else if (part.quantifier === 'TIMES') state = this.#repeated(place, sink, sink);
    else {
      state = this.#singleton(place, {
        sink,
        proceedTo: sink,
        take: takeCondition(place),
        ignore: ignoreCondition(place, outerStrategy(place)),
        optional: part.optional,
        entered: true,
      });
    }
    this.#addStops(place, state);
    return state;
  }

  /** The part once for each time: the required ones, after them those that may be missing. */
  #repeated(place: Place<T>, sink: NfaState<T>, proceedTo: NfaState<T>): NfaState<T> {
    const { part } = place;
    const take = andNotUntil(takeCondition(place), part.until);
    const inner = ignoreCondition(place, innerStrategy(place));
    const ignore = inner === undefined ? undefined : andNotUntil(inner, part.until);
    if (part.greedy && part.from !== part.to) this.states.makeWait(sink, take);
    const again = { proceedTo, ...inTime(part, { take, ignore }), entered: false };
    let state = sink;
    for (let time = part.from; time < part.to; time++) {
      state = this.#singleton(place, { ...again, sink: state, optional: true });
      this.#addStopOfFollowing(place, state);
    }
    for (let time = 1; time < part.from; time++) {
      state = this.#singleton(place, { ...again, sink: state, optional: false });
      // What needs another event and gets none in time is over.
      if (part.timesMs !== undefined) shorten(state, part.timesMs);
      this.#addStopOfFollowing(place, state);
    }
    return this.#singleton(place, {
      sink: state,
      proceedTo,
      take,
      ignore: ignoreCondition(place, outerStrategy(place)),
      optional: part.optional,
      entered: true,
    });
  }

  #singleton(place: Place<T>, single: Singleton<T>): NfaState<T> {
    const { part, scope } = place;
    const { take, ignore, optional, proceedTo } = single;
    if (part.group !== undefined) return this.#group(place, part.group, single);
    const state = this.#make(place);
    // Nots before the part hold until it has an event.
    const sink = this.#withoutPassedNots(place, single.sink);
    state.add('TAKE', sink, take);
    if (optional) {
      const always = andNotUntil(ALWAYS, scope.group?.until);
      const free = part.greedy ? this.#notGreedy.get(proceedTo) : undefined;
      if (free === undefined || part.until === undefined) state.add('PROCEED', proceedTo, always);
      else {
        state.add('PROCEED', free, and(always, part.until));
        state.add('PROCEED', proceedTo, andNotUntil(always, part.until));
      }
    }
    if (ignore === undefined) return state;
    // The first of a group gets the way around the whole group in #group.
    if (!optional && !isHeadOfOptional(place)) state.add('IGNORE', state, ignore);
    else {
      const twin = this.#make(place);
      twin.add('TAKE', sink, take);
      twin.add('IGNORE', twin, ignore);
      // Once the part has an event, what must not come before it may; what must not follow may not.
      if (single.entered) this.#addStops(place, twin);
      else this.#addStopOfFollowing(place, twin);
      state.add('IGNORE', twin, ignore);
    }
    return state;
  }

  #group(
    place: Place<T>,
    group: readonly PatternPart<T>[],
    { sink, proceedTo, optional, entered }: Singleton<T>,
  ): NfaState<T> {
    const following = followingOf(place);
    const head = this.sequence(group, sink, { group: place.part, entered, following });
    if (optional) head.add('PROCEED', proceedTo, andNotUntil(ALWAYS, place.scope.group?.until));
    return head;
  }

  /** A state that takes any number of events. */
  #loop(place: Place<T>, sink: NfaState<T>): NfaState<T> {
    const { part, scope } = place;
    if (part.group !== undefined) return this.#groupLoop(place, part.group, sink);
    const take = andNotUntil(takeCondition(place), part.until);
    const inner = ignoreCondition(place, innerStrategy(place));
    const always = andNotUntil(ALWAYS, scope.group?.until);
    const state = this.#make(place);
    if (part.greedy && part.until !== undefined) {
      const free = this.states.copy(sink);
      this.#notGreedy.set(sink, free);
      state.add('PROCEED', free, and(always, part.until));
      state.add('PROCEED', sink, andNotUntil(always, part.until));
    } else state.add('PROCEED', sink, always);
    if (part.greedy) this.states.makeWait(sink, takeCondition(place));
    const again = inTime(part, {
      take,
      ignore: inner && andNotUntil(inner, part.until),
    });
    state.add('TAKE', state, again.take);
    this.#addStopOfFollowing(place, state);
    const { ignore } = again;
    if (ignore === undefined) return state;
    const twin = this.#make(place);
    twin.add('TAKE', state, again.take);
    twin.add('IGNORE', twin, ignore);
    state.add('IGNORE', twin, ignore);
    this.#addStopOfFollowing(place, twin);
    return state;
  }

  #groupLoop(place: Place<T>, group: readonly PatternPart<T>[], sink: NfaState<T>): NfaState<T> {
    const always = andNotUntil(ALWAYS, place.scope.group?.until);
    const end = this.#make(place);
    const following = followingOf(place);
    const head = this.sequence(group, end, { group: place.part, entered: false, following });
    head.add('PROCEED', sink, always);
    end.add('PROCEED', head, always);
    return head;
  }

  /**
   * The same place for runs that took an event of this optional part: what may not come before the
   * part may come after it.
   */
  #withoutPassedNots(place: Place<T>, sink: NfaState<T>): NfaState<T> {
    const passed = notsBefore(place).map(({ name }) => name);
    if (passed.length === 0 || !place.part.optional) return sink;
    return this.states.copyWithoutStops(sink, new Set(passed));
  }

  #addStops(place: Place<T>, state: NfaState<T>): void {
    for (const part of notsBefore(place)) {
      const refused = takeCondition({ ...place, part });
      state.add('PROCEED', this.states.stop(part.name), refused);
    }
  }

  /** Within a loop, too, an event that must not follow it ends the run. */
  #addStopOfFollowing(place: Place<T>, state: NfaState<T>): void {
    const part = followingOf(place);
    if (part?.strategy !== 'NOT_FOLLOW') return;
    state.add('PROCEED', this.states.stop(part.name), takeCondition({ ...place, part }));
  }

  #make({ part }: Place<T>, kind: 'NORMAL' | 'PENDING' = 'NORMAL'): NfaState<T> {
    const state = this.states.make(part.name, kind);
    state.previousAndCurrentMs = part.previousAndCurrentMs;
    return state;
  }
}

function isHead<T>({ scope, index }: Place<T>): boolean {
  return scope.group !== undefined && index === 0;
}

function isHeadOfOptional<T>(place: Place<T>): boolean {
  const { group, entered } = place.scope;
  return isHead(place) && entered && group?.optional === true;
}

function followingOf<T>({ parts, index, scope }: Place<T>): PatternPart<T> | undefined {
  return parts[index + 1] ?? scope.following;
}

/** The `notFollowedBy` before this part, those before optional parts on the way included. */
function notsBefore<T>({ parts, index }: Place<T>): readonly PatternPart<T>[] {
  const before = parts.slice(0, index).reverse();
  const end = before.findIndex((part) => !part.optional && part.strategy !== 'NOT_FOLLOW');
  const passed = end < 0 ? before : before.slice(0, end);
  return passed.filter(({ strategy }) => strategy === 'NOT_FOLLOW');
}

interface TakeAndIgnore<T> {
  readonly take: Condition<T>;
  readonly ignore: Condition<T> | undefined;
}

/** Between the events of one part: what comes too late is not taken, and may be ignored. */
function inTime<T>(
  { timesMs }: PatternPart<T>,
  { take, ignore }: TakeAndIgnore<T>,
): TakeAndIgnore<T> {
  if (timesMs === undefined) return { take, ignore };
  const sooner: Condition<T> = { kind: 'sooner', thanMs: timesMs };
  return { take: and(sooner, take), ignore: ignore && or(ignore, not(sooner)) };
}

function shorten<T>(state: NfaState<T>, timesMs: number): void {
  const { previousAndCurrentMs = timesMs } = state;
  state.previousAndCurrentMs = Math.min(previousAndCurrentMs, timesMs);
}

type Strategy = PatternPart<unknown>['strategy'];

function outerStrategy<T>(place: Place<T>): Strategy {
  const { group, entered } = place.scope;
  if (!isHead(place) || group === undefined) return place.part.strategy;
  return entered ? group.strategy : group.innerStrategy;
}

function innerStrategy<T>(place: Place<T>): Strategy {
  const { group } = place.scope;
  return isHead(place) && group !== undefined ? group.innerStrategy : place.part.innerStrategy;
}

function takeCondition<T>({ part, scope }: Place<T>): Condition<T> {
  return andNotUntil(part.condition ?? ALWAYS, scope.group?.until);
}

function ignoreCondition<T>(
  { part, scope }: Place<T>,
  strategy: Strategy,
): Condition<T> | undefined {
  if (strategy === 'STRICT') return undefined;
  const ignored = strategy === 'SKIP_TILL_ANY' ? ALWAYS : not(part.condition ?? ALWAYS);
  return andNotUntil(ignored, scope.group?.until);
}

function andNotUntil<T>(condition: Condition<T>, until: Condition<T> | undefined): Condition<T> {
  return until === undefined ? condition : and(not(until), condition);
}
