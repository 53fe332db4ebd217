/** The processes of a simulated cluster, and what they share: network, stores, jobs. */
import { MemoryFileSystem } from '../adapters/index.ts';
import { StreamExecutionEnvironment } from '../api/index.ts';
import {
  assignState,
  attemptKey,
  type BlobStore,
  CheckpointStore,
  checkpointDirectory,
  type JobRecord,
  JobStore,
  manifestLocation,
  readManifest,
  type StoredJob,
} from '../checkpoint/index.ts';
import { Configuration, defined, isStreamError } from '../core/index.ts';
import {
  buildExecutionGraph,
  type ExecutionGraph,
  generateJobGraph,
  type JobGraphOverrides,
  type StreamGraph,
} from '../graph/index.ts';
import { type AttemptRecord, type RestoredFrom, slotIdleAfterMs } from '../jobmaster/index.ts';
import type { LeaveRecord, RestoredSubtaskState } from '../protocol/index.ts';
import { buildSlot, type Slot } from '../taskmanager/index.ts';
import { ChannelAudit } from './channel-audit.ts';
import { ExternalStore } from './external-store.ts';
import { type FaultPlan, leaseMsOnceHealed } from './fault-plan.ts';
import {
  FaultyBlobStore,
  FaultyCalls,
  FaultyRowStore,
  GOOD_STORE,
  STORE_OUTAGE,
  type StoreFaults,
} from './faulty-stores.ts';
import { withForgetfulTimers } from './forgetful-timers.ts';
import { buildSimJob } from './job-builder.ts';
import { CHECKPOINT_DIRECTORY, type SimConfiguration } from './job-settings.ts';
import type { JobSpec } from './job-spec.ts';
import { VisibleOutputAudit } from './output-audit.ts';
import { OwnedRows } from './owned-rows.ts';
import type { BugSwitch } from './planted-bugs.ts';
import { SimArrivals } from './sim-arrivals.ts';
import { masterControl, type SimJobControl } from './sim-job-control.ts';
import type { LeasedSlotParts, SimSlotPorts } from './sim-leased-slot.ts';
import { SimMasterHost } from './sim-master-host.ts';
import { SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { type LaunchRequest, SimSlotHost } from './sim-slot-host.ts';
import { SimReportSender, SimTurnSlotHost } from './sim-turn-slots.ts';
import { SimTurns, type TurnProcess } from './sim-turns.ts';
import type { SimWorld } from './sim-world.ts';
import { AuditedStorage } from './storage-audit.ts';

/** Until a process that was fenced is started again. */
const RESTART_MS = 20;
/** How many schedules run jobs whose masters work in turns. */
const IN_TURNS_RATE = 0.4;

/** What a job is to start from. */
export interface RestoreSettings {
  readonly path: string;
  readonly claimMode: 'CLAIM' | 'NO_CLAIM';
  readonly allowNonRestoredState: boolean;
}

/** What a job is submitted with. */
export interface SimSubmission {
  readonly jobId: string;
  readonly spec: JobSpec;
  readonly configuration: SimConfiguration;
  readonly restore?: RestoreSettings;
}

interface SlotHostPlace {
  host: SimProcess;
  address: string;
}

export class SimCluster {
  readonly world: SimWorld;
  readonly network: SimNetwork;
  readonly storage: AuditedStorage;
  readonly external: ExternalStore;
  readonly visible: VisibleOutputAudit;
  readonly #channels: ChannelAudit;
  readonly #plan: FaultPlan;
  readonly #bugs: BugSwitch;
  readonly #arrivals: SimArrivals;
  readonly #jobs = new Map<string, SimSubmission>();
  readonly #fileSystem = new MemoryFileSystem();
  readonly #taskManagers: SlotHostPlace[] = [];
  /** By job and overrides; plain values, the same in every slot. */
  readonly #executionGraphs = new Map<string, ExecutionGraph>();
  #jobManager: SimMasterHost | undefined;
  /** Instead of it, in a part of the schedules. */
  readonly #turns: SimTurns | undefined;
  #turnHosts: SimTurnSlotHost[] = [];
  #storeFaults: StoreFaults;
  #healedAtMs: number | undefined;
  #incarnations = 0;
  #nextPlace = 0;

  constructor(world: SimWorld, plan: FaultPlan, bugs: BugSwitch) {
    this.world = world;
    this.#plan = plan;
    this.#bugs = bugs;
    this.#arrivals = new SimArrivals(() => world.nowMs);
    this.#storeFaults = plan.store;
    this.network = new SimNetwork(world, plan.network, bugs);
    const violate = (what: string): void => world.violate(what);
    this.storage = new AuditedStorage({ directory: CHECKPOINT_DIRECTORY, violate });
    this.visible = new VisibleOutputAudit(violate);
    this.external = new ExternalStore(violate, (transaction) => this.visible.visible(transaction));
    this.#channels = new ChannelAudit(violate);
    for (let i = 0; i < plan.taskManagerCount; i += 1) {
      this.#taskManagers.push(this.#startTaskManager(i));
    }
    if (world.rng.stream('in turns').chance(IN_TURNS_RATE)) this.#turns = this.#startTurns();
    else this.#jobManager = this.#startJobManager();
  }

  taskManagers(): readonly SimProcess[] {
    return this.#taskManagers.map(({ host }) => host);
  }

  jobManager(): SimProcess {
    return defined(this.#turns?.host ?? this.#jobManager?.host, 'a cluster has a JobManager');
  }

  get isInTurns(): boolean {
    return this.#turns !== undefined;
  }

  /** Undefined: nobody can be asked anything of the job now. */
  controlOf(jobId: string): SimJobControl | undefined {
    if (this.#turns !== undefined) {
      return this.#turns.controlOf(jobId, () => this.#vertexIds(jobId));
    }
    const host = this.#jobManager?.host;
    const master = this.#jobManager?.masterOf(jobId);
    if (master === undefined || host?.state !== 'alive') return undefined;
    return masterControl(master, host);
  }

  /** Its submission may be lost with the process. */
  isForgotten(jobId: string): boolean {
    return this.#jobManager !== undefined && this.#jobManager.masterOf(jobId) === undefined;
  }

  /** Everybody knows how every job has ended. */
  async isOver(): Promise<boolean> {
    const statusOf = async (jobId: string) => (await this.stored(jobId))?.job.status;
    return (await this.#turns?.isOver(statusOf)) ?? true;
  }

  /** Nothing goes wrong from now on. */
  heal(): void {
    this.#healedAtMs = this.world.nowMs;
    this.network.heal();
    this.#turns?.heal();
    this.#storeFaults = GOOD_STORE;
  }

  replace(host: SimProcess): void {
    if (this.#turns?.replace(host) === true) return;
    if (host === this.#jobManager?.host) {
      this.#jobManager = this.#startJobManager();
      return;
    }
    const index = this.#taskManagers.findIndex((place) => place.host === host);
    if (index >= 0) this.#taskManagers[index] = this.#startTaskManager(index);
  }

  /** The program is known from now on; the row may come later, or never. */
  submit(submission: SimSubmission): void {
    const { jobId } = submission;
    this.#jobs.set(jobId, submission);
    const job = {
      ...{ jobId, name: `job-${jobId}`, status: 'CREATED', attempt: 0 },
      ...{ submittedAtEpochMs: this.world.nowMs, bundleLocation: '', args: [] },
      configuration: recordedConfiguration(submission),
      ...{ parallelism: {}, coordinator: null },
    };
    if (this.#turns !== undefined) this.#submitToTurns(this.#turns, job);
    const manager = this.#jobManager;
    manager?.host.enter(() => {
      manager.submit(job).catch((thrown: unknown) => {
        if (isStreamError(thrown) && thrown.kind === 'fenced') return;
        this.world.violate(`submit: ${String(thrown)}`);
      });
    });
  }

  #submitToTurns(turns: SimTurns, job: JobRecord): void {
    new JobStore(this.storage.rows, 'client').create(job).then(
      () => turns.begin(job.jobId),
      (thrown: unknown) => this.world.violate(`submit: ${String(thrown)}`),
    );
  }

  /** The newest completed checkpoint of a job, past all faults. */
  async newestCheckpoint(jobId: string): Promise<string | undefined> {
    const { blobs, rows } = this.storage;
    const parts = { blobs, rows, directory: CHECKPOINT_DIRECTORY, jobId };
    return (await (await CheckpointStore.open(parts)).latest())?.path;
  }

  /** The job's row, past all faults. */
  stored(jobId: string): Promise<StoredJob | undefined> {
    return new JobStore(this.storage.rows, 'auditor').get(jobId);
  }

  get #healedForMs(): number {
    return this.world.nowMs - (this.#healedAtMs ?? this.world.nowMs);
  }

  #host(name: string): SimProcess {
    this.#incarnations += 1;
    const skewMs = this.world.rng.stream(`skew ${this.#incarnations}`).int(0, this.#plan.maxSkewMs);
    return new SimProcess(this.world, `${name}#${this.#incarnations}`, skewMs);
  }

  #blobs(calls: FaultyCalls): BlobStore {
    return new FaultyBlobStore(this.storage.blobStore(), calls, this.#plan.inlineLimitBytes);
  }

  #startJobManager(): SimMasterHost {
    const host = this.#host('jm');
    const calls = new FaultyCalls(host, () => this.#storeFaults);
    const rows = new FaultyRowStore(this.storage.rowStore(this.#incarnations), calls);
    const onFenced = (): void => {
      host.kill();
      this.world.schedule(RESTART_MS, 'restart fenced', () => this.replace(host));
    };
    const manager = new SimMasterHost({
      host,
      network: this.network,
      blobs: this.#bugs.jobManagerBlobs(this.#blobs(calls)),
      rows: new OwnedRows(this.#bugs.jobManagerRows(rows), host.name),
      fileSystem: this.#fileSystem,
      checkpointDirectory: CHECKPOINT_DIRECTORY,
      graphOf: (jobId) => this.#graphOf(jobId, host),
      placeSlot: () => this.#placeSlot(),
      bugs: this.#bugs,
      onFenced,
    });
    manager.start().catch((thrown: unknown) => {
      if (isStreamError(thrown) && thrown.kind === 'fenced') onFenced();
      else this.world.violate(`start: ${String(thrown)}`);
    });
    return manager;
  }

  #startTurns(): SimTurns {
    return new SimTurns({
      ...{ world: this.world, plan: this.#plan, network: this.network, rows: this.storage.rows },
      startProcess: () => this.#startTurnProcess(),
      bugs: this.#bugs,
      arrivals: this.#arrivals,
      sourcesOf: (jobId) => this.#jobs.get(jobId)?.spec.sources ?? [],
      setOutage: (isOut) => {
        this.#storeFaults = isOut ? STORE_OUTAGE : this.#plan.store;
      },
      taskManager: () => {
        this.#nextPlace += 1;
        return this.#turnHosts[this.#nextPlace % this.#turnHosts.length];
      },
    });
  }

  #startTurnProcess(): TurnProcess {
    const host = this.#host('turn');
    const calls = new FaultyCalls(host, () => this.#storeFaults);
    const rows = new FaultyRowStore(this.storage.turnStore(this.#incarnations), calls);
    return {
      ...{ host, calls, fileSystem: this.#fileSystem, bugs: this.#bugs },
      blobs: this.#bugs.jobManagerBlobs(this.#blobs(calls)),
      rows: this.#bugs.jobManagerRows(rows),
      checkpointDirectory: CHECKPOINT_DIRECTORY,
      objectAboveBytes: this.#plan.objectAboveBytes,
      graphOf: (jobId) => this.#graphOf(jobId, host),
    };
  }

  #vertexIds(jobId: string): readonly string[] {
    const graph = this.#graphOf(jobId, this.jobManager());
    return generateJobGraph(graph).vertices.map(({ id }) => id);
  }

  #startTaskManager(index: number): SlotHostPlace {
    const host = this.#host(`tm${index}`);
    const address = host.name;
    const calls = new FaultyCalls(host, () => this.#storeFaults);
    const blobs = this.#bugs.taskManagerBlobs(this.#blobs(calls), host);
    const parts: LeasedSlotParts = {
      host,
      network: this.network,
      blobs,
      rows: new FaultyRowStore(this.storage.leaseStore(), calls),
      fileSystem: this.#fileSystem,
      windowFrames: this.#plan.windowFrames,
      leaseMs: () => leaseMsOnceHealed(this.#plan, this.#healedForMs),
      audit: this.#channels,
      readCheckpoint: (request, checkpointId) =>
        this.#readCheckpoint(request, checkpointId, host, blobs),
      buildSlot: (...args) => this.#buildSlot(...args),
    };
    new SimSlotHost(parts, address);
    this.#turnHosts[index] = this.#turnSlotHost(parts, calls);
    return { host, address };
  }

  #turnSlotHost(parts: LeasedSlotParts, calls: FaultyCalls): SimTurnSlotHost {
    const { host, rows, blobs } = parts;
    return new SimTurnSlotHost({
      leased: {
        ...parts,
        openReports: (request, resume) =>
          new SimReportSender(host, request, resume, async (message) => {
            await this.#turns?.queue.send(calls, request.jobId, message);
          }),
      },
      launchOf: async (request) => {
        const { partitionKey, sortKey } = attemptKey(request.jobId, request.attempt);
        const row = await rows.get(partitionKey, sortKey);
        const record = defined(row, 'an attempt that runs is known').value as AttemptRecord;
        const { overrides, restoredFrom } = record;
        const launch = { ...request, overrides, restore: [] };
        const { jobGraph } = this.#executionGraphOf(
          request.jobId,
          this.#graphOf(request.jobId, host),
          overrides,
        );
        if (jobGraph.hash !== record.graphHash) this.world.violate('another graph is run');
        if (restoredFrom === undefined) return launch;
        return { ...launch, restore: await this.#readState(launch, restoredFrom, host, blobs) };
      },
    });
  }

  /** Round robin; whether it is alive shows itself. */
  #placeSlot(): string | undefined {
    this.#nextPlace += 1;
    return this.#taskManagers[this.#nextPlace % this.#taskManagers.length]?.address;
  }

  #graphOf(jobId: string, host: SimProcess): StreamGraph {
    const { spec, configuration } = defined(this.#jobs.get(jobId), 'a job was submitted');
    const env = new StreamExecutionEnvironment({
      configuration: Configuration.fromRecord(configuration),
    });
    const calls = new FaultyCalls(host, () => this.#storeFaults);
    buildSimJob(env, spec, {
      store: this.external,
      call: (label, act) => calls.call(label, true, async () => act()),
      violate: (what) => this.world.violate(what),
      pause: (delayMs) =>
        new Promise((resolve) => {
          host.timers.schedule(delayMs, resolve);
        }),
      bugs: this.#bugs,
      nowMs: () => this.world.nowMs,
      arrivals: this.#arrivals,
    });
    const graph = env.getStreamGraph(`job-${jobId}`);
    return this.#bugs.is('forget-timers') ? withForgetfulTimers(graph) : graph;
  }

  /** Slots of masters that do not work in turns say nothing of it. */
  #idlenessOf(jobId: string): { readonly idleAfterMs?: number } {
    const submission = this.#jobs.get(jobId);
    if (this.#turns === undefined || submission === undefined) return {};
    const idleAfterMs = slotIdleAfterMs(Configuration.fromRecord(submission.configuration));
    return idleAfterMs === undefined ? {} : { idleAfterMs };
  }

  #executionGraphOf(
    jobId: string,
    graph: StreamGraph,
    overrides: JobGraphOverrides,
  ): ExecutionGraph {
    const key = `${jobId} ${JSON.stringify(overrides)}`;
    const known = this.#executionGraphs.get(key);
    if (known !== undefined) return known;
    const built = buildExecutionGraph(generateJobGraph(graph, overrides));
    this.#executionGraphs.set(key, built);
    return built;
  }

  /** Each subtask's share of a checkpoint of the attempt that runs: nothing has to be checked. */
  async #readCheckpoint(
    request: LaunchRequest,
    checkpointId: number,
    host: SimProcess,
    blobs: BlobStore,
  ): Promise<readonly RestoredSubtaskState[]> {
    const path = checkpointDirectory(CHECKPOINT_DIRECTORY, request.jobId, checkpointId);
    return await this.#readState(request, { path, allowNonRestoredState: false }, host, blobs);
  }

  async #readState(
    { jobId, overrides }: LaunchRequest,
    { path, allowNonRestoredState }: RestoredFrom,
    host: SimProcess,
    blobs: BlobStore,
  ): Promise<readonly RestoredSubtaskState[]> {
    const manifest = await readManifest(blobs, manifestLocation(path));
    const { jobGraph } = this.#executionGraphOf(jobId, this.#graphOf(jobId, host), overrides);
    return assignState(manifest, jobGraph, { allowNonRestoredState }).subtasks;
  }

  #buildSlot(request: LaunchRequest, left: LeaveRecord | undefined, ports: SimSlotPorts): Slot {
    const { jobId, slotIndex, attempt, lease, overrides, restore } = request;
    const handOver = left?.slots[0];
    const { host, exchange, blobs, fileSystem, logger, report, wake } = ports;
    const graph = this.#graphOf(jobId, host);
    return buildSlot(
      {
        jobId,
        graph,
        executionGraph: this.#executionGraphOf(jobId, graph, overrides),
        slotIndex,
        attempt,
        lease,
        ...(handOver === undefined ? {} : { handOver }),
        restore: this.#bugs.restored(restore),
        checkpointing: true,
        bufferTimeoutMs: 2,
        autoWatermarkIntervalMs: 5,
        ...this.#idlenessOf(jobId),
      },
      {
        clock: host.clock,
        rng: host.rng,
        logger,
        fileSystem,
        blobs,
        exchange,
        reporter: { report },
        wake,
      },
    );
  }
}

/** As `sluice run` records it. */
function recordedConfiguration({ configuration, restore }: SimSubmission): SimConfiguration {
  if (restore === undefined) return configuration;
  return {
    ...configuration,
    'execution.state-recovery.path': restore.path,
    'execution.state-recovery.claim-mode': restore.claimMode,
    'execution.state-recovery.ignore-unclaimed-state': restore.allowNonRestoredState,
  };
}
