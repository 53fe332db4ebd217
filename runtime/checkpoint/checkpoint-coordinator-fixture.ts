/** Drives the coordinator in tests: a clock, tasks that answer, the commands of each step. */
import { Configuration, type ConfigValue, type StreamErrorRecord } from '../core/index.ts';
import type { SubtaskCheckpointStats, SubtaskStateRecord } from '../protocol/index.ts';
import {
  type CheckpointsInit,
  createdCheckpoints,
  decideCheckpoint,
} from './checkpoint-coordinator.ts';
import type {
  CheckpointAnswer,
  CheckpointCommand,
  CheckpointOccurrence,
  CheckpointRequest,
  CheckpointsState,
} from './checkpoint-coordinator-records.ts';
import { checkpointSettings } from './checkpoint-settings.ts';
import { type CheckpointTask, type CheckpointTaskInput, taskKey } from './pending-checkpoint.ts';

const PREFIX = 'execution.checkpointing.';

export const STATS: SubtaskCheckpointStats = {
  startDelayMs: 1,
  alignmentMs: 2,
  syncMs: 3,
  asyncMs: 4,
  checkpointedSizeBytes: 10,
  stateSizeBytes: 100,
  processedDuringAlignmentBytes: 5,
  persistedDuringAlignmentBytes: 6,
  unaligned: false,
};

export const BOOM: StreamErrorRecord = {
  kind: 'user',
  code: 'BOOM',
  message: 'boom',
  details: {},
};

/** A task, and what it reads. */
export interface LaidOutTask extends CheckpointTask {
  readonly inputs: readonly CheckpointTaskInput[];
}

/** `source/0 source/1 → map/0`. */
export const TASKS: readonly LaidOutTask[] = [
  { vertexId: 'source', subtaskIndex: 0, attempt: 0, inputs: [] },
  { vertexId: 'source', subtaskIndex: 1, attempt: 0, inputs: [] },
  { vertexId: 'map', subtaskIndex: 0, attempt: 0, inputs: [{ vertexId: 'source' }] },
];

export function ref(key: string): { vertexId: string; subtaskIndex: number } {
  const [vertexId = '', index] = key.split('/');
  return { vertexId, subtaskIndex: Number(index) };
}

export function share(key: string, change: Partial<SubtaskStateRecord> = {}): SubtaskStateRecord {
  return { ...ref(key), finished: false, operators: [], channels: [], ...change };
}

/** Options below `execution.checkpointing.`, times in milliseconds. */
export function settingsOf(options: Readonly<Record<string, ConfigValue>>) {
  const entries = Object.entries(options).map(([key, value]) => [
    key.startsWith('web.') ? key : PREFIX + key,
    value,
  ]);
  return checkpointSettings(Configuration.fromRecord(Object.fromEntries(entries)));
}

export class CheckpointRun {
  state: CheckpointsState;
  nowEpochMs = 0;
  /** Of the last step. */
  commands: readonly CheckpointCommand[] = [];
  readonly all: CheckpointCommand[] = [];
  #tasks: readonly LaidOutTask[] = TASKS;

  constructor(options: Readonly<Record<string, ConfigValue>>, init: Partial<CheckpointsInit> = {}) {
    this.state = createdCheckpoints({
      settings: settingsOf(options),
      directory: '/dir/job/shared',
      nextCheckpointId: 1,
      retained: [],
      forceFull: false,
      ...init,
    });
  }

  /** Deployed and running at time 0. */
  static running(
    options: Readonly<Record<string, ConfigValue>>,
    init: Partial<CheckpointsInit> & { readonly tasks?: readonly LaidOutTask[] } = {},
  ): CheckpointRun {
    const run = new CheckpointRun(options, init);
    run.#tasks = init.tasks ?? TASKS;
    run.on({ type: 'job-deployed', tasks: init.tasks ?? TASKS }).on({ type: 'job-running' });
    return run;
  }

  on(...events: CheckpointOccurrence[]): this {
    for (const event of events) {
      const nowEpochMs = this.nowEpochMs;
      const decision = decideCheckpoint(
        this.state,
        { ...event, nowEpochMs },
        (task) => this.#tasks.find((other) => taskKey(other) === taskKey(task))?.inputs ?? [],
      );
      this.state = JSON.parse(JSON.stringify(decision.state));
      this.commands = decision.commands;
      this.all.push(...decision.commands);
    }
    return this;
  }

  /** The time, and a tick. */
  at(nowEpochMs: number): this {
    this.nowEpochMs = nowEpochMs;
    return this.on({ type: 'tick' });
  }

  request(request: CheckpointRequest): this {
    return this.on({ type: 'request', request });
  }

  savepoint(requestId: string, type: 'SAVEPOINT' | 'SAVEPOINT_SUSPEND' | 'SAVEPOINT_TERMINATE') {
    return this.request({ requestId, type, directory: `/sp/${requestId}` });
  }

  ack(checkpointId: number, key: string, change: Partial<SubtaskStateRecord> = {}): this {
    return this.on({ type: 'ack', checkpointId, state: share(key, change), stats: STATS });
  }

  /** Everybody still waited for acknowledges; the commands are those of the last ack. */
  ackAll(checkpointId: number, change: Partial<SubtaskStateRecord> = {}): this {
    this.on({ type: 'enumerators-stored', checkpointId, sources: [] });
    const pending = this.state.pending.find((p) => p.checkpointId === checkpointId);
    for (const key of pending?.waitingFor ?? []) this.ack(checkpointId, key, change);
    return this;
  }

  stored(checkpointId: number): this {
    return this.on({ type: 'stored', checkpointId, path: `/dir/job/chk-${checkpointId}` });
  }

  complete(checkpointId: number, change: Partial<SubtaskStateRecord> = {}): this {
    return this.ackAll(checkpointId, change).stored(checkpointId);
  }

  decline(checkpointId: number, key = 'map/0', error: StreamErrorRecord = BOOM): this {
    return this.on({ type: 'decline', checkpointId, task: ref(key), error });
  }

  /** Of the last step. */
  get types(): string[] {
    return this.commands.map(({ type }) => type).filter((type) => type !== 'tick-at');
  }

  of<T extends CheckpointCommand['type']>(type: T): Extract<CheckpointCommand, { type: T }>[] {
    return this.all.filter((c): c is Extract<CheckpointCommand, { type: T }> => c.type === type);
  }

  get pendingIds(): number[] {
    return this.state.pending.map(({ checkpointId }) => checkpointId);
  }

  get retainedIds(): number[] {
    return this.state.retained.map(({ checkpointId }) => checkpointId);
  }

  get triggeredIds(): number[] {
    return this.of('trigger').map(({ barrier }) => barrier.checkpointId);
  }

  /** The code of an error, or the path. */
  answerTo(requestId: string): string | undefined {
    const answers = this.of('answer').filter((command) => command.requestId === requestId);
    return answers.map(({ outcome }) => outcomeText(outcome)).join();
  }

  get jobFailures(): string[] {
    return this.of('fail-job').map(({ error }) => error.code);
  }
}

function outcomeText(outcome: CheckpointAnswer): string {
  return 'error' in outcome ? outcome.error.code : outcome.path;
}
