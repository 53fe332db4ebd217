/**
 * The sessions of an operator by key. In a snapshot each has its key and, beside it, its order.
 *
 * I1  A key without sessions has no list.
 * I2  The order of a session is larger than those of all sessions before it, also of restored ones.
 * I3  Every change of what a snapshot has of a session is told to the log.
 */
import type { EncodedKey } from '../core/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import {
  ChangeLog,
  type EntryVisitor,
  flattenStrings,
  KeyTable,
  type SnapshotTable,
} from '../state/index.ts';
import type { Session, SessionSnapshot } from './session.ts';

export class SessionTable<A> implements SnapshotTable {
  readonly meta: KeyedStateMetaRecord;
  readonly #byKey = new KeyTable<Session<A>[]>();
  readonly #log: ChangeLog<Session<A>>;
  #size = 0;
  #nextOrder = 0;

  /** @param tracksChanges false: there will be no snapshots of changes. */
  constructor(meta: KeyedStateMetaRecord, tracksChanges: boolean) {
    this.meta = meta;
    this.#log = new ChangeLog(tracksChanges);
  }

  get size(): number {
    return this.#size;
  }

  get changeCount(): number {
    return this.#log.changeCount;
  }

  /** In order of creation; undefined when there are none. */
  get(key: EncodedKey): readonly Session<A>[] | undefined {
    return this.#byKey.get(key);
  }

  create(key: EncodedKey, startMs: number, endMs: number, accumulator: A): Session<A> {
    const session = newSession(key, this.#nextOrder++, { startMs, endMs, accumulator });
    this.#insert(session);
    this.#log.added(session);
    return session;
  }

  /** After every change of a session's span, accumulator or firing. */
  touch(session: Session<A>): void {
    this.#log.touch(session);
  }

  remove(session: Session<A>): void {
    this.#take(session);
    this.#log.removed(session);
  }

  forEach(visit: (session: Session<A>) => void): void {
    this.#byKey.forEach((sessions) => {
      for (const session of sessions) visit(session);
    });
  }

  visitAll(visitor: EntryVisitor): void {
    this.forEach((session) => {
      putSession(session, visitor);
    });
    this.#log.reset();
  }

  visitChanges(visitor: EntryVisitor): void {
    this.#log.visit(
      (session) => putSession(session, visitor),
      (session) => visitor.remove(session.key, session.order),
    );
  }

  dropAll(): void {
    this.forEach((session) => {
      session.dead = true;
    });
    this.#byKey.clear();
    this.#size = 0;
  }

  restorePut(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void {
    this.restoreRemove(key, subKey);
    const { startMs, endMs, fired, accumulator } = value as SessionSnapshot<A>;
    const init = { startMs, endMs, accumulator: flattenStrings(accumulator) };
    const session = newSession(key, Number(subKey), init);
    if (fired) session.firedEndMs = endMs;
    this.#insert(session);
    this.#nextOrder = Math.max(this.#nextOrder, session.order + 1);
  }

  restoreRemove(key: EncodedKey, subKey: EncodedKey | undefined): void {
    const held = this.#byKey.get(key)?.find((session) => session.order === subKey);
    if (held !== undefined) this.#take(held);
  }

  #insert(session: Session<A>): void {
    this.#size += 1;
    const sessions = this.#byKey.get(session.key);
    if (sessions === undefined) this.#byKey.insert(session.key, [session]);
    else sessions.push(session);
  }

  #take(session: Session<A>): void {
    session.dead = true;
    this.#size -= 1;
    const sessions = this.#byKey.get(session.key) ?? [];
    if (sessions.length === 1) this.#byKey.delete(session.key);
    else sessions.splice(sessions.indexOf(session), 1);
  }
}

function putSession<A>(session: Session<A>, visitor: EntryVisitor): void {
  const { startMs, endMs, firedEndMs, accumulator } = session;
  const snapshot: SessionSnapshot<A> = { startMs, endMs, fired: firedEndMs === endMs, accumulator };
  visitor.put(session.key, session.order, snapshot);
}

function newSession<A>(
  key: EncodedKey,
  order: number,
  init: Pick<Session<A>, 'startMs' | 'endMs' | 'accumulator'>,
): Session<A> {
  return {
    key,
    order,
    startMs: init.startMs,
    endMs: init.endMs,
    accumulator: init.accumulator,
    firedEndMs: undefined,
    queuedMs: Number.POSITIVE_INFINITY,
    dead: false,
    mark: 0,
  };
}
