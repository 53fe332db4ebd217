/**
 * A bounded source whose splits are loaded a piece at a time, so that memory holds one piece a
 * subtask. Splits say where they are: in which piece, and how much of it was emitted.
 *
 * I1  A piece that is loaded again has the same items in the same order.
 */
import {
  type ReaderContext,
  type Source,
  SplitQueueEnumerator,
  type SplitQueueState,
} from '../connectors/index.ts';
import type { FileSystem } from '../core/index.ts';
import { PieceReader } from './piece-reader.ts';

/** JSON. */
export interface PieceSplit {
  readonly id: string;
  /** Where the piece to read begins; what that means is up to the loader. */
  readonly at: number;
  /** Items of the piece that were emitted. */
  readonly done: number;
}

/** What is in memory of a split. */
export interface Piece<T> {
  readonly itemCount: number;
  /** Emits what one item comes to. */
  emit(item: number, collect: (value: T) => void): void;
  /** Where the next piece begins; undefined: the split ends. */
  readonly nextAt: number | undefined;
}

/** One a subtask. Calls do not overlap; a piece is no longer used when the next is loaded. */
export interface PieceLoader<SplitT extends PieceSplit, T> {
  load(split: SplitT): Promise<Piece<T>>;
  close(): void | Promise<void>;
}

export interface PieceSourceInit<SplitT extends PieceSplit, T> {
  readonly name: string;
  /** Refuses what cannot be read, before anything is. */
  validate(files: FileSystem): Promise<void>;
  find(files: FileSystem, parallelism: number): Promise<readonly SplitT[]>;
  createLoader(ctx: ReaderContext): PieceLoader<SplitT, T>;
}

export function pieceSource<SplitT extends PieceSplit, T>(
  init: PieceSourceInit<SplitT, T>,
): Source<T, SplitT, SplitQueueState<SplitT>> {
  return {
    name: init.name,
    boundedness: 'BOUNDED',
    validate: ({ fileSystem }) => init.validate(fileSystem),
    createEnumerator: (ctx, state) =>
      new SplitQueueEnumerator({
        ctx,
        state,
        find: () => init.find(ctx.fileSystem, ctx.parallelism),
      }),
    createReader: (ctx) => new PieceReader(ctx, init.createLoader(ctx)),
  };
}
