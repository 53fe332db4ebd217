/** A world for tests of the JobMaster: slots that do as they are told, time that stands still. */
import { StreamExecutionEnvironment } from '../api/index.ts';
import {
  type CheckpointManifest,
  CheckpointStore,
  checkpointSettings,
  manifestLocation,
  openRestorePoint,
  type RowWrite,
  readManifest,
} from '../checkpoint/index.ts';
import type { EnumeratorContext, Source, SplitEnumerator } from '../connectors/index.ts';
import { Configuration, type ConfigValue, StreamError } from '../core/index.ts';
import type { StreamGraph } from '../graph/index.ts';
import {
  FaultyBlobStore,
  FaultyRowStore,
  MemoryBlobStore,
  MemoryFileSystem,
  MemoryRowStore,
} from '../testing/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { FakeLauncher } from './fake-slots.conformance.ts';
import { hibernationSettings } from './hibernation-settings.ts';
import type { JobJournal, JournalEntry } from './job-journal.ts';
import { JobMaster } from './job-master.ts';
import type { JobRestore, JobResult } from './job-master-parts.ts';
import type { JobPast } from './job-past.ts';
import { planJobExecution } from './job-plan.ts';
import type { TurnMasterParts } from './job-turn.ts';
import { ManualTime, settle } from './manual-time.conformance.ts';
import { restartSettings } from './restart-settings.ts';

export const CHECKPOINTS = '/checkpoints';

/** What happens to the enumerator of one source. */
export interface ScriptedSource {
  readonly name: string;
  readonly parallelism: number;
  readonly heard: string[];
  readonly contexts: EnumeratorContext<string>[];
  readonly script: Partial<SplitEnumerator<string, unknown>>;
  /** Makes `createEnumerator` throw. */
  createFails?: boolean;
}

export function scriptedSource(
  name: string,
  parallelism = 1,
  script: ScriptedSource['script'] = {},
): ScriptedSource {
  return { name, parallelism, heard: [], contexts: [], script };
}

function sourceOf(scripted: ScriptedSource): Source<number, string, unknown> {
  const { name, heard, contexts, script } = scripted;
  return {
    name,
    boundedness: 'CONTINUOUS_UNBOUNDED',
    createEnumerator: (ctx, state) => {
      heard.push(state === undefined ? 'new' : `restored ${JSON.stringify(state)}`);
      if (scripted.createFails === true) throw new Error(`no enumerator for ${name}`);
      contexts.push(ctx);
      return {
        start: () => {
          heard.push('start');
        },
        addReader: (subtaskIndex) => heard.push(`reader ${subtaskIndex}`),
        handleSplitRequest: (subtaskIndex) => heard.push(`request ${subtaskIndex}`),
        addSplitsBack: (splits, from) => heard.push(`back ${splits.join(' ')} from ${from}`),
        snapshotState: () => ({ of: name }),
        close: () => {
          heard.push('close');
        },
        ...script,
      };
    },
    createReader: () => {
      throw new Error('slots of this world read nothing');
    },
  };
}

/** A journal that keeps what it is given, and may be held or fenced. */
export class FakeJournal implements JobJournal {
  readonly entries: JournalEntry[] = [];
  lastAttempt = -1;
  past: JobPast | undefined;
  /** Awaited before an entry is kept. */
  gate: (entry: JournalEntry) => Promise<void> = () => Promise.resolve();
  /** How it has ended. */
  readonly ends: string[] = [];
  /** Awaited before an end is kept. */
  ending: () => Promise<void> = () => Promise.resolve();
  steps: readonly RowWrite[] = [];

  async record(entry: JournalEntry): Promise<void> {
    await this.gate(entry);
    this.entries.push(entry);
  }

  async end(status: string): Promise<void> {
    await this.ending();
    this.ends.push(status);
  }

  fence(): readonly RowWrite[] {
    return this.steps;
  }
}

export interface MasterOptions {
  readonly configuration?: Readonly<Record<string, ConfigValue>>;
  readonly isRecovered?: boolean;
  /** A directory to start from. */
  readonly restore?: { readonly path: string; readonly claimMode: 'CLAIM' | 'NO_CLAIM' };
  readonly jobId?: string;
  readonly parallelism?: Readonly<Record<string, number>>;
  readonly cancellationTimeoutMs?: number;
  /** @defaultValue true */
  readonly hasSavepointDirectory?: boolean;
  /** What a turn makes its master of. */
  readonly turn?: Partial<TurnMasterParts>;
}

const SETTINGS: Readonly<Record<string, ConfigValue>> = {
  'execution.checkpointing.interval': 100,
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': 5,
  'restart-strategy.fixed-delay.delay': 50,
};

const SAVEPOINTS = { 'execution.checkpointing.savepoint-dir': '/savepoints' };

export class MasterWorld {
  readonly time = new ManualTime();
  readonly storedBlobs: MemoryBlobStore;
  readonly blobs: FaultyBlobStore;
  readonly storedRows: MemoryRowStore;
  readonly rows: FaultyRowStore;
  readonly launcher: FakeLauncher;
  readonly journal = new FakeJournal();
  readonly fileSystem = new MemoryFileSystem();
  readonly logged: string[] = [];
  readonly sources: readonly ScriptedSource[];

  /** @param sources each begins a pipeline of its own: a region, when its parallelism is 1. */
  constructor(...sources: readonly ScriptedSource[]) {
    this.storedBlobs = new MemoryBlobStore();
    this.storedRows = new MemoryRowStore();
    this.blobs = new FaultyBlobStore(this.storedBlobs);
    this.rows = new FaultyRowStore(this.storedRows);
    this.launcher = new FakeLauncher(this.blobs);
    this.sources = sources.length > 0 ? sources : [scriptedSource('a')];
  }

  /** Another process's, with the same storage. */
  successor(...sources: readonly ScriptedSource[]): MasterWorld {
    const { storedBlobs, storedRows } = this;
    const world = new MasterWorld(...sources);
    return Object.assign(world, {
      storedBlobs,
      storedRows,
      blobs: new FaultyBlobStore(storedBlobs),
      rows: new FaultyRowStore(storedRows),
      launcher: new FakeLauncher(storedBlobs),
    });
  }

  /** Source, keyed map and sink, for each of the sources. */
  graph(): StreamGraph {
    const env = new StreamExecutionEnvironment();
    for (const scripted of this.sources) {
      const { name, parallelism } = scripted;
      env
        .fromSource(sourceOf(scripted), WatermarkStrategy.noWatermarks(), name)
        .uid(name)
        .setParallelism(parallelism)
        .keyBy((value) => value)
        .map((value) => value)
        .uid(`${name}-map`)
        .setParallelism(parallelism)
        .print()
        .uid(`${name}-print`)
        .setParallelism(parallelism);
    }
    return env.getStreamGraph();
  }

  async create(options: MasterOptions = {}): Promise<JobMaster> {
    const { time, blobs, rows, launcher, journal, fileSystem } = this;
    const { jobId = 'job', isRecovered = false, parallelism = {} } = options;
    const configuration = Configuration.fromRecord({
      ...SETTINGS,
      ...(options.hasSavepointDirectory === false ? {} : SAVEPOINTS),
      ...options.configuration,
    });
    const checkpointStore = await CheckpointStore.open({
      blobs,
      rows,
      directory: CHECKPOINTS,
      jobId,
    });
    const graph = this.graph();
    const hibernation = hibernationSettings(configuration, graph);
    const restore = await this.#restoreOf(options);
    return new JobMaster({
      jobId,
      graph,
      plan: planJobExecution(graph, parallelism, restore?.manifest),
      launcher,
      clock: time,
      timers: time,
      rng: { next: () => 0.5 },
      // How the job's life is told is of no interest here.
      logger: {
        log: (level, message) => {
          if (level !== 'info') this.logged.push(`${level} ${message}`);
        },
      },
      fileSystem,
      blobs,
      checkpointStore,
      checkpointing: checkpointSettings(configuration),
      restart: restartSettings(configuration),
      journal,
      ...(restore === undefined ? {} : { restore }),
      isRecovered,
      cancellationTimeoutMs: options.cancellationTimeoutMs ?? 500,
      exceptionHistoryCount: 16,
      onPrint: () => undefined,
      onDeliver: () => undefined,
      ...(hibernation === undefined ? {} : { hibernation }),
      ...options.turn,
    });
  }

  /** Creates and runs a job; everything that needs no time has happened. */
  async start(options: MasterOptions = {}): Promise<MasterRun> {
    const run = new MasterRun(await this.create(options));
    await settle();
    return run;
  }

  /** What is stored, below `/`. */
  async locations(): Promise<readonly string[]> {
    return (await this.storedBlobs.list('')).map(({ location }) => location);
  }

  /** The last parts of the directories of checkpoints and savepoints that exist. */
  async checkpoints(): Promise<readonly string[]> {
    const manifests = (await this.locations()).filter((location) =>
      location.endsWith('/_metadata'),
    );
    return manifests.map((location) => location.split('/').at(-2) ?? '');
  }

  manifest(path: string): Promise<CheckpointManifest> {
    return readManifest(this.storedBlobs, manifestLocation(path));
  }

  /** Lets no manifest be put until the function is called. */
  holdManifests(): () => void {
    const { storedBlobs } = this;
    const put = storedBlobs.put.bind(storedBlobs);
    const gate = Promise.withResolvers<void>();
    storedBlobs.put = async (location, bytes) => {
      if (location.endsWith('/_metadata')) await gate.promise;
      await put(location, bytes);
    };
    return () => gate.resolve();
  }

  async #restoreOf({ restore }: MasterOptions): Promise<JobRestore | undefined> {
    if (restore === undefined) return undefined;
    const point = await openRestorePoint(this.blobs, restore.path);
    return { ...point, claimMode: restore.claimMode, allowNonRestoredState: false };
  }
}

/** A job under way. */
export class MasterRun {
  readonly master: JobMaster;
  readonly result: Promise<JobResult>;
  #ended: JobResult | undefined;

  constructor(master: JobMaster) {
    this.master = master;
    this.result = master.run();
    this.result.then(
      (result) => {
        this.#ended = result;
      },
      () => undefined,
    );
  }

  get status(): string {
    return this.master.status;
  }

  /** Undefined: it has not ended. */
  get ended(): JobResult | undefined {
    return this.#ended;
  }
}

/** What a request is answered: its value, or its code. */
export class Answer<T> {
  readonly answers: (T | string)[] = [];

  constructor(asked: Promise<T>) {
    asked.then(
      (value) => this.answers.push(value),
      (thrown: unknown) =>
        this.answers.push(thrown instanceof StreamError ? thrown.code : String(thrown)),
    );
  }
}

/** Storage that holds a savepoint of another job. */
export async function withSavepoint(): Promise<{ world: MasterWorld; path: string }> {
  const world = new MasterWorld();
  const run = await world.start({ jobId: 'old' });
  const path = await run.master.triggerSavepoint();
  run.master.cancel();
  await run.result;
  return { world, path };
}
