/**
 * Events that are a function of a seed and their index, so that a source which starts again at an
 * index makes the same events again, and a test can know them all.
 *
 * I1  An address belongs to one split, so that its events are in order at any parallelism.
 * I2  The events of an address come in lives of {@link LIFE_EVENTS}, the last of which resets it:
 *     an event is known from those before it in its life alone.
 */
import {
  type ConnectionState,
  type EventType,
  illegalEvents,
  legalEvents,
  STATES,
  transition,
} from './connection.ts';

/** Readers beyond this number have nothing to read. */
export const SPLIT_COUNT = 8;
const ADDRESSES_PER_SPLIT = 64;
const LIFE_EVENTS = 16;
/** One event in so many is illegal. */
const ILLEGAL_ONE_IN = 25;

export interface ConnectionEvent {
  readonly address: string;
  /** Event `index` of split `split`; both from 0. */
  readonly split: number;
  readonly index: number;
  readonly type: EventType;
}

const LEGAL = new Map<ConnectionState, readonly EventType[]>();
const ILLEGAL = new Map<ConnectionState, readonly EventType[]>();
for (const state of STATES) {
  LEGAL.set(state, legalEvents(state));
  ILLEGAL.set(state, illegalEvents(state));
}

/** Event `position` of the whole source: splits take turns. */
export function eventAt(seed: number, position: number): ConnectionEvent {
  const split = position % SPLIT_COUNT;
  const index = (position - split) / SPLIT_COUNT;
  const slot = index % ADDRESSES_PER_SPLIT;
  const visit = (index - slot) / ADDRESSES_PER_SPLIT;
  const step = visit % LIFE_EVENTS;
  const life = (visit - step) / LIFE_EVENTS;
  const lifeSeed = mix(mix(mix(seed, split), slot), life);
  let state: ConnectionState = 'closed';
  let type: EventType = 'reset';
  for (let at = 0; at <= step; at += 1) {
    type = at === LIFE_EVENTS - 1 ? 'reset' : choose(state, mix(lifeSeed, at));
    state = transition(state, type) ?? state;
  }
  return { address: `10.${split}.0.${slot}`, split, index, type };
}

function choose(state: ConnectionState, random: number): EventType {
  const events = (random % ILLEGAL_ONE_IN === 0 ? ILLEGAL : LEGAL).get(state) ?? [];
  return events[Math.floor(random / ILLEGAL_ONE_IN) % events.length] ?? 'reset';
}

/** 32 bits that depend on every bit of both. */
function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ Math.imul(value + 1, 0x9e3779b1), 0x85ebca6b);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
