/**
 * Carries out what the checkpoint coordinator decides: snapshots enumerators, sends barriers,
 * writes manifests and log rows, drops and collects what is no longer needed, answers requests.
 *
 * Owns the coordinator's state. Crosses: the JobMaster tells what happens to tasks and what slots
 * report; nobody else changes the state.
 *
 * I1  Events are applied one at a time; commands are carried out in their order.
 * I2  A store is answered once. A checkpoint whose outcome is unknown counts as failed, and
 *     nothing it refers to is collected until the log decides.
 * I3  Regions are deployed only while no store is open ({@link JobCheckpoints.settled}).
 * I4  What a stop's savepoint lets sinks commit is in the log before: a process that takes the job
 *     over goes on from there, not from a checkpoint before it.
 * I5  Who is fenced deletes nothing, claimed savepoints included.
 * I6  In a turn, what is to be stored is in the turn's record before; an outcome that is unknown
 *     ends the turn, and the next one stores the same again. What the blob store does not take is
 *     not stored, unless an earlier turn has come as far as the log with it: that one fails.
 * I7  In a turn nothing is deleted but what the record says with which it began: what led to more
 *     may be decided otherwise when the turn is repeated.
 */
import {
  type CheckpointCommand,
  type CheckpointManifest,
  type CheckpointOccurrence,
  type CheckpointStatistics,
  type CheckpointsState,
  type CheckpointToStore,
  collectClaimed,
  decideCheckpoint,
  isStoring,
  isTerminated,
  manifestBlobs,
  manifestLocation,
  type RetainedCheckpoint,
  readManifest,
  toStoreOf,
  writeSavepoint,
} from '../checkpoint/index.ts';
import { isStreamError, toStreamError } from '../core/index.ts';
import {
  type CheckpointBarrier,
  type CheckpointType,
  isSavepoint,
  type SubtaskRef,
} from '../protocol/index.ts';
import type { CheckpointReport, JobCheckpointsParts, MasterTurn } from './job-checkpoints-parts.ts';
import { jobEnded, jobFenced } from './job-errors.ts';
import { tellOfCheckpoints } from './life-log.ts';
import type { Cleaning, SleepingCheckpoints } from './sleeping-job.ts';
import { packStatistics } from './sleeping-statistics.ts';

export class JobCheckpoints {
  readonly #parts: JobCheckpointsParts;
  readonly #events: CheckpointOccurrence[] = [];
  #state: CheckpointsState;
  #applying = false;
  #cancelTick: (() => void) | undefined;
  #settling: (() => void)[] = [];
  /** Of savepoints that failed; their last blobs may have come after they were emptied. */
  readonly #discarded = new Set<string>();
  /** Drops and collections, one after the other. */
  #cleaning: Promise<void> = Promise.resolve();
  /** Of the cleaning, that has not come to its end. */
  #cleaningSteps = 0;
  #claimed: string | undefined;
  /** I7. Of the turn to come. */
  #left: Cleaning[] = [];

  constructor(parts: JobCheckpointsParts) {
    this.#parts = parts;
    this.#state = parts.initial;
    this.#claimed = parts.claimed;
    for (const directory of parts.discarded ?? []) this.#discarded.add(directory);
    // Of a state that comes from an earlier turn.
    if (parts.initial.wakeUpEpochMs !== undefined) this.#tickAt(parts.initial.wakeUpEpochMs);
  }

  /** Goes on with what an earlier turn had begun to store, or left to clean. */
  wake(): void {
    const { pending, tasks } = this.#state;
    for (const one of pending) {
      if (one.phase === 'STORING') void this.#store(toStoreOf(one, tasks), true);
    }
    for (const cleaning of this.#parts.cleanings ?? []) this.#cleanNow(cleaning);
  }

  /** It waits for its turn, or is being carried out. */
  knows(requestId: string): boolean {
    const { pending, requests, stop } = this.#state;
    return [...pending, ...requests, { requestId: stop?.requestId }].some(
      (waiting) => waiting.requestId === requestId,
    );
  }

  get statistics(): CheckpointStatistics {
    return this.#state.statistics;
  }

  /** One could begin, and nobody waits for another. */
  get mayHibernate(): boolean {
    const { status, stop, requests, tasks } = this.#state;
    const isFree = status === 'RUNNING' && stop === undefined && requests.length === 0;
    return isFree && tasks.every((task) => task.status !== 'ENDED');
  }

  /** A stop with a savepoint is under way: some tasks have drained, or wait for it. */
  get isStopping(): boolean {
    const { stop } = this.#state;
    return stop !== undefined && stop.phase !== 'STOPPING';
  }

  /** Nothing is answered any more. */
  get isOver(): boolean {
    return isTerminated(this.#state);
  }

  /** What a restart begins from. */
  get newest(): RetainedCheckpoint | undefined {
    return this.#state.retained.at(-1);
  }

  /** I1. */
  apply(occurrence: CheckpointOccurrence): void {
    this.#events.push(occurrence);
    if (this.#applying) return;
    this.#applying = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        const nowEpochMs = this.#parts.clock.nowEpochMs();
        const { state, commands } = decideCheckpoint(this.#state, { ...next, nowEpochMs }, (task) =>
          this.#parts.host.inputsOf(task),
        );
        tellOfCheckpoints(this.#parts.logger, this.#state.statistics, state.statistics);
        this.#state = state;
        this.#parts.past?.checkpointed(state.statistics);
        for (const command of commands) this.#execute(command);
      }
    } finally {
      this.#applying = false;
    }
    if (isStoring(this.#state)) return;
    for (const resolve of this.#settling.splice(0)) resolve();
  }

  /** What a slot says of its tasks and their checkpoints. */
  report(report: CheckpointReport): void {
    switch (report.type) {
      case 'task-ended':
      case 'task-finished':
        this.apply({ type: report.type, task: report.task });
        break;
      case 'checkpoint-ack': {
        const { checkpointId, state, stats } = report;
        this.apply({ type: 'ack', checkpointId, state, stats });
        break;
      }
      case 'checkpoint-declined': {
        const { checkpointId, task, error } = report;
        this.apply({ type: 'decline', checkpointId, task, error });
        break;
      }
      case 'checkpoint-wanted':
        this.apply({ type: 'wanted' });
        break;
    }
  }

  /** Resolves once no manifest or log row is being written. */
  async settled(): Promise<void> {
    if (!isStoring(this.#state)) return;
    await new Promise<void>((resolve) => this.#settling.push(resolve));
  }

  /** Nothing is being stored or deleted. */
  get isQuiet(): boolean {
    return !isStoring(this.#state) && this.#cleaningSteps === 0;
  }

  /** Resolves once nothing is being stored or deleted. */
  async quiet(): Promise<void> {
    while (!this.isQuiet) {
      await this.settled();
      await this.#cleaning;
    }
  }

  sleep(): SleepingCheckpoints {
    const { statistics, ...state } = this.#state;
    return {
      state,
      statistics: packStatistics(statistics),
      ...(this.#claimed === undefined ? {} : { claimed: this.#claimed }),
      discarded: [...this.#discarded],
      cleanings: [...this.#left],
    };
  }

  /**
   * After the job has ended and everything of it has stopped.
   *
   * @param isFinal nobody goes on with the job: what its retained checkpoints do not need goes.
   */
  async close(isFinal: boolean): Promise<void> {
    const { store, fence } = this.#parts;
    this.#cancelTick?.();
    await this.settled();
    if (isFinal) {
      for (const cleaning of this.#left) this.#cleanNow(cleaning);
      for (const directory of this.#discarded) this.#cleanNow({ type: 'discard', directory });
      this.#cleanUp(async () => {
        await store.dispose(this.#state.retained.length > 0, fence());
      });
    }
    await this.#cleaning;
  }

  #execute(command: CheckpointCommand): void {
    const { host } = this.#parts;
    switch (command.type) {
      case 'trigger':
        this.#trigger(command.barrier, command.tasks);
        break;
      case 'drain':
        host.broadcast({ type: 'drain' });
        break;
      case 'store':
        void this.#store(command.checkpoint);
        break;
      case 'notify-complete':
        host.checkpointComplete(command.checkpointId);
        host.broadcast({ type: 'checkpoint-complete', checkpointId: command.checkpointId });
        break;
      case 'notify-aborted':
        host.broadcast({ type: 'checkpoint-aborted', checkpointId: command.checkpointId });
        break;
      case 'answer':
        host.answered(command.requestId, command.outcome);
        break;
      case 'suspended':
        host.suspended();
        break;
      case 'not-suspended':
        host.notSuspended();
        break;
      case 'fail-job':
        host.fail(command.error);
        break;
      case 'drop':
        this.#clean({ type: 'drop', checkpoints: command.checkpoints });
        break;
      case 'discard':
        if (command.savepointDirectory === undefined) this.#clean({ type: 'collect' });
        else this.#clean({ type: 'discard', directory: command.savepointDirectory });
        break;
      case 'tick-at':
        this.#tickAt(command.epochMs);
        break;
    }
  }

  #trigger(barrier: CheckpointBarrier, tasks: readonly SubtaskRef[]): void {
    const { checkpointId } = barrier;
    try {
      const sources = this.#parts.host.snapshotSources(checkpointId);
      this.apply({ type: 'enumerators-stored', checkpointId, sources });
    } catch (thrown) {
      const error = toStreamError(thrown).toJSON();
      this.apply({ type: 'enumerators-failed', checkpointId, error });
      return;
    }
    this.#parts.host.trigger(barrier, tasks);
  }

  /** @param isRecorded the turn has begun with it. */
  async #store(checkpoint: CheckpointToStore, isRecorded = false): Promise<void> {
    const { checkpointId, checkpointType, directory } = checkpoint;
    const { turn } = this.#parts;
    try {
      if (!isRecorded && turn && !(await this.#record(turn))) throw jobEnded('');
      const manifest = this.#manifest(checkpoint);
      const path = isSavepoint(checkpointType)
        ? await this.#storeSavepoint(manifest, checkpointType, directory)
        : await this.#complete(manifest);
      this.apply({ type: 'stored', checkpointId, path });
    } catch (thrown) {
      // I6.
      if (turn !== undefined && (await this.#isUndecided(thrown, checkpointId, isRecorded))) {
        turn.abandon(toStreamError(thrown));
        return;
      }
      const error = toStreamError(thrown).toJSON();
      this.apply({ type: 'store-failed', checkpointId, error });
    }
    const isStop = isSavepoint(checkpointType) && checkpointType !== 'SAVEPOINT';
    if (!isStop || this.#state.stop?.checkpointId === checkpointId || this.isOver) return;
    // The job did not stop: the log goes on without it.
    this.#clean({ type: 'forget', checkpointId });
  }

  /** I6. */
  async #isUndecided(thrown: unknown, checkpointId: number, isRepeated: boolean): Promise<boolean> {
    if (!isStreamError(thrown) || !/^(unavailable|fenced)$/.test(thrown.kind)) return false;
    if (!/^BLOB_NOT_/.test(thrown.code)) return true;
    if (!isRepeated) return false;
    const logged = await this.#parts.store.list().catch(() => undefined);
    return logged?.some((other) => other.checkpointId === checkpointId) ?? true;
  }

  /** I6. Without a record nothing is stored, and nothing follows. */
  async #record(turn: MasterTurn): Promise<boolean> {
    try {
      return await turn.beforeStore();
    } catch (thrown) {
      turn.abandon(toStreamError(thrown));
      return await new Promise(() => {});
    }
  }

  async #storeSavepoint(
    manifest: CheckpointManifest,
    type: CheckpointType,
    directory: string,
  ): Promise<string> {
    const { blobs, store, fence, jobId } = this.#parts;
    if (await store.isFencedOff(fence())) throw jobFenced(jobId);
    await writeSavepoint(blobs, directory, manifest);
    // I4.
    if (type !== 'SAVEPOINT') await this.#complete({ ...manifest, kind: 'CHECKPOINT' });
    return directory;
  }

  async #complete(manifest: CheckpointManifest): Promise<string> {
    const { store, fence, jobId } = this.#parts;
    const result = await store.complete(manifest, fence());
    if (result.type === 'fenced') throw jobFenced(jobId);
    return result.path;
  }

  #manifest(checkpoint: CheckpointToStore): CheckpointManifest {
    const { jobId, jobName, host } = this.#parts;
    return {
      formatVersion: 1,
      kind: isSavepoint(checkpoint.checkpointType) ? 'SAVEPOINT' : 'CHECKPOINT',
      checkpointId: checkpoint.checkpointId,
      jobId,
      jobName,
      triggeredAtEpochMs: checkpoint.triggeredAtEpochMs,
      completedAtEpochMs: checkpoint.completedAtEpochMs,
      full: checkpoint.full,
      vertices: host.manifestVertices(checkpoint.subtasks),
      sources: checkpoint.sources,
    };
  }

  #tickAt(epochMs: number): void {
    const { timers, clock } = this.#parts;
    this.#cancelTick?.();
    const delayMs = Math.max(0, epochMs - clock.nowEpochMs());
    this.#cancelTick = timers.schedule(delayMs, () => this.apply({ type: 'tick' }));
  }

  /** I7. */
  #clean(cleaning: Cleaning): void {
    if (cleaning.type === 'discard') this.#discarded.add(cleaning.directory);
    const isEnding = this.isOver || this.#state.endStatus !== undefined;
    const isKept = this.#parts.turn !== undefined && !isEnding;
    if (isKept) this.#left.push(cleaning);
    else this.#cleanNow(cleaning);
  }

  #cleanNow(cleaning: Cleaning): void {
    this.#cleanUp(() => this.#carryOut(cleaning));
  }

  async #carryOut(cleaning: Cleaning): Promise<void> {
    const { store, fence, blobs } = this.#parts;
    switch (cleaning.type) {
      case 'drop':
        for (const { checkpointId, claimed } of cleaning.checkpoints) {
          if (claimed === true) continue;
          if ((await store.drop(checkpointId, fence())) === 'fenced') return;
        }
        await this.#collect();
        break;
      case 'forget':
        await store.drop(cleaning.checkpointId, fence());
        break;
      case 'collect':
        await this.#collect();
        break;
      case 'discard':
        // A savepoint that was not completed is garbage as a whole.
        for (const { location } of await blobs.list(cleaning.directory)) {
          await blobs.delete(location);
        }
    }
  }

  async #collect(): Promise<void> {
    const { store, fence, host, blobs, jobId } = this.#parts;
    const pendingIds = this.#state.pending.map(({ checkpointId }) => checkpointId);
    const { type } = await store.collectGarbage({
      attemptsInUse: host.attemptsInUse(),
      pendingIds,
      fence: fence(),
    });
    // I5.
    if (type === 'fenced' || this.#claimed === undefined) return;
    const isInUse = this.#state.retained.some(({ path }) => path === this.#claimed);
    if (isInUse) return;
    const needed = new Set<string>();
    // With those whose drop still waits, and those that may yet turn out to be complete.
    const live = [...(await store.list()), ...this.#state.retained].map(({ path }) => path);
    for (const path of new Set([...live, ...store.undecidedPaths])) {
      const manifest = await readManifest(blobs, manifestLocation(path));
      for (const location of manifestBlobs(manifest).keys()) needed.add(location);
    }
    const { done } = await collectClaimed(blobs, this.#claimed, jobId, needed);
    if (done) this.#claimed = undefined;
  }

  /** What cannot be deleted now stays for the next collection. */
  #cleanUp(work: () => Promise<void>): void {
    const { logger, jobId } = this.#parts;
    this.#cleaningSteps += 1;
    this.#cleaning = this.#cleaning
      .then(work)
      .catch((thrown: unknown) => {
        const reason = isStreamError(thrown) ? thrown.message : String(thrown);
        logger.log('warn', 'what checkpoints left behind could not be deleted', { jobId, reason });
      })
      .then(() => {
        this.#cleaningSteps -= 1;
      });
  }
}
