/**
 * A process that runs jobs as their JobMaster: takes over what its predecessors left in the job
 * rows, and goes on with it.
 *
 * I1  A job is run only after the rows were taken over: whatever a predecessor, dead or stalled,
 *     still writes fails at the fence.
 * I2  How a job has ended is in its row before it counts.
 */
import { createJobMaster } from '../adapters/index.ts';
import { type BlobStore, type JobRecord, JobStore, type StoredJob } from '../checkpoint/index.ts';
import { Configuration, type FileSystem, isStreamError, toStreamError } from '../core/index.ts';
import type { StreamGraph } from '../graph/index.ts';
import { DispatcherJournal, type JobMaster } from '../jobmaster/index.ts';
import type { OwnedRows } from './owned-rows.ts';
import type { BugSwitch } from './planted-bugs.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';
import { SimSlotLauncher } from './sim-slot-launcher.ts';

export interface MasterHostParts {
  readonly host: SimProcess;
  readonly network: SimNetwork;
  readonly blobs: BlobStore;
  readonly rows: OwnedRows;
  readonly fileSystem: FileSystem;
  readonly checkpointDirectory: string;
  readonly graphOf: (jobId: string) => StreamGraph;
  readonly placeSlot: () => string | undefined;
  readonly bugs: BugSwitch;
  /** Another process has taken the jobs over: this one is of no use any more. */
  readonly onFenced: () => void;
}

const RETRY_MS = 5;
const TERMINAL = new Set(['FINISHED', 'CANCELED', 'FAILED']);

export function isTerminalRecord({ status }: JobRecord): boolean {
  return TERMINAL.has(status);
}

export class SimMasterHost {
  readonly host: SimProcess;
  readonly #parts: MasterHostParts;
  readonly #store: JobStore;
  readonly #masters = new Map<string, JobMaster>();
  readonly #begun = new Set<string>();
  readonly #owning = Promise.withResolvers<void>();

  constructor(parts: MasterHostParts) {
    this.#parts = parts;
    this.host = parts.host;
    this.#store = new JobStore(parts.rows, parts.host.name);
  }

  /** I1. Goes on with every job that has not ended. */
  async start(): Promise<void> {
    await this.#retried(() => this.#parts.rows.takeOver());
    this.#owning.resolve();
    const jobs = await this.#retried(() => this.#store.list());
    for (const stored of jobs) this.#begin(stored);
  }

  /** A new job, or one whose submission was not answered. */
  async submit(job: JobRecord): Promise<void> {
    await this.#owning.promise;
    const written = await this.#retried(() => this.#store.create(job));
    if (written.type === 'written') this.#begin({ job, version: written.version });
    else if (written.type === 'fenced') this.#parts.onFenced();
    else if (written.current !== undefined) this.#begin(written.current);
  }

  masterOf(jobId: string): JobMaster | undefined {
    return this.#masters.get(jobId);
  }

  #begin(stored: StoredJob): void {
    const { jobId } = stored.job;
    if (isTerminalRecord(stored.job) || this.#begun.has(jobId)) return;
    this.#begun.add(jobId);
    this.#run(stored).catch((thrown: unknown) => {
      const { world, name } = this.host;
      world.trace(`${name} gives up job ${jobId}: ${String(thrown)}`);
      if (isStreamError(thrown) && thrown.kind === 'fenced') {
        this.#parts.onFenced();
        return;
      }
      world.violate(`job ${jobId} could not be run: ${String(thrown)}`);
    });
  }

  async #run(stored: StoredJob): Promise<void> {
    const { world, name } = this.host;
    const { jobId } = stored.job;
    const { rows } = this.#parts;
    const journal = await this.#retried(() =>
      DispatcherJournal.takeOver(rows, this.#store, stored),
    );
    const master = await this.#createMaster(stored.job, journal);
    if (master === undefined) return;
    this.#masters.set(jobId, master);
    world.trace(`${name} runs ${jobId}`);
    const { status, error } = await master.run();
    this.#masters.delete(jobId);
    world.trace(`${name} ended ${jobId} ${status} ${error?.code ?? ''}`);
    if (error?.kind === 'fenced') {
      this.#parts.onFenced();
      return;
    }
    if (error !== undefined) world.trace(`root cause ${error.code} ${error.message}`);
    // I2.
    await this.#retried(() => journal.update({ status }));
  }

  /** Undefined: the job cannot start from what it is to start from. */
  async #createMaster(job: JobRecord, journal: DispatcherJournal): Promise<JobMaster | undefined> {
    const { host, network, fileSystem, placeSlot, blobs, rows, bugs } = this.#parts;
    const { jobId, parallelism } = job;
    const { clock, timers, rng, world } = host;
    const configuration = Configuration.fromRecord(job.configuration as Record<string, string>);
    const directory = this.#parts.checkpointDirectory;
    const start = {
      ...{ jobId, graph: this.#parts.graphOf(jobId), configuration, parallelism },
      storage: { blobs, rows, directory, close: async () => {} },
      journal: bugs.journal(journal),
      isRecovered: job.status !== 'CREATED',
      launcherOf: () => new SimSlotLauncher({ jobId, host, network, placeSlot }),
      ...{ clock, timers, rng, fileSystem },
      logger: {
        log: (level: string, message: string) => world.trace(`${level} ${host.name} ${message}`),
      },
      onPrint: () => undefined,
      onDeliver: () => undefined,
    };
    try {
      return await this.#retried(() => createJobMaster(start));
    } catch (thrown) {
      const { kind, code, message } = toStreamError(thrown);
      // Who was replaced may find what its successor has deleted since; it cannot write so.
      if (kind !== 'invalid' && kind !== 'data') throw thrown;
      world.trace(`${host.name} refuses ${jobId} ${message}`);
      await this.#retried(() => journal.update({ status: 'FAILED', coordinator: { code } }));
      return undefined;
    }
  }

  /** Storage that does not answer is asked again. */
  async #retried<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (thrown) {
        if (!isStreamError(thrown) || !/^(unavailable|conflict)$/.test(thrown.kind)) throw thrown;
        await this.#pause();
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.host.timers.schedule(RETRY_MS, resolve);
    });
  }
}
