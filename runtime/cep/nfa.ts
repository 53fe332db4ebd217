/**
 * Finds the matches of one pattern in one sequence of events. Holds no state of its own: a step
 * takes an event and the {@link PartialMatches} of a key, and changes those.
 *
 * I1  Events come in the order in which they are to be matched; their times do not decrease.
 * I2  A partial match is born only from the start state, which every event meets afresh.
 *
 * @see Flink `NFA`; Agrawal et al., "Efficient Pattern Matching over Event Streams", SIGMOD 2008
 */
import { pruneBefore } from './after-match-skip-strategy.ts';
import type { CompiledPattern, NfaState, Transition } from './compiled-pattern.ts';
import { type ConditionLeaf, holds, type IterativeContext } from './conditions.ts';
import { pollBegun, pushBegun, repairBegun } from './match-order.ts';
import { type PartialMatch, type PartialMatches, START } from './partial-matches.ts';

/** The events of a match by the pattern they matched, in order of both. */
export type PatternMatch<T> = ReadonlyMap<string, readonly T[]>;

export interface TimedOutMatch<T> {
  readonly match: PatternMatch<T>;
  /** When its time was over, in ms. */
  readonly timestampMs: number;
}

export interface NfaOptions<T> {
  /** Tell of partial matches whose time is over. */
  readonly handlesTimeouts: boolean;
  currentProcessingTime(): number;
  /** The error for what a condition threw or for what it answered instead of a boolean. */
  conditionFailure(patternName: string, event: T, thrown: unknown): unknown;
  /** The error for a place that the pattern has not. */
  unknownPlace(place: string): unknown;
}

type Leaf<T> = ConditionLeaf<T>;
type UserLeaf<T> = Extract<Leaf<T>, { kind: 'user' }>;

interface Decision<T> {
  /** TAKE and IGNORE that the event allows. */
  readonly edges: readonly { readonly from: NfaState<T>; readonly edge: Transition<T> }[];
  /** It met what it must not. */
  readonly stopped: boolean;
}

/** What becomes of the partial matches in one step: heaps of `match-order.ts`. */
interface Step {
  readonly partials: PartialMatch[];
  readonly found: PartialMatch[];
}

/** An event on its way through a step; it gets an id when the first match takes it. */
interface Arrival<T> {
  readonly value: T;
  readonly timestampMs: number;
  eventId: number | undefined;
}

export class Nfa<T> {
  readonly #pattern: CompiledPattern<T>;
  readonly #options: NfaOptions<T>;

  constructor(pattern: CompiledPattern<T>, options: NfaOptions<T>) {
    this.#pattern = pattern;
    this.#options = options;
  }

  /** Takes an event in; answers the matches to emit, earliest begun first. */
  process(matches: PartialMatches<T>, event: T, timestampMs: number): PatternMatch<T>[] {
    const arrival: Arrival<T> = { value: event, timestampMs, eventId: undefined };
    const step: Step = { partials: [], found: [] };
    for (const partial of matches.partials) this.#advance(matches, partial, arrival, step);
    if (arrival.eventId !== undefined) matches.releaseEvent(arrival.eventId);
    return this.#emit(matches, step);
  }

  /**
   * Drops the partial matches whose time is over at `nowMs`, or completes them where they wait for
   * that. Comes before the events of `nowMs`.
   */
  advanceTime(
    matches: PartialMatches<T>,
    nowMs: number,
  ): { readonly found: PatternMatch<T>[]; readonly timedOut: readonly TimedOutMatch<T>[] } {
    const step: Step = { partials: [], found: [] };
    const timedOut: TimedOutMatch<T>[] = [];
    for (const partial of matches.partials) {
      const deadlineMs = this.#deadlineMs(partial);
      if (nowMs < deadlineMs) pushBegun(step.partials, partial);
      else if (this.#stateOf(partial).completesInTime) pushBegun(step.found, partial);
      else {
        if (this.#options.handlesTimeouts) {
          timedOut.push({ match: materialize(matches, partial), timestampMs: deadlineMs });
        }
        matches.release(partial.node);
      }
    }
    if (step.partials.length === matches.partials.length) return { found: [], timedOut };
    return { found: this.#emit(matches, step), timedOut };
  }

  /** When the first partial match runs out of time; infinite: none does. */
  nextDeadlineMs(partials: readonly PartialMatch[]): number {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const partial of partials) earliestMs = Math.min(earliestMs, this.#deadlineMs(partial));
    return earliestMs;
  }

  #deadlineMs(partial: PartialMatch): number {
    if (partial === START) return Number.POSITIVE_INFINITY;
    const { windowMs = Number.POSITIVE_INFINITY } = this.#pattern;
    const { previousAndCurrentMs = Number.POSITIVE_INFINITY } = this.#stateOf(partial);
    return Math.min(partial.startMs + windowMs, partial.previousMs + previousAndCurrentMs);
  }

  #stateOf(partial: PartialMatch): NfaState<T> {
    const state = this.#pattern.states.get(partial.place);
    if (state === undefined) throw this.#options.unknownPlace(partial.place);
    return state;
  }

  /** One partial match, or the start, meets the event. */
  #advance(
    matches: PartialMatches<T>,
    before: PartialMatch,
    arrival: Arrival<T>,
    step: Step,
  ): void {
    const partial = before === START ? undefined : before;
    const state = partial === undefined ? this.#pattern.start : this.#stateOf(partial);
    const ask = this.#asker(matches, partial, arrival);
    const { edges, stopped } = decide(state, ask);
    const next: { readonly match: PartialMatch; readonly isFinal: boolean }[] = [];
    for (const { from, edge } of edges) {
      const { target } = edge;
      const isFinal = target.kind === 'FINAL';
      if (edge.action === 'TAKE') {
        const match = take(matches, partial, arrival, { from, target });
        next.push({ match, isFinal });
        const end = isFinal ? undefined : finalAfter(target, ask);
        if (end !== undefined) next.push({ match: { ...match, place: end.id }, isFinal: true });
      } else if (partial !== undefined) {
        const stays = target.id === partial.place;
        next.push({ match: stays ? partial : { ...partial, place: target.id }, isFinal });
      }
    }
    if (partial !== undefined && !stopped && next.length === 1 && next[0]?.match === partial) {
      pushBegun(step.partials, partial);
      return;
    }
    for (const { match } of next) matches.retain(match.node);
    if (partial !== undefined) matches.release(partial.node);
    for (const { match, isFinal } of next) {
      if (isFinal) pushBegun(step.found, match);
      else if (stopped) matches.release(match.node);
      else pushBegun(step.partials, match);
    }
    if (partial === undefined) pushBegun(step.partials, START);
  }

  /** Answers conditions for one partial match; each is asked once for an event. */
  #asker(
    matches: PartialMatches<T>,
    partial: PartialMatch | undefined,
    { value, timestampMs }: Arrival<T>,
  ): (leaf: Leaf<T>) => boolean {
    const answers = new Map<UserLeaf<T>, boolean>();
    let eventIds: ReadonlyMap<string, readonly number[]> | undefined;
    const context: IterativeContext<T> = {
      timestamp: timestampMs,
      currentProcessingTime: () => this.#options.currentProcessingTime(),
      getEventsForPattern: (name) => {
        if (partial === undefined) return [];
        eventIds ??= matches.eventIds(partial);
        return matches.values(eventIds.get(name) ?? []);
      },
    };
    const elapsedMs = partial === undefined ? 0 : timestampMs - partial.previousMs;
    return (leaf) => {
      if (leaf.kind === 'sooner') return elapsedMs < leaf.thanMs;
      const known = answers.get(leaf);
      if (known !== undefined) return known;
      const answer = this.#test(leaf, value, context);
      answers.set(leaf, answer);
      return answer;
    };
  }

  #test(leaf: UserLeaf<T>, value: T, context: IterativeContext<T>): boolean {
    let answer: unknown;
    try {
      answer = leaf.test(value, context);
    } catch (thrown) {
      throw this.#options.conditionFailure(leaf.patternName, value, thrown);
    }
    if (!(answer instanceof Promise)) return Boolean(answer);
    answer.catch(() => {});
    const problem = new Error('it answered a promise, but conditions are synchronous');
    throw this.#options.conditionFailure(leaf.patternName, value, problem);
  }

  #emit(matches: PartialMatches<T>, step: Step): PatternMatch<T>[] {
    const { skipStrategy } = this.#pattern;
    const emitted: PatternMatch<T>[] = [];
    const { partials } = step;
    const waiting = [...matches.completed];
    for (const match of step.found) pushBegun(waiting, match);
    const skips = skipStrategy.kind !== 'NO_SKIP';
    for (let match = waiting[0]; match !== undefined; match = waiting[0]) {
      // One that began earlier may still be completed, and make this one be skipped.
      const earliestId = partials[0]?.startEventId ?? Number.POSITIVE_INFINITY;
      if (skips && earliestId < match.startEventId) break;
      pollBegun(waiting);
      emitted.push(materialize(matches, match));
      const fromId = skips ? pruneBefore(skipStrategy, matches.eventIds(match)) : undefined;
      if (fromId !== undefined) {
        prune(matches, partials, fromId);
        prune(matches, waiting, fromId);
      }
      matches.release(match.node);
    }
    matches.partials = partials;
    matches.completed = waiting;
    return emitted;
  }
}

/** Drops what began before an event. */
function prune<T>(matches: PartialMatches<T>, heap: PartialMatch[], fromId: number): void {
  const kept = heap.filter(({ startEventId, node }) => {
    if (startEventId < fromId) matches.release(node);
    return startEventId >= fromId;
  });
  if (kept.length === heap.length) return;
  heap.splice(0, heap.length, ...kept);
  repairBegun(heap);
}

function materialize<T>(matches: PartialMatches<T>, match: PartialMatch): PatternMatch<T> {
  const byPattern = new Map<string, readonly T[]>();
  for (const [name, ids] of matches.eventIds(match)) byPattern.set(name, matches.values(ids));
  return byPattern;
}

/** Follows PROCEED as far as it holds and gathers what the event may do there. */
function decide<T>(state: NfaState<T>, ask: (leaf: Leaf<T>) => boolean): Decision<T> {
  const edges: Decision<T>['edges'][number][] = [];
  const open = [state];
  let stopped = false;
  for (let from = open.pop(); from !== undefined; from = open.pop()) {
    for (const edge of from.transitions) {
      if (!holds(edge.condition, ask)) continue;
      if (edge.action !== 'PROCEED') edges.push({ from, edge });
      else if (edge.target.kind === 'STOP') stopped = true;
      else open.push(edge.target);
    }
  }
  return { edges, stopped };
}

/** The end, if nothing more is needed to come there. */
function finalAfter<T>(
  state: NfaState<T>,
  ask: (leaf: Leaf<T>) => boolean,
): NfaState<T> | undefined {
  const open = [state];
  for (let from = open.pop(); from !== undefined; from = open.pop()) {
    for (const { action, target, condition } of from.transitions) {
      if (action !== 'PROCEED' || !holds(condition, ask)) continue;
      if (target.kind === 'FINAL') return target;
      open.push(target);
    }
  }
  return undefined;
}

function take<T>(
  matches: PartialMatches<T>,
  partial: PartialMatch | undefined,
  arrival: Arrival<T>,
  { from, target }: { readonly from: NfaState<T>; readonly target: NfaState<T> },
): PartialMatch {
  arrival.eventId ??= matches.addEvent(arrival.value);
  const { eventId, timestampMs } = arrival;
  return {
    place: target.id,
    node: matches.append(from.patternName, eventId, partial?.node ?? 0),
    startEventId: partial?.startEventId ?? eventId,
    startMs: partial?.startMs ?? timestampMs,
    previousMs: timestampMs,
  };
}
