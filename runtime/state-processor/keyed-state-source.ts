/**
 * Reads the keyed state of an operator, key group by key group. A split is a range of key groups,
 * its pieces are key groups that fit into memory together.
 */

import { loadSegment } from '../checkpoint/index.ts';
import type { ReaderContext, Source, SplitQueueState } from '../connectors/index.ts';
import { keyGroupRangeOf } from '../core/index.ts';
import type { KeyedSegmentRecord } from '../protocol/index.ts';
import { lastOfPiece, touches } from './key-group-pieces.ts';
import type { OperatorIdentifier } from './operator-identifier.ts';
import { type Piece, type PieceLoader, type PieceSplit, pieceSource } from './piece-source.ts';
import { RestoredStates } from './restored-states.ts';
import {
  checkKeyed,
  openSavepoint,
  operatorOf,
  type StoredOperator,
  type StoredSavepoint,
  segmentsOf,
} from './stored-savepoint.ts';

/** `at` is a key group. */
export interface KeyGroupSplit extends PieceSplit {
  readonly lastKeyGroup: number;
}

/** Makes records of what is loaded; one a subtask. */
export interface KeyedReader<T> {
  /** Once, before the first piece: asks for states. */
  open(): void | Promise<void>;
  /** What the loaded key groups have. */
  items(): ItemsOf<T>;
  close(): void | Promise<void>;
}

export type ItemsOf<T> = Pick<Piece<T>, 'itemCount' | 'emit'>;

export interface KeyedSourceInit<T> {
  /** Shown in the plan. */
  readonly name: string;
  readonly path: string;
  readonly identifier: OperatorIdentifier;
  /** Refuses an operator that cannot be read so. */
  check?(operator: StoredOperator): void;
  createReader(
    states: RestoredStates,
    ctx: ReaderContext,
    operator: StoredOperator,
  ): KeyedReader<T>;
}

export type KeyedSource<T> = Source<T, KeyGroupSplit, SplitQueueState<KeyGroupSplit>>;

export function keyedStateSource<T>(init: KeyedSourceInit<T>): KeyedSource<T> {
  const open = async (files: ReaderContext['fileSystem']) => {
    const savepoint = await openSavepoint(files, init.path);
    const operator = operatorOf(savepoint, init.identifier);
    checkKeyed(operator);
    init.check?.(operator);
    return { savepoint, operator };
  };
  return pieceSource<KeyGroupSplit, T>({
    name: init.name,
    validate: async (files) => {
      await open(files);
    },
    find: async (files, parallelism) => {
      const { maxParallelism } = (await open(files)).operator.vertex;
      const count = Math.min(parallelism, maxParallelism);
      return Array.from({ length: count }, (_, i) => {
        const { start, end } = keyGroupRangeOf(maxParallelism, count, i);
        return { id: `key groups ${start}-${end}`, at: start, done: 0, lastKeyGroup: end };
      });
    },
    createLoader: (ctx) => new KeyedLoader(init, ctx, () => open(ctx.fileSystem)),
  });
}

interface Opened<T> {
  readonly savepoint: StoredSavepoint;
  readonly segments: readonly KeyedSegmentRecord[];
  readonly states: RestoredStates;
  readonly reader: KeyedReader<T>;
}

type OpenSavepoint = () => Promise<{
  readonly savepoint: StoredSavepoint;
  readonly operator: StoredOperator;
}>;

class KeyedLoader<T> implements PieceLoader<KeyGroupSplit, T> {
  readonly #init: KeyedSourceInit<T>;
  readonly #ctx: ReaderContext;
  readonly #openSavepoint: OpenSavepoint;
  #opened: Opened<T> | undefined;

  constructor(init: KeyedSourceInit<T>, ctx: ReaderContext, open: OpenSavepoint) {
    this.#init = init;
    this.#ctx = ctx;
    this.#openSavepoint = open;
  }

  async load({ at, lastKeyGroup }: KeyGroupSplit): Promise<Piece<T>> {
    this.#opened ??= await this.#open();
    const { savepoint, segments, states, reader } = this.#opened;
    const chunks = segments.flatMap((segment) => segment.chunks);
    const range = { start: at, end: lastOfPiece(chunks, at, lastKeyGroup) };
    const wanted = segments.filter((segment) => segment.chunks.some((one) => touches(one, range)));
    // The piece before is garbage first.
    states.load([]);
    const loaded = [];
    for (const segment of wanted) loaded.push(await loadSegment(segment, savepoint.blobs, range));
    states.load(loaded);
    const nextAt = range.end < lastKeyGroup ? range.end + 1 : undefined;
    return { ...reader.items(), nextAt };
  }

  async close(): Promise<void> {
    await this.#opened?.reader.close();
  }

  async #open(): Promise<Opened<T>> {
    const { savepoint, operator } = await this.#openSavepoint();
    const states = new RestoredStates(operator, this.#ctx.clock);
    const reader = this.#init.createReader(states, this.#ctx, operator);
    await reader.open();
    return { savepoint, segments: segmentsOf(operator), states, reader };
  }
}
