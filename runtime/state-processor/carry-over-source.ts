/**
 * Copies what stays of a savepoint, so that the new one holds all it needs, and sends the parts.
 * A split is one subtask of one operator.
 *
 * I1  A file that is copied has the size and checksum that the manifest says.
 * I2  Copying again finds the same file under the same name.
 */
import { crc32 } from 'node:zlib';
import { segmentLocation } from '../checkpoint/index.ts';
import type { ReaderContext, Source, SplitQueueState } from '../connectors/index.ts';
import type { FileSystem } from '../core/index.ts';
import type { BytesRecord, OperatorSubtaskStateRecord } from '../protocol/index.ts';
import { stateProcessorError } from './errors.ts';
import { directoryOf, FileBlobStore } from './file-blob-store.ts';
import { type PieceLoader, type PieceSplit, pieceSource } from './piece-source.ts';
import type { SavepointPart } from './savepoint-parts.ts';
import {
  type CarriedOperator,
  checkNoRecords,
  planSavepoint,
  type SavepointEdits,
} from './savepoint-plan.ts';
import { openSavepoint, type StoredSavepoint } from './stored-savepoint.ts';

export interface CarryOverInit {
  readonly basePath: string;
  readonly targetPath: string;
  readonly edits: SavepointEdits;
}

/** `at` is 0. */
export interface CarryOverSplit extends PieceSplit {
  /** In the order of {@link planSavepoint}. */
  readonly operatorIndex: number;
  readonly subtaskIndex: number;
}

interface Opened {
  readonly savepoint: StoredSavepoint;
  readonly carried: readonly CarriedOperator[];
}

/** @throws {StreamError} as `openSavepoint`, `planSavepoint` and `checkNoRecords`. */
export async function openBase(
  files: FileSystem,
  { basePath, edits }: Pick<CarryOverInit, 'basePath' | 'edits'>,
): Promise<Opened> {
  const savepoint = await openSavepoint(files, basePath);
  checkNoRecords(savepoint.manifest, savepoint.path);
  return { savepoint, carried: planSavepoint(savepoint.manifest, edits, savepoint.path) };
}

/** Records are {@link SavepointPart}s as JSON. */
export function carryOverSource(
  init: CarryOverInit,
): Source<string, CarryOverSplit, SplitQueueState<CarryOverSplit>> {
  return pieceSource<CarryOverSplit, string>({
    name: `savepoint ${init.basePath}`,
    validate: async (files) => {
      await openBase(files, init);
    },
    find: async (files) => {
      const { carried } = await openBase(files, init);
      return carried.flatMap(({ vertex, operator }, operatorIndex) =>
        vertex.subtasks.map(({ subtaskIndex }) => {
          const id = `${operator.operatorId} ${subtaskIndex}`;
          return { id, at: 0, done: 0, operatorIndex, subtaskIndex };
        }),
      );
    },
    createLoader: (ctx) => new Copier(init, ctx),
  });
}

class Copier implements PieceLoader<CarryOverSplit, string> {
  readonly #init: CarryOverInit;
  readonly #ctx: ReaderContext;
  #opened: Opened | undefined;

  constructor(init: CarryOverInit, ctx: ReaderContext) {
    this.#init = init;
    this.#ctx = ctx;
  }

  async load({ operatorIndex, subtaskIndex }: CarryOverSplit) {
    this.#opened ??= await openBase(this.#ctx.fileSystem, this.#init);
    const { savepoint, carried } = this.#opened;
    const one = carried[operatorIndex] as CarriedOperator;
    const parts = [await this.#copy(one, subtaskIndex)];
    const enumerator = savepoint.manifest.sources.find(
      ({ operatorId }) => operatorId === one.operator.operatorId,
    );
    if (enumerator !== undefined && subtaskIndex === 0) {
      parts.push({ ...enumerator, type: 'enumerator', operatorId: one.renamed.operatorId });
    }
    return {
      itemCount: parts.length,
      emit: (item: number, collect: (part: string) => void) => collect(JSON.stringify(parts[item])),
      nextAt: undefined,
    };
  }

  close(): void {}

  async #copy(
    { vertex, operator, renamed }: CarriedOperator,
    subtaskIndex: number,
  ): Promise<SavepointPart> {
    const subtask = vertex.subtasks[subtaskIndex];
    const share = subtask?.operators.find((one) => one.operatorId === operator.operatorId);
    const { parallelism, maxParallelism } = vertex;
    const finished = subtask?.finished ?? false;
    const state = share && (await this.#copyShare(share, renamed.operatorId, subtaskIndex));
    return {
      ...{ type: 'subtask', operator: renamed, parallelism, maxParallelism },
      ...{ subtaskIndex, finished, state },
    };
  }

  async #copyShare(
    share: OperatorSubtaskStateRecord,
    operatorId: string,
    subtaskIndex: number,
  ): Promise<OperatorSubtaskStateRecord> {
    const directory = directoryOf(this.#ctx.fileSystem, this.#init.targetPath);
    const locationOf = (checkpointId: number, part: string): string => {
      const name = { ownerId: operatorId, subtaskIndex, attempt: 0, checkpointId, part };
      return segmentLocation(directory, name);
    };
    const keyedSegments = [];
    for (const [i, segment] of share.keyedSegments.entries()) {
      const location = locationOf(segment.checkpointId, `carried-keyed-${i}`);
      keyedSegments.push({ ...segment, bytes: await this.#copyBytes(segment.bytes, location) });
    }
    const operatorStates = [];
    for (const [i, list] of share.operatorStates.entries()) {
      const location = locationOf(0, `carried-list-${i}`);
      operatorStates.push({ ...list, bytes: await this.#copyBytes(list.bytes, location) });
    }
    return { operatorId, keyedStates: share.keyedStates, keyedSegments, operatorStates };
  }

  async #copyBytes(bytes: BytesRecord, to: string): Promise<BytesRecord> {
    if ('inlineBase64' in bytes) return bytes;
    const { location, sizeBytes } = bytes;
    const { subtaskIndex, clock, fileSystem } = this.#ctx;
    const blobs = new FileBlobStore(fileSystem, `${subtaskIndex}-${clock.nowEpochMs()}`);
    const file = await blobs.openWrite(to);
    let checksum = 0;
    let copiedBytes = 0;
    try {
      for await (const piece of blobs.pieces(location)) {
        checksum = crc32(piece, checksum);
        copiedBytes += piece.length;
        await file.write(piece);
      }
      if (copiedBytes !== sizeBytes || checksum !== bytes.crc32) {
        const text =
          'a file of a savepoint is damaged, copy it again from where it came, or take another one';
        const details = { path: location, sizeBytes: copiedBytes, expectedSizeBytes: sizeBytes };
        throw stateProcessorError('STATE_BLOB_CORRUPT', text, details, 'data');
      }
    } catch (thrown) {
      await file.abandon();
      throw thrown;
    }
    // I2: what is there is what was copied before.
    await file.publish();
    return { ...bytes, location: to };
  }
}
