/** Matches of small sequences as text, for tests of the automaton. */
import type { AfterMatchSkipStrategy } from './after-match-skip-strategy.ts';
import { compilePattern } from './compile-pattern.ts';
import { Nfa, type PatternMatch } from './nfa.ts';
import {
  type BufferedEvent,
  type BufferMap,
  type BufferNode,
  type MatchesRecord,
  NO_MATCHES,
  PartialMatches,
} from './partial-matches.ts';
import { Pattern } from './pattern.ts';

/** `a1` is an event that the pattern `a` matches. */
export interface TestEvent {
  readonly name: string;
  readonly timestampMs: number;
}

/** Events of a text like `a1 b1@20`; one without a time comes 1 ms after the one before. */
export function eventsOf(text: string): readonly TestEvent[] {
  let timestampMs = 0;
  return text.split(' ').map((word) => {
    const [name = '', time] = word.split('@');
    timestampMs = time === undefined ? timestampMs + 1 : Number(time);
    return { name, timestampMs };
  });
}

/** The event's name begins so. */
export const is =
  (start: string) =>
  ({ name }: TestEvent): boolean =>
    name.startsWith(start);

/** `a` is a pattern called a that matches events that begin so. */
export function begin(name: string, skip?: AfterMatchSkipStrategy): Pattern<TestEvent> {
  return Pattern.begin<TestEvent>(name, skip).where(is(name));
}

export function show(match: PatternMatch<TestEvent>): string {
  return [...match.values()].flatMap((events) => events.map(({ name }) => name)).join(' ');
}

class MemoryBuffer<V> implements BufferMap<V> {
  readonly entries = new Map<number, V>();
  get(key: number): V | undefined {
    return this.entries.get(key);
  }
  put(key: number, value: V): void {
    this.entries.set(key, value);
  }
  remove(key: number): void {
    this.entries.delete(key);
  }
}

/** One automaton with its memory. */
export class NfaRun {
  readonly matches: string[] = [];
  readonly timedOut: string[] = [];
  readonly #nfa: Nfa<TestEvent>;
  readonly #nodes = new MemoryBuffer<BufferNode>();
  readonly #events = new MemoryBuffer<BufferedEvent<TestEvent>>();
  #record: MatchesRecord | undefined;

  constructor(pattern: Pattern<TestEvent>) {
    this.#nfa = new Nfa(compilePattern(pattern), {
      handlesTimeouts: true,
      currentProcessingTime: () => 0,
      conditionFailure: (_name, _event, thrown) => thrown,
      unknownPlace: (place) => new Error(place),
    });
  }

  advanceTime(nowMs: number): this {
    const matches = this.#matches();
    const { found, timedOut } = this.#nfa.advanceTime(matches, nowMs);
    this.matches.push(...found.map(show));
    this.timedOut.push(
      ...timedOut.map(({ match, timestampMs }) => `${show(match)}@${timestampMs}`),
    );
    this.#record = matches.record();
    return this;
  }

  feed(text: string): this {
    for (const event of eventsOf(text)) {
      this.advanceTime(event.timestampMs);
      const matches = this.#matches();
      const found = this.#nfa.process(matches, event, event.timestampMs);
      this.matches.push(...found.map(show));
      this.#record = matches.record();
    }
    return this;
  }

  /** Numbers of partial matches, nodes and events that are kept. */
  kept(): readonly [partials: number, nodes: number, events: number] {
    const partials = this.#record?.partials.length ?? 0;
    return [partials, this.#nodes.entries.size, this.#events.entries.size];
  }

  #matches(): PartialMatches<TestEvent> {
    return new PartialMatches(this.#record ?? NO_MATCHES, this.#nodes, this.#events);
  }
}

/** Matches in order of emission, each as the names of its events. */
export function matchesOf(pattern: Pattern<TestEvent>, text: string): readonly string[] {
  return new NfaRun(pattern).feed(text).matches;
}
