/**
 * What is remembered of one key: the partial matches, and the events they hold. Partial matches
 * that share a beginning share it here: each event that was taken is a node that points to the one
 * before, so the matches form a tree.
 *
 * Owns the counts of references. The operator keeps the three parts in keyed state.
 *
 * I1  A node lives while a match or a later node points to it, an event while a node does, or the
 *     step that brought it runs.
 * I2  Ids grow with the order of events: a smaller id is an earlier event.
 * I3  Partial and completed matches are heaps by the event they began with (`match-order.ts`); the
 *     start is one of the partial matches, and of a record only its place is kept.
 */
import { defined } from '../core/index.ts';

/** A match that is not complete, or not emitted yet. Never changes. */
export interface PartialMatch {
  /** Id of the state in which it waits. */
  readonly place: string;
  /** Its last event. */
  readonly node: number;
  readonly startEventId: number;
  readonly startMs: number;
  readonly previousMs: number;
}

/** The part that is one value: small, read and written with every event. */
export interface MatchesRecord {
  readonly partials: readonly PartialMatch[];
  /** Complete, but a partial match that began earlier may still make a skip strategy drop them. */
  readonly completed: readonly PartialMatch[];
  readonly nextEventId: number;
  readonly nextNode: number;
  /** How many partial matches are before the start. @defaultValue all */
  readonly startAt?: number;
}

/** What is not begun: every event meets it, behind the partial matches before it. */
export const START: PartialMatch = {
  place: '',
  node: 0,
  startEventId: Number.MAX_SAFE_INTEGER,
  startMs: Number.POSITIVE_INFINITY,
  previousMs: Number.POSITIVE_INFINITY,
};

export interface BufferNode {
  readonly patternName: string;
  readonly eventId: number;
  /** 0: it is the first of its match. */
  readonly previous: number;
  readonly references: number;
}

export interface BufferedEvent<T> {
  readonly value: T;
  readonly references: number;
}

/** What keeps nodes and events: a `Map`, or a map state. */
export interface BufferMap<V> {
  get(key: number): V | undefined;
  put(key: number, value: V): void;
  remove(key: number): void;
}

export const NO_MATCHES: MatchesRecord = {
  partials: [],
  completed: [],
  nextEventId: 1,
  nextNode: 1,
};

export class PartialMatches<T> {
  readonly #nodes: BufferMap<BufferNode>;
  readonly #events: BufferMap<BufferedEvent<T>>;
  readonly #before: MatchesRecord;
  partials: readonly PartialMatch[];
  completed: readonly PartialMatch[];
  #nextEventId: number;
  #nextNode: number;

  constructor(
    record: MatchesRecord,
    nodes: BufferMap<BufferNode>,
    events: BufferMap<BufferedEvent<T>>,
  ) {
    this.#before = record;
    this.#nodes = nodes;
    this.#events = events;
    this.partials = record.partials.toSpliced(record.startAt ?? Number.POSITIVE_INFINITY, 0, START);
    this.completed = record.completed;
    this.#nextEventId = record.nextEventId;
    this.#nextNode = record.nextNode;
  }

  /** The record to keep: undefined where nothing has to be. The same one if nothing changed. */
  record(): MatchesRecord | undefined {
    const { completed } = this;
    const startAt = this.partials.indexOf(START);
    const partials = this.partials.toSpliced(startAt, 1);
    if (partials.length === 0 && completed.length === 0) return undefined;
    const { partials: before, completed: completedBefore } = this.#before;
    const isSamePlace = startAt === (this.#before.startAt ?? before.length);
    if (isSamePlace && sameItems(partials, before) && sameItems(completed, completedBefore)) {
      return this.#before;
    }
    const [nextEventId, nextNode] = [this.#nextEventId, this.#nextNode];
    return { partials, completed, nextEventId, nextNode, startAt };
  }

  /** Keeps an event until {@link releaseEvent}, whatever becomes of the nodes that hold it. */
  addEvent(value: T): number {
    const eventId = this.#nextEventId;
    this.#nextEventId += 1;
    this.#events.put(eventId, { value, references: 1 });
    return eventId;
  }

  /** Puts an event behind a node; nothing refers to the new node yet. */
  append(patternName: string, eventId: number, previous: number): number {
    const node = this.#nextNode;
    this.#nextNode += 1;
    if (previous !== 0) this.retain(previous);
    const event = this.#event(eventId);
    this.#events.put(eventId, { ...event, references: event.references + 1 });
    this.#nodes.put(node, { patternName, eventId, previous, references: 0 });
    return node;
  }

  retain(id: number): void {
    const node = this.#node(id);
    this.#nodes.put(id, { ...node, references: node.references + 1 });
  }

  /** Lets go of a node; what nothing else refers to is removed (I1). */
  release(id: number): void {
    for (let at = id; at !== 0; ) {
      const node = this.#node(at);
      if (node.references > 1) {
        this.#nodes.put(at, { ...node, references: node.references - 1 });
        return;
      }
      this.#nodes.remove(at);
      this.releaseEvent(node.eventId);
      at = node.previous;
    }
  }

  /** Ids of the events of a match by pattern, in the order in which they were taken. */
  eventIds(match: PartialMatch): ReadonlyMap<string, readonly number[]> {
    const path: BufferNode[] = [];
    for (let at = match.node; at !== 0; ) {
      const node = this.#node(at);
      path.push(node);
      at = node.previous;
    }
    const byPattern = new Map<string, number[]>();
    for (const { patternName, eventId } of path.reverse()) {
      const ids = byPattern.get(patternName);
      if (ids === undefined) byPattern.set(patternName, [eventId]);
      else ids.push(eventId);
    }
    return byPattern;
  }

  values(eventIds: readonly number[]): T[] {
    return eventIds.map((eventId) => this.#event(eventId).value);
  }

  releaseEvent(eventId: number): void {
    const event = this.#event(eventId);
    if (event.references <= 1) this.#events.remove(eventId);
    else this.#events.put(eventId, { ...event, references: event.references - 1 });
  }

  #node(id: number): BufferNode {
    return defined(this.#nodes.get(id), `I1: node ${id} of a match is there`);
  }

  #event(eventId: number): BufferedEvent<T> {
    return defined(this.#events.get(eventId), `I1: event ${eventId} of a node is there`);
  }
}

function sameItems(left: readonly PartialMatch[], right: readonly PartialMatch[]): boolean {
  return left.length === right.length && left.every((match, index) => match === right[index]);
}
