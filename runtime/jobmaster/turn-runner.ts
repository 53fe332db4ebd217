/**
 * Who runs the attempts of a job, as its turns see it: an execution of a state machine, which asks
 * what to run under a token, runs it and asks again.
 *
 * I1  A question is known by its token and heard once, however often its message comes. Requests of
 *     clients are counted elsewhere: however many there are, none makes a question new again.
 * I2  Another token is another question, even within a round: whoever asks waits under the newest
 *     one, and what was answered under those before was not heard.
 * I3  One that does not come back for an attempt that waits, or for the end of its job, is replaced
 *     by the next execution: a TaskManager that hangs would keep it until its invocation ends. The
 *     attempt fences what it still runs. Whoever asks after a later one was begun is told to end.
 * I4  One that was told to rest has ended. The next is begun once there is something to do.
 */
import { crc32 } from 'node:zlib';
import type { TurnEffect, TurnMessage } from './turn-messages.ts';

export type Question = Extract<TurnMessage, { readonly type: 'next' }>;

/** Between turns. Plain JSON. */
export interface TurnRunnerRecord {
  /** The last questions, oldest first (I1). */
  readonly asked: readonly string[];
  /** Of the execution that asked last, or was started in its place. */
  readonly continuation: number;
  /** Executions started in another's place since somebody asked. */
  readonly replaced: number;
  /** An attempt waits, and nobody asks. */
  readonly waitsSinceEpochMs?: number;
  /** I4. */
  readonly isResting?: true;
}

/** Who waits for an answer. */
export interface WaitingRunner {
  readonly taskToken: string;
  readonly rounds: number;
}

/** More than come again together: a batch of the queue. */
const ASKED_COUNT = 20;
/** Within it an execution whose TaskManagers have all ended has asked again. */
const PATIENCE_MS = 60_000;
const MAX_PATIENCE_MS = 3_600_000;

export class TurnRunner {
  /** Undefined: nobody waits for an answer. */
  waiting: WaitingRunner | undefined;
  #record: TurnRunnerRecord | undefined;

  constructor(waiting: WaitingRunner | undefined, record: TurnRunnerRecord | undefined) {
    this.waiting = waiting;
    this.#record = record;
  }

  /** Undefined: nobody has asked yet. */
  get record(): TurnRunnerRecord | undefined {
    return this.#record;
  }

  /** `KNOWN`: heard before (I1); `OLD`: of one that was followed by another (I3). */
  hear(question: Question): 'NEW' | 'KNOWN' | 'OLD' {
    const { taskToken, rounds, continuation = 0 } = question;
    const { asked = [], continuation: newest = 0 } = this.#record ?? {};
    const name = nameOf(question);
    if (asked.includes(name)) return 'KNOWN';
    if (continuation < newest) return 'OLD';
    this.waiting = { taskToken, rounds };
    this.#record = { asked: [...asked, name].slice(-ASKED_COUNT), continuation, replaced: 0 };
    return 'NEW';
  }

  /** It was told to (I4). */
  rest(): void {
    if (this.#record !== undefined) this.#record = { ...this.#record, isResting: true };
  }

  /** There is something to run, or to end (I4). */
  begin(): readonly TurnEffect[] {
    if (this.#record?.isResting !== true) return [];
    const { isResting: _, ...record } = this.#record;
    const continuation = record.continuation + 1;
    this.#record = { ...record, continuation };
    return [{ type: 'execute', continuation }];
  }

  /**
   * The job has ended, and slots that were given up keep who runs them from asking what comes next
   * (I3). Once: later turns of the job know of no slots.
   */
  replace(): readonly TurnEffect[] {
    if (this.#record === undefined || this.waiting !== undefined) return [];
    const { continuation, replaced } = this.#record;
    const next = continuation + 1;
    this.#record = { ...this.#record, continuation: next, replaced: replaced + 1 };
    return [{ type: 'replace', continuation: next, isStuck: true }];
  }

  /**
   * An attempt waits for somebody to ask what to run, or none does (I3).
   *
   * @param isBlocked by slots that were given up: who runs them is not waited for.
   * @returns what is to be said, and when to look again.
   */
  watch(
    isAttemptWaiting: boolean,
    isBlocked: boolean,
    nowEpochMs: number,
  ): { readonly effects: readonly TurnEffect[]; readonly atEpochMs?: number } {
    if (this.#record === undefined) return { effects: [] };
    const { waitsSinceEpochMs, ...record } = this.#record;
    this.#record = record;
    if (!isAttemptWaiting || this.waiting !== undefined) return { effects: [] };
    const sinceEpochMs = waitsSinceEpochMs ?? nowEpochMs;
    const { continuation, replaced } = record;
    const patienceMs = Math.min(MAX_PATIENCE_MS, PATIENCE_MS * 2 ** replaced);
    const isStuck = isBlocked && replaced === 0;
    const atEpochMs = sinceEpochMs + (isStuck ? 0 : patienceMs);
    if (nowEpochMs < atEpochMs) {
      this.#record = { ...record, waitsSinceEpochMs: sinceEpochMs };
      return { effects: [], atEpochMs };
    }
    const next = continuation + 1;
    const since = { waitsSinceEpochMs: nowEpochMs };
    this.#record = { ...record, continuation: next, replaced: replaced + 1, ...since };
    const again = nowEpochMs + Math.min(MAX_PATIENCE_MS, PATIENCE_MS * 2 ** (replaced + 1));
    return { effects: [{ type: 'replace', continuation: next, isStuck }], atEpochMs: again };
  }
}

/** Short: tokens are up to 1,024 characters. */
function nameOf({ taskToken, execution, rounds, continuation = 0 }: Question): string {
  return `${continuation}.${rounds}.${crc32(`${execution} ${taskToken}`).toString(16)}`;
}
