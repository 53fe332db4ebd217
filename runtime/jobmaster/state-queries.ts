/**
 * Asks the slots of a job what keyed states hold.
 *
 * I1  A question is answered once: by the slot that owns the key, or with undefined when that does
 *     not run, goes before it has answered, or takes too long. Then the last checkpoint knows.
 * I2  It waits for nobody but the slot: a task that is busy answers between two of its steps.
 */
import { findOperator, placeOfKey, type QueriedOperator } from '../checkpoint/index.ts';
import { StreamError, type Timers } from '../core/index.ts';
import type { ExecutionGraph } from '../graph/index.ts';
import type {
  SlotReport,
  SlotStateAnswer,
  StateQueryRecord,
  StateValueRecord,
} from '../protocol/index.ts';
import { encodeQueryKey } from '../state/index.ts';
import type { DeployedRegions } from './deployed-regions.ts';
import { slotOf } from './deployed-tasks.ts';
import type { JobState } from './job-state.ts';

/** A user's function that takes longer for a record keeps its slot from answering. */
const ANSWER_TIMEOUT_MS = 5_000;

/** What a running operator holds. */
export interface RunningValue {
  readonly operator: QueriedOperator;
  readonly value: StateValueRecord;
  readonly asOfEpochMs: number;
}

export interface StateQueriesParts {
  readonly timers: Timers;
  readonly regions: DeployedRegions;
  readonly graph: () => ExecutionGraph;
  readonly state: () => JobState;
}

interface OpenQuery {
  readonly slotIndex: number;
  readonly settle: (answer: SlotStateAnswer) => void;
}

const UNKNOWN: SlotStateAnswer = { type: 'unknown' };

export class StateQueries {
  readonly #parts: StateQueriesParts;
  readonly #open = new Map<number, OpenQuery>();
  #nextId = 1;

  constructor(parts: StateQueriesParts) {
    this.#parts = parts;
  }

  /**
   * @param operator its uid or id.
   * @returns undefined: no running slot has answered (I1).
   * @throws {StreamError} kind `invalid`, code `OPERATOR_NOT_FOUND`; as `queryTables`.
   */
  async ask(operator: string, query: StateQueryRecord): Promise<RunningValue | undefined> {
    const graph = this.#parts.graph();
    const vertices = graph.jobGraph.vertices.map((vertex) => {
      return { vertex, operators: vertex.operators };
    });
    const { vertex, found } = findOperator(vertices, operator);
    const place = placeOfKey(vertex, encodeQueryKey(query.key, 'key'));
    const task = { vertexId: vertex.id, subtaskIndex: place.subtaskIndex };
    const slotIndex = slotOf(graph, task);
    if (!this.#isRunning(slotIndex)) return undefined;
    const answered = Promise.withResolvers<SlotStateAnswer>();
    const queryId = this.#nextId++;
    const cancel = this.#parts.timers.schedule(ANSWER_TIMEOUT_MS, () => settle(UNKNOWN));
    const settle = (answer: SlotStateAnswer): void => {
      cancel();
      this.#open.delete(queryId);
      answered.resolve(answer);
    };
    // It may be answered at once.
    this.#open.set(queryId, { slotIndex, settle });
    const { operatorId } = found;
    this.#parts.regions.send(slotIndex, { type: 'query-state', queryId, task, operatorId, query });
    const answer = await answered.promise;
    if (answer.type === 'unknown') return undefined;
    if (answer.type === 'refused') throw StreamError.fromJSON(answer.error);
    const { value, asOfEpochMs } = answer;
    return { operator: { ...found, ...place }, value, asOfEpochMs };
  }

  /** What a slot says. */
  answered({ queryId, answer }: SlotReport & { readonly type: 'state-answer' }): void {
    this.#open.get(queryId)?.settle(answer);
  }

  /** I1: nothing more comes from it. */
  gone(slotIndex: number): void {
    for (const open of [...this.#open.values()]) {
      if (open.slotIndex === slotIndex) open.settle(UNKNOWN);
    }
  }

  #isRunning(slotIndex: number): boolean {
    const { status, regions } = this.#parts.state();
    if (status !== 'RUNNING') return false;
    return regions.some(
      ({ phase, slots }) =>
        phase === 'RUNNING' &&
        slots.some((slot) => slot.slotIndex === slotIndex && slot.status !== 'RELEASED'),
    );
  }
}
