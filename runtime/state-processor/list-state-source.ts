/** Reads a list, union list or broadcast state: a split for what each subtask had. */

import { loadList } from '../checkpoint/index.ts';
import type { Source, SplitQueueState } from '../connectors/index.ts';
import type { FileSystem } from '../core/index.ts';
import type { OperatorStateMode, OperatorStateRecord } from '../protocol/index.ts';
import type { OperatorIdentifier } from './operator-identifier.ts';
import { type PieceSplit, pieceSource } from './piece-source.ts';
import {
  listPartsOf,
  openSavepoint,
  operatorOf,
  type StoredSavepoint,
} from './stored-savepoint.ts';

export interface ListSourceInit {
  readonly name: string;
  readonly path: string;
  readonly identifier: OperatorIdentifier;
  readonly state: string;
  readonly mode: OperatorStateMode;
  /** Refuses an item of another type. */
  check(item: unknown): void;
}

/** `at` is the part. */
export function listStateSource<T>(
  init: ListSourceInit,
): Source<T, PieceSplit, SplitQueueState<PieceSplit>> {
  const open = async (files: FileSystem): Promise<Parts> => {
    const savepoint = await openSavepoint(files, init.path);
    const parts = listPartsOf(operatorOf(savepoint, init.identifier), init.state, init.mode);
    return { savepoint, parts };
  };
  return pieceSource<PieceSplit, T>({
    name: init.name,
    validate: async (files) => {
      await open(files);
    },
    find: async (files) => {
      const { parts } = await open(files);
      return parts.flatMap(({ itemCount }, at) =>
        itemCount === 0 ? [] : [{ id: `${init.state} part ${at}`, at, done: 0 }],
      );
    },
    createLoader: ({ fileSystem }) => {
      let opened: Parts | undefined;
      return {
        load: async ({ at }) => {
          opened ??= await open(fileSystem);
          const part = opened.parts[at] as OperatorStateRecord;
          const whole = { ...part, from: 0, to: part.itemCount };
          const items = await loadList(whole, opened.savepoint.blobs);
          const emit = (item: number, collect: (value: T) => void): void => {
            init.check(items[item]);
            collect(items[item] as T);
          };
          return { itemCount: items.length, emit, nextAt: undefined };
        },
        close: () => {},
      };
    },
  });
}

interface Parts {
  readonly savepoint: StoredSavepoint;
  readonly parts: readonly OperatorStateRecord[];
}
