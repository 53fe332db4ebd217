/** The life of a connection, as a table of legal transitions. */

export const STATES = ['closed', 'connecting', 'open', 'idle', 'closing'] as const;
export type ConnectionState = (typeof STATES)[number];

export const EVENTS = ['connect', 'accept', 'send', 'pause', 'close', 'closed', 'reset'] as const;
export type EventType = (typeof EVENTS)[number];

/** What is not in the table is illegal. */
const TRANSITIONS: Readonly<
  Record<ConnectionState, Readonly<Partial<Record<EventType, ConnectionState>>>>
> = {
  closed: { connect: 'connecting', reset: 'closed' },
  connecting: { accept: 'open', close: 'closing', reset: 'closed' },
  open: { send: 'open', pause: 'idle', close: 'closing', reset: 'closed' },
  idle: { send: 'open', close: 'closing', reset: 'closed' },
  closing: { closed: 'closed', reset: 'closed' },
};

/** The state after the event; undefined: the event is illegal in this state. */
export function transition(state: ConnectionState, event: EventType): ConnectionState | undefined {
  return TRANSITIONS[state][event];
}

export function legalEvents(state: ConnectionState): readonly EventType[] {
  return EVENTS.filter((event) => TRANSITIONS[state][event] !== undefined);
}

export function illegalEvents(state: ConnectionState): readonly EventType[] {
  return EVENTS.filter((event) => TRANSITIONS[state][event] === undefined);
}
