/** Where the coordinator's words go. Every send may happen twice; who receives drops the second. */
import type { WakeUps } from '../../../jobmaster/index.ts';
import type { SlotCommand } from '../../../protocol/index.ts';
import type { CoordinatorMessage, PreviewAnswer, PreviewRequest } from '../messages.ts';
import type { AttemptRecord } from '../taskmanager/index.ts';

/** A command to one slot. */
export interface AddressedCommand {
  readonly slotIndex: number;
  /** From 0 in every attempt. */
  readonly sequence: number;
  readonly command: SlotCommand;
}

/** Port: the inboxes of a job's TaskManagers. */
export interface CommandSender {
  /** In order. @throws {StreamError} `INBOX_NOT_WRITABLE` */
  sendCommands(
    to: { readonly jobId: string; readonly attempt: number; readonly taskManager: number },
    commands: readonly AddressedCommand[],
  ): Promise<void>;
}

/** Port: makes and deletes inboxes. */
export interface Inboxes {
  /** Those of TaskManagers `from` to `to`, without `to`; one that is there is fine. */
  create(jobId: string, from: number, to: number): Promise<void>;
  /** Those below `count`; one that is gone is fine. */
  delete(jobId: string, count: number): Promise<void>;
}

/** Port: what the TaskManagers of an attempt are started from. */
export interface AttemptWriter {
  writeAttempt(record: AttemptRecord): Promise<void>;
}

/** Port: the state machines. A token that is over is passed over. */
export interface StateMachines {
  succeed(taskToken: string, output: unknown): Promise<void>;
  fail(taskToken: string, code: string, reason: string): Promise<void>;
  /** One that runs or ran under this name is fine. */
  start(name: string, input: unknown): Promise<void>;
  /** Ends an execution; one that has ended, or never was, is fine. */
  stop(name: string, code: string, reason: string): Promise<void>;
}

/** Port: looks at programs that are not run. */
export interface Previews {
  /** @throws {StreamError} what is not the program's fault. */
  preview(request: PreviewRequest['preview']): Promise<PreviewAnswer>;
}

/**
 * Port: what wakes jobs that hibernate, by a `wake` into the coordinator's queues. Needs: one that
 * is armed says so at least once, a minute late at most.
 */
export interface WakeUpSchedules {
  /** Those of an arming that are there are fine. @throws {StreamError} `WAKE_UP_NOT_ARMED` */
  arm(jobId: string, wakeUps: WakeUps): Promise<void>;
  /**
   * Those of no other arming. One that is gone is fine.
   *
   * @param armed what may still be; undefined: nobody knows.
   */
  disarm(jobId: string, arming: number, armed?: WakeUps): Promise<void>;
}

/** Port: the queues of the coordinator. */
export interface CoordinatorQueues {
  /** @param id the queue drops a message of the same id for five minutes. */
  send(message: CoordinatorMessage, id: string): Promise<void>;
  tick(message: CoordinatorMessage, delayS: number): Promise<void>;
  /** Lets nobody else receive them for so long. @param handles of receipts, ten at most. */
  hide(from: 'jobs' | 'ticks', handles: readonly string[], forS: number): Promise<void>;
  /** Deletes messages of jobs. @param handles of receipts, ten at most. */
  done(handles: readonly string[]): Promise<void>;
  /** Puts a message aside that nobody can take. */
  bury(from: 'jobs' | 'ticks', body: string, group: string, reason: string): Promise<void>;
}

/** Port: metrics of the cluster. */
export interface MetricSink {
  add(metric: MetricName, value: number): void;
}

export type MetricName =
  | 'NumberOfFailedCheckpoints'
  | 'NumberOfCompletedCheckpoints'
  | 'lastCheckpointDuration'
  | 'JobFailed'
  | 'LeaseRollOverLateMs'
  | 'SlotStartMs'
  | 'CoordinatorTurnMs'
  | 'PoisonMessages'
  | 'MessageReceives';
