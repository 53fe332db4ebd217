/** Decides whether a task sorts its inputs, and makes what does. */
import { type FileSystem, type KeySelector, StreamError } from '../core/index.ts';
import type { StreamNode } from '../graph/index.ts';
import { type Input, userFailure } from '../operators/index.ts';
import type { SubtaskRef } from '../protocol/index.ts';
import { ExternalSorter } from '../sort/index.ts';
import type { HeapKeyedStateBackend } from '../state/index.ts';
import type { SlotDeployment } from './slot-deployment.ts';
import { SortedInputs } from './sorted-inputs.ts';

/** Of jobs in BATCH. */
export interface SortedInputSettings {
  /** `execution.sorted-inputs.enabled` */
  readonly enabled: boolean;
  /** `execution.batch-state-backend.enabled` */
  readonly keyByKey: boolean;
  /** Of each task that sorts: `execution.sorted-inputs.memory` */
  readonly memoryBytes: number;
  /** `taskmanager.runtime.max-fan` */
  readonly maxFanIn: number;
  /** The first of `io.tmp.dirs`; undefined: the one of the slot's temporary files. */
  readonly directory?: string | undefined;
}

/** Where a slot may put files that nobody needs after it. */
export interface TemporaryFiles {
  readonly fileSystem: FileSystem;
  readonly directory: string;
}

type Sorting = Pick<SlotDeployment, 'jobType' | 'sortedInputs'>;

/**
 * Undefined: they are not sorted.
 *
 * @throws {StreamError} kind `invalid`, code `BATCH_STATE_NEEDS_SORTED_INPUTS`: keys have to come
 * one by one where states are of one key at a time.
 */
function sortSettings({ jobType, sortedInputs }: Sorting): SortedInputSettings | undefined {
  if (jobType !== 'BATCH' || sortedInputs === undefined) return undefined;
  if (sortedInputs.enabled) return sortedInputs;
  if (sortedInputs.keyByKey) throw stateNeedsSorting();
  return undefined;
}

/** Whether states of the operator are of one key at a time: its inputs are sorted. */
export function isKeyByKey(deployment: Sorting, head: StreamNode): boolean {
  const settings = sortSettings(deployment);
  return settings?.keyByKey === true && sortedKeys(head).length > 0;
}

/**
 * The key selector of each input that is to be sorted; empty: none is. Windows over all records
 * have one key.
 */
export function sortedKeys(
  head: StreamNode,
): readonly (KeySelector<unknown, unknown> | undefined)[] {
  if (head.keyed !== true) return [];
  if (head.body.kind === 'source') return [];
  const count = head.body.kind === 'two-input' ? 2 : 1;
  const keys = Array.from({ length: count }, (_, index) => {
    const edge = head.inEdges.find(({ inputIndex }) => inputIndex === index);
    return edge?.partitioner.kind === 'HASH' ? edge.partitioner.keySelector : undefined;
  });
  if (keys.some((key) => key !== undefined)) return keys;
  return count === 1 ? [() => 0] : [];
}

export interface SortingPlace {
  readonly head: StreamNode;
  readonly heads: readonly Input<unknown>[];
  readonly ref: SubtaskRef;
  readonly parallelism: number;
  readonly deployment: Pick<SlotDeployment, 'jobId' | 'attempt' | 'results'> & Sorting;
  readonly temporaryFiles: TemporaryFiles;
  readonly keyedState: () => HeapKeyedStateBackend;
  readonly post: (callback: () => void) => void;
}

/** Undefined: the inputs are not sorted. */
export function buildSortedInputs(place: SortingPlace): SortedInputs | undefined {
  const { head, heads, ref, parallelism, deployment, temporaryFiles, keyedState } = place;
  const settings = sortSettings(deployment);
  const keySelectors = sortedKeys(head);
  if (settings === undefined || keySelectors.length === 0) return undefined;
  const { memoryBytes, maxFanIn, keyByKey } = settings;
  // Where results are, what a process that was killed has left is deleted with them.
  const directory = deployment.results?.directory ?? settings.directory ?? temporaryFiles.directory;
  const { vertexId, subtaskIndex } = ref;
  const sorter = new ExternalSorter({
    fileSystem: temporaryFiles.fileSystem,
    ...{ directory, memoryBytes, maxFanIn, inTurn: place.post, operatorName: head.name },
    prefix: `sluice-sort-${deployment.jobId}-${vertexId}-${subtaskIndex}-${deployment.attempt}`,
  });
  const operator = { operatorName: head.name, subtaskIndex, parallelism };
  return new SortedInputs({
    ...{ heads, keySelectors, sorter },
    endKey: keyByKey ? () => keyedState().endKey() : () => undefined,
    failure: (what, thrown, record) => userFailure(operator, what, thrown, record),
  });
}

function stateNeedsSorting(): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'BATCH_STATE_NEEDS_SORTED_INPUTS',
    message:
      'the state of one key at a time needs sorted inputs: set execution.sorted-inputs.enabled ' +
      'to true, or execution.batch-state-backend.enabled to false as well',
  });
}
