/**
 * A process of the function that works for jobs in turns.
 *
 * I1  What the record of the turn before says is sent before anything else: whether that turn got
 *     to it nobody knows.
 * I2  A batch is deleted after everything that follows from it is written and sent.
 */
import { isDeepStrictEqual } from 'node:util';
import { createJobMaster } from '../adapters/index.ts';
import { type BlobStore, JobStore, type RowStore } from '../checkpoint/index.ts';
import { Configuration, type FileSystem, isStreamError } from '../core/index.ts';
import type { StreamGraph } from '../graph/index.ts';
import {
  type JobMaster,
  JobTurn,
  type TurnEffect,
  TurnJournal,
  type TurnMasterParts,
  type TurnRecord,
} from '../jobmaster/index.ts';
import type { BugSwitch } from './planted-bugs.ts';
import type { Batch } from './sim-fifo-queue.ts';
import type { SimProcess } from './sim-process.ts';

export interface TurnHostParts {
  readonly host: SimProcess;
  readonly blobs: BlobStore;
  readonly rows: RowStore;
  readonly fileSystem: FileSystem;
  readonly checkpointDirectory: string;
  readonly graphOf: (jobId: string) => StreamGraph;
  readonly send: (jobId: string, effects: readonly TurnEffect[]) => Promise<void>;
  readonly delete: (batch: Batch) => Promise<void>;
  readonly bugs: BugSwitch;
}

/** Attempts of one execution; few, so that executions end. */
const MAX_ROUNDS = 3;

export class SimTurnHost {
  readonly #parts: TurnHostParts;
  #turns = 0;
  #isBusy = false;

  constructor(parts: TurnHostParts) {
    this.#parts = parts;
  }

  get host(): SimProcess {
    return this.#parts.host;
  }

  /** As far as who hands out work knows. */
  get isFree(): boolean {
    return !this.#isBusy && this.host.state !== 'dead';
  }

  handle(batch: Batch): void {
    const { host } = this;
    this.#isBusy = true;
    host.enter(() => {
      this.#handle(batch)
        .catch((thrown: unknown) => this.#giveUp(batch, thrown))
        .finally(() => {
          this.#isBusy = false;
        });
    });
  }

  async #handle(batch: Batch): Promise<void> {
    const { rows, bugs, send } = this.#parts;
    const jobId = batch.group;
    this.#turns += 1;
    const writer = `${this.host.name}/${this.#turns}`;
    const jobs = new JobStore(rows, writer);
    const journal = await TurnJournal.claim({ rows, jobs, jobId, writer });
    const before = bugs.turnRecord(journal.record);
    // I1.
    if (!bugs.is('forget-unsent-effects')) await send(jobId, before.effects);
    const messages = bugs.turnMessages(before, batch.messages);
    const turn = this.#turn(journal, before);
    const record = await turn.run(messages);
    await send(jobId, record.effects);
    // I2.
    await this.#parts.delete(batch);
  }

  #turn(journal: TurnJournal, before: TurnRecord): JobTurn {
    const { bugs, send } = this.#parts;
    const { clock, timers, world, name } = this.host;
    const parts = {
      ...{ clock, timers },
      maxRounds: MAX_ROUNDS,
      ...(journal.ended === undefined ? {} : { ended: journal.ended }),
      createMaster: (master: TurnMasterParts) => this.#createMaster(journal, master),
      write: async (record: TurnRecord) => {
        const copy = JSON.parse(JSON.stringify(record)) as TurnRecord;
        if (!isDeepStrictEqual(copy, record)) world.violate(`a record is not JSON: ${name}`);
        if (bugs.is('send-before-write')) await send(journal.job.jobId, copy.effects);
        await journal.write(copy);
      },
      recordEnd: journal.recordEnd.bind(journal),
    };
    return new JobTurn(parts, before);
  }

  #createMaster(journal: TurnJournal, parts: TurnMasterParts): Promise<JobMaster> {
    const { host, fileSystem, blobs, rows, bugs } = this.#parts;
    const { job, isRecovered } = journal;
    const { jobId, parallelism } = job;
    const { clock, rng, world } = host;
    const { asleep, onAnswer, launcher, timers } = parts;
    const beforeStore = bugs.is('store-before-record')
      ? async (): Promise<void> => {}
      : parts.turn.beforeStore;
    return createJobMaster({
      ...{ jobId, graph: this.#parts.graphOf(jobId), parallelism, isRecovered },
      configuration: Configuration.fromRecord(job.configuration as Record<string, string>),
      storage: { blobs, rows, directory: this.#parts.checkpointDirectory, close: async () => {} },
      journal: bugs.journal(journal.journal),
      launcherOf: () => launcher,
      turn: { onAnswer, turn: { ...parts.turn, beforeStore }, ...(asleep ? { asleep } : {}) },
      ...{ clock, timers, rng, fileSystem },
      logger: {
        log: (level: string, message: string) => world.trace(`${level} ${host.name} ${message}`),
      },
      onPrint: () => undefined,
      onDeliver: () => undefined,
    });
  }

  /** Its batch is given out again. */
  #giveUp({ receipt }: Batch, thrown: unknown): void {
    const { world, name } = this.host;
    world.trace(`${name} gives up batch ${receipt}: ${String(thrown)}`);
    const isExpected = isStreamError(thrown) && /^(unavailable|fenced|conflict)$/.test(thrown.kind);
    if (!isExpected) world.violate(`a turn failed: ${String(thrown)}`);
  }
}
