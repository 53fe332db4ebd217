/**
 * A process of the function that works for jobs in turns. What it does, production does, with
 * another way to its messages and words: `TurnTaker`, `TurnJournal`, `TurnMaster`.
 *
 * I1  A batch is deleted after everything that follows from it is written and sent.
 * I2  A record is JSON, and nobody changes it: the next turn may begin with the same value.
 */
import { isDeepStrictEqual } from 'node:util';
import { TurnMaster } from '../adapters/index.ts';
import { type BlobStore, JobStore, type RowStore } from '../checkpoint/index.ts';
import { Configuration, type FileSystem, isStreamError } from '../core/index.ts';
import type { StreamGraph } from '../graph/index.ts';
import {
  type JobMaster,
  type TurnEffect,
  type TurnHost,
  type TurnJournal,
  type TurnMasterParts,
  type TurnMessage,
  TurnObjects,
  type TurnRecord,
  TurnTaker,
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
  /** Above it, records of turns are objects. */
  readonly objectAboveBytes: number;
  readonly graphOf: (jobId: string) => StreamGraph;
  readonly send: (jobId: string, effects: readonly TurnEffect[]) => Promise<void>;
  readonly delete: (batch: Batch) => Promise<void>;
  readonly bugs: BugSwitch;
}

/** Where records of turns lie that are objects. */
export const TURN_DIRECTORY = '/data/jobs';
/** Attempts of one execution; few, so that executions end. */
const MAX_ROUNDS = 3;
/** Fewer than a schedule may have. */
const MAX_JOBS = 2;

export class SimTurnHost {
  readonly #parts: TurnHostParts;
  readonly #taker: TurnTaker<TurnMessage>;
  #isBusy = false;

  constructor(parts: TurnHostParts) {
    this.#parts = parts;
    const { host, blobs, objectAboveBytes, bugs, send } = parts;
    const { clock, timers, name } = host;
    const rows = bugs.turnRows(parts.rows, blobs, send);
    const asIs = async (bytes: Uint8Array): Promise<Uint8Array> => bytes;
    this.#taker = new TurnTaker({
      ...{ rows, clock, timers, maxRounds: MAX_ROUNDS, maxJobs: MAX_JOBS },
      jobs: new JobStore(rows, name),
      objects: new TurnObjects({
        ...{ blobs: bugs.turnBlobs(blobs, host), objectAboveBytes },
        ...{ directory: TURN_DIRECTORY, compress: asIs, decompress: asIs },
      }),
      hostOf: (jobId) => new SimTurnedJob({ ...parts, rows }, jobId),
    });
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
    await this.#taker.turn(batch.group, batch.messages);
    // I1.
    await this.#parts.delete(batch);
  }

  /** Its batch is given out again. */
  #giveUp({ receipt }: Batch, thrown: unknown): void {
    const { world, name } = this.host;
    world.trace(`${name} gives up batch ${receipt}: ${String(thrown)}`);
    const isExpected = isStreamError(thrown) && /^(unavailable|fenced|conflict)$/.test(thrown.kind);
    if (!isExpected) world.violate(`a turn failed: ${String(thrown)}`);
  }
}

/** What a process keeps of a job. */
class SimTurnedJob implements TurnHost<TurnMessage> {
  readonly #parts: TurnHostParts;
  readonly #jobId: string;
  #master: TurnMaster | undefined;
  /** In this turn. */
  #hasHeard = false;

  constructor(parts: TurnHostParts, jobId: string) {
    this.#parts = parts;
    this.#jobId = jobId;
  }

  async hear(
    _journal: TurnJournal,
    before: TurnRecord,
    messages: readonly TurnMessage[],
  ): Promise<readonly TurnMessage[]> {
    const { host } = this.#parts;
    if (!isDeepStrictEqual(JSON.parse(JSON.stringify(before)), before)) {
      host.world.violate('I2: a record is not JSON');
    }
    freeze(before);
    this.#hasHeard = true;
    return messages;
  }

  async createMaster(journal: TurnJournal, parts: TurnMasterParts): Promise<JobMaster> {
    const { bugs } = this.#parts;
    this.#master ??= this.#turnMaster(journal);
    const beforeStore = bugs.is('store-before-record')
      ? async (): Promise<boolean> => true
      : parts.turn.beforeStore;
    const { job, isRecovered } = journal;
    const asleep = parts.asleep && { asleep: bugs.asleep(parts.asleep) };
    return await this.#master.create(
      { ...parts, ...asleep, turn: { ...parts.turn, beforeStore } },
      { job, isRecovered, journal: bugs.journal(journal.journal) },
    );
  }

  async written(): Promise<void> {}

  async send(_journal: TurnJournal, effects: readonly TurnEffect[]): Promise<void> {
    const isAgain = !this.#hasHeard;
    this.#hasHeard = false;
    if (isAgain && this.#parts.bugs.is('forget-unsent-effects')) return;
    await this.#parts.send(this.#jobId, effects);
  }

  #turnMaster({ job }: TurnJournal): TurnMaster {
    const { host, blobs, rows, fileSystem, checkpointDirectory, graphOf } = this.#parts;
    const { clock, rng, world } = host;
    const logger = {
      log: (level: string, message: string) => world.trace(`${level} ${host.name} ${message}`),
    };
    return new TurnMaster(
      {
        ...{ blobs, rows, clock, rng, logger, fileSystem },
        checkpointsDirectory: checkpointDirectory,
        savepointsDirectory: checkpointDirectory,
      },
      {
        graph: graphOf(this.#jobId),
        configuration: Configuration.fromRecord(job.configuration as Record<string, string>),
      },
      this.#jobId,
    );
  }
}

/** I2: who changes it throws. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}
