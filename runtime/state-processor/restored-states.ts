/**
 * The keyed states of an operator, as much of them as is in memory: those of a few key groups.
 * Handles stay the same from piece to piece.
 *
 * I1  A state is there for who asks for it if, and only if, the savepoint has it.
 * I2  A state that is asked for in the midst of a piece has the piece's entries at once.
 */
import type { LoadedSegment } from '../checkpoint/index.ts';
import { type Clock, type EncodedKey, StreamError } from '../core/index.ts';
import { CodecCache } from '../exchange/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import {
  adaptedTarget,
  compareStateMeta,
  HeapKeyedStateBackend,
  type RestoreShape,
  type RestoreTarget,
  type SnapshotTable,
} from '../state/index.ts';
import { stateProcessorError, thereAre } from './errors.ts';
import { keyedStatesOf, type StoredOperator } from './stored-savepoint.ts';

interface Shown {
  target(stored: KeyedStateMetaRecord): RestoreTarget;
  clear(): void;
}

export class RestoredStates {
  readonly backend: HeapKeyedStateBackend;
  readonly #operator: StoredOperator;
  readonly #stored: readonly KeyedStateMetaRecord[];
  readonly #codecs = new CodecCache();
  readonly #shown = new Map<string, Shown>();
  #segments: readonly LoadedSegment[] = [];

  constructor(operator: StoredOperator, clock: Clock) {
    this.#operator = operator;
    this.#stored = keyedStatesOf(operator);
    this.backend = new HeapKeyedStateBackend({
      operatorName: operator.text,
      clock,
      adopt: (table, shape) => this.#adopt(table, shape),
    });
  }

  /** Gives a state of the engine's own to a reader of its own. */
  show(name: string, target: RestoreTarget & { clear(): void }): void {
    this.#add(name, { target: () => target, clear: () => target.clear() });
  }

  /** Forgets the piece before, and fills all states that were asked for. */
  load(segments: readonly LoadedSegment[]): void {
    this.backend.clearCurrentKey();
    for (const { clear } of this.#shown.values()) clear();
    this.#segments = segments;
    this.#fill(this.#shown);
  }

  /** The keys that have one of the states that a function asked for. */
  keys(): readonly EncodedKey[] {
    const keys = new Set<EncodedKey>();
    for (const name of this.backend.stateNames()) {
      for (const { key } of this.backend.entriesOf(name)) keys.add(key);
    }
    return [...keys];
  }

  #adopt(table: SnapshotTable, shape: RestoreShape): void {
    const { name } = table.meta;
    this.#check(shape);
    this.#add(name, {
      target: (stored) => adaptedTarget(table, stored, shape),
      clear: () => removeAll(table),
    });
  }

  #add(name: string, shown: Shown): void {
    this.#shown.set(name, shown);
    this.#fill(new Map([[name, shown]]));
  }

  #fill(shown: ReadonlyMap<string, Shown>): void {
    for (const segment of this.#segments) {
      for (const stored of segment.states()) {
        const target = shown.get(stored.name)?.target(stored);
        if (target !== undefined) segment.fill(stored, target, this.#codecs);
      }
    }
  }

  /** I1. */
  #check({ declared }: RestoreShape): void {
    const { text: uid, path } = this.#operator;
    const found = this.#stored.filter(({ name }) => name === declared.name);
    if (found.length === 0) {
      const names = this.#stored.map(({ name }) => name);
      const advice = `an operator of a savepoint has no such keyed state, ${thereAre(declared.name, names)}`;
      throw stateProcessorError('STATE_NOT_FOUND', advice, { state: declared.name, uid, path });
    }
    for (const stored of found) {
      const compared = compareStateMeta(stored, declared);
      if (typeof compared !== 'object') continue;
      const advice =
        'a state of a savepoint is not what its descriptor declares, take the kind, type and ' +
        `version it was written with, or declare migrate: ${compared.incompatible}`;
      throw new StreamError({
        kind: 'invalid',
        code: 'STATE_NOT_AS_DECLARED',
        message: `${advice} state=${declared.name} uid=${uid} path=${path}`,
        details: { state: declared.name, uid, path },
      });
    }
  }
}

function removeAll(table: SnapshotTable): void {
  const entries: (readonly [EncodedKey, EncodedKey | undefined])[] = [];
  table.visitAll({
    put: (key, subKey) => entries.push([key, subKey]),
    remove: () => {},
  });
  for (const [key, subKey] of entries) table.restoreRemove(key, subKey);
}
