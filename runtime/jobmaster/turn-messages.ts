/**
 * What a job's master hears and says when it works in turns: the messages of its queue, and what
 * is sent once a turn is written. Plain JSON.
 */
import type { StreamErrorRecord } from '../core/index.ts';
import type { JobGraphOverrides } from '../graph/index.ts';
import type { SlotCommand, SlotReport } from '../protocol/index.ts';
import type { WakeUps } from './hibernation.ts';

/** What clients ask of a job. */
export type ClientRequest =
  | { readonly type: 'cancel' }
  | { readonly type: 'stop'; readonly drain: boolean; readonly targetDirectory?: string }
  | { readonly type: 'savepoint'; readonly targetDirectory?: string }
  | { readonly type: 'checkpoint'; readonly full: boolean }
  /** By vertex id; the others keep theirs. */
  | { readonly type: 'rescale'; readonly parallelism: Readonly<Record<string, number>> };

/** Messages to a job. They arrive in the order of their senders, perhaps more than once. */
export type TurnMessage =
  /** Who runs attempts is ready for the next; the answer comes under its token. */
  | {
      readonly type: 'next';
      readonly taskToken: string;
      readonly execution: string;
      /** Attempts this execution has run; it is continued before its history is full. */
      readonly rounds: number;
      /** Which of the job's executions it is. @defaultValue 0, the first */
      readonly continuation?: number;
    }
  | {
      readonly type: 'reports';
      readonly attempt: number;
      readonly lease: number;
      readonly slotIndex: number;
      /** Of the first report, from 0 in every attempt; a slot's reports come in order. */
      readonly sequence: number;
      readonly reports: readonly SlotReport[];
    }
  /** A TaskManager is gone. */
  | {
      readonly type: 'lost';
      readonly attempt: number;
      readonly slotIndexes: readonly number[];
      readonly error: StreamErrorRecord;
    }
  | {
      readonly type: 'request';
      /** A request is carried out once. */
      readonly requestId: string;
      readonly request: ClientRequest;
      /** A state machine waits for the answer, too. */
      readonly taskToken?: string;
    }
  /** The job could not be planned. */
  | { readonly type: 'not-planned'; readonly error: StreamErrorRecord }
  /** Something has come for a job that hibernates, or somebody wants it to run. */
  | {
      readonly type: 'wake';
      /** Of the wake-up that says so; absent: somebody asks. */
      readonly arming?: number;
    }
  /** Something is due, by the clock of who asked for it. */
  | { readonly type: 'tick'; readonly atEpochMs: number };

/** What to do next, for who runs attempts. */
export type NextStep =
  | { readonly action: 'RUN'; readonly attempt: number }
  /** Go on in a new execution. */
  | { readonly action: 'CONTINUE' }
  /** Nothing runs until the job wakes: end; a new execution begins then. */
  | { readonly action: 'HIBERNATE' }
  | { readonly action: 'END'; readonly status: string };

export type ClientAnswer =
  | { readonly path?: string; readonly checkpointId?: number }
  | { readonly error: StreamErrorRecord };

/** What every TaskManager of an attempt has to know; durable before it may run. */
export interface AttemptRecord {
  readonly attempt: number;
  readonly overrides: JobGraphOverrides;
  /** Hash of the JobGraph with these overrides. */
  readonly graphHash: string;
  readonly slotIndexes: readonly number[];
  /** A checkpoint or savepoint; absent: the attempt begins without state. */
  readonly restoredFrom?: RestoredFrom;
}

export interface RestoredFrom {
  /** Of its directory. */
  readonly path: string;
  readonly allowNonRestoredState: boolean;
}

/** Sent after a turn is written, in this order, at least once. */
export type TurnEffect =
  | { readonly type: 'attempt'; readonly record: AttemptRecord }
  | {
      readonly type: 'command';
      readonly slotIndex: number;
      readonly attempt: number;
      /** From 0 in every attempt: the slot takes each once, in order. */
      readonly sequence: number;
      readonly command: SlotCommand;
    }
  | { readonly type: 'next'; readonly taskToken: string; readonly step: NextStep }
  /** Start this execution, and end the one before it: it does not come back. */
  | {
      readonly type: 'replace';
      readonly continuation: number;
      /** It runs slots that were given up; otherwise nobody knows what has become of it. */
      readonly isStuck: boolean;
    }
  | {
      readonly type: 'answer';
      readonly requestId: string;
      readonly taskToken?: string;
      readonly answer: ClientAnswer;
    }
  /** Send a `tick` then. */
  | { readonly type: 'tick'; readonly atEpochMs: number }
  /** Begin an execution, which asks what is next. One of this number is begun once. */
  | { readonly type: 'execute'; readonly continuation: number }
  /** Send a `wake` when one of these says so. Before anything else of the turn is sent. */
  | { readonly type: 'arm'; readonly wakeUps: WakeUps }
  /** Those of this number; there may be none. */
  /** `armed` absent: nobody knows any more what was. */
  | { readonly type: 'disarm'; readonly arming: number; readonly armed?: WakeUps };
