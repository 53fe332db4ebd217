/** A world for tests of turns: what is written is JSON, what was sent is looked at. */
import assert from 'node:assert/strict';
import type { Timers } from '../core/index.ts';
import type { SlotCommand, SlotReport, SubtaskRef } from '../protocol/index.ts';
import {
  type MasterOptions,
  MasterWorld,
  type ScriptedSource,
} from './job-master-world.conformance.ts';
import { JobTurn, NEW_TURN_RECORD, type TurnEnd, type TurnRecord } from './job-turn.ts';
import { settle } from './manual-time.conformance.ts';
import type { ClientRequest, TurnEffect, TurnMessage } from './turn-messages.ts';

const MAX_ROUNDS = 2;

export class TurnWorld {
  readonly master: MasterWorld;
  readonly options: MasterOptions;
  record: TurnRecord = NEW_TURN_RECORD;
  /** All that was written, repeated turns included. */
  readonly writes: TurnRecord[] = [];
  readonly ends: TurnEnd[] = [];
  /** Awaited before a record is kept. */
  writing: (record: TurnRecord) => Promise<void> = async () => {};
  /** Says that the job is over. */
  ended: TurnEnd | undefined;
  /** Thrown in place of the next masters. */
  refusal: Error | undefined;
  /** Effects of all turns whose record counts, in order. */
  readonly sent: TurnEffect[] = [];
  readonly #nextReports = new Map<string, number>();

  constructor(sources: readonly ScriptedSource[] = [], options: MasterOptions = {}) {
    this.master = new MasterWorld(...sources);
    this.options = options;
  }

  /** One turn, whose effects are sent. @returns them. */
  async turn(...messages: readonly TurnMessage[]): Promise<readonly TurnEffect[]> {
    const record = await this.running(...messages);
    assert.deepEqual(record, this.record);
    this.sent.push(...record.effects);
    return record.effects;
  }

  /** One turn; whether it gets to its end is its own affair. */
  async running(...messages: readonly TurnMessage[]): Promise<TurnRecord> {
    const { time } = this.master;
    const turn = new JobTurn(
      {
        clock: time,
        timers: this.#timers,
        maxRounds: MAX_ROUNDS,
        isRecovered: this.writes.length > 0,
        ...(this.ended === undefined ? {} : { ended: this.ended }),
        createMaster: (parts) => {
          if (this.refusal !== undefined) return Promise.reject(this.refusal);
          return this.master.create({ ...this.options, turn: parts });
        },
        write: async (record) => {
          await this.writing(record);
          const copy = JSON.parse(JSON.stringify(record)) as TurnRecord;
          assert.deepEqual(copy, record);
          this.writes.push(copy);
          this.record = copy;
        },
        recordEnd: async (end) => void this.ends.push(end),
      },
      this.record,
    );
    return await turn.run(JSON.parse(JSON.stringify(messages)) as TurnMessage[]);
  }

  /** The job runs its first attempt, started by execution `e`. */
  async run(): Promise<void> {
    await this.turn(this.next(0));
    await this.turn(...this.all({ type: 'running' }));
  }

  next(rounds: number, execution = 'e', continuation = 0): TurnMessage {
    const taskToken = `${execution}/${rounds}`;
    return { type: 'next', taskToken, execution, rounds, continuation };
  }

  /** Of a slot of the present attempt. */
  reports(slotIndex: number, ...reports: readonly SlotReport[]): TurnMessage {
    const { attempt } = this;
    const key = `${attempt}/${slotIndex}`;
    const sequence = this.#nextReports.get(key) ?? 0;
    this.#nextReports.set(key, sequence + reports.length);
    return { type: 'reports', attempt, lease: 0, slotIndex, sequence, reports };
  }

  /** Of every slot. */
  all(report: SlotReport): readonly TurnMessage[] {
    return this.slotIndexes.map((slotIndex) => this.reports(slotIndex, report));
  }

  /** Acknowledgements of all tasks of all slots. */
  acks(checkpointId: number): readonly TurnMessage[] {
    return this.slotIndexes.map((slotIndex) =>
      this.reports(slotIndex, ...this.tasksOf(slotIndex).map((task) => ackOf(task, checkpointId))),
    );
  }

  request(requestId: string, request: ClientRequest): TurnMessage {
    return { type: 'request', requestId, request, taskToken: `of ${requestId}` };
  }

  lost(...slotIndexes: readonly number[]): TurnMessage {
    const error = { kind: 'unavailable', code: 'GONE', message: 'gone', details: {} } as const;
    return { type: 'lost', attempt: this.attempt, slotIndexes, error };
  }

  get attempt(): number {
    return this.record.slots?.slots[0]?.attempt ?? -1;
  }

  get slotIndexes(): readonly number[] {
    return (this.record.slots?.slots ?? []).map(({ slotIndex }) => slotIndex);
  }

  /** Those that its checkpoints know. */
  tasksOf(slotIndex: number): readonly SubtaskRef[] {
    const tasks = this.record.asleep?.checkpoints.state.tasks ?? [];
    return tasks
      .filter(({ subtaskIndex }) => subtaskIndex === slotIndex)
      .map(({ vertexId, subtaskIndex }) => ({ vertexId, subtaskIndex }));
  }

  get status(): string | undefined {
    return this.record.asleep?.state.status ?? this.record.end?.status;
  }

  /** Time passes, and the tick comes that was asked for. */
  async tick(ms: number): Promise<readonly TurnEffect[]> {
    await this.master.time.advance(ms);
    return await this.turn({ type: 'tick', atEpochMs: this.record.tickAtEpochMs ?? 0 });
  }

  /** Zero time is real here, all else is the world's. */
  get #timers(): Timers {
    const { time } = this.master;
    return {
      schedule: (delayMs, callback) => {
        if (delayMs > 0) return time.schedule(delayMs, callback);
        const waiting = setImmediate(() => settle().then(callback));
        return () => clearImmediate(waiting);
      },
    };
  }
}

export function commandsOf(effects: readonly TurnEffect[]): readonly SlotCommand[] {
  return effects.flatMap((effect) => (effect.type === 'command' ? [effect.command] : []));
}

/** `attempt next`, by their types; commands by theirs. */
export function typesOf(effects: readonly TurnEffect[]): string {
  return effects.map((e) => (e.type === 'command' ? e.command.type : e.type)).join(' ');
}

export function answersOf(effects: readonly TurnEffect[]): readonly unknown[] {
  return effects.flatMap((effect) => {
    if (effect.type !== 'answer') return [];
    const { requestId, answer } = effect;
    return ['error' in answer ? `${requestId} ${answer.error.code}` : { requestId, ...answer }];
  });
}

export function stepsOf(effects: readonly TurnEffect[]): readonly unknown[] {
  return effects.flatMap((e) => (e.type === 'next' ? [{ to: e.taskToken, ...e.step }] : []));
}

function ackOf(task: SubtaskRef, checkpointId: number): SlotReport {
  const operator = { operatorId: task.vertexId, keyedStates: [], keyedSegments: [] };
  const operators = [{ ...operator, operatorStates: [] }];
  const state = { ...task, finished: false, operators, channels: [] };
  return { type: 'checkpoint-ack', checkpointId, state, stats: STATS };
}

const STATS = {
  startDelayMs: 0,
  alignmentMs: 0,
  syncMs: 0,
  asyncMs: 0,
  checkpointedSizeBytes: 0,
  stateSizeBytes: 0,
  processedDuringAlignmentBytes: 0,
  persistedDuringAlignmentBytes: 0,
  unaligned: false,
};
