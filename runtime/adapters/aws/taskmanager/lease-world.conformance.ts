/**
 * Jobs over TaskManagers as they run in functions: the production JobMaster here, the production
 * leases with real threads beside it, and between them a fake of SQS. Real time, short leases.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { type BlobStore, CheckpointStore } from '../../../checkpoint/index.ts';
import { generatorSource, printSink } from '../../../connectors/index.ts';
import { Configuration, defined, type Logger } from '../../../core/index.ts';
import { type JobResult, TransientJournal } from '../../../jobmaster/index.ts';
import { WatermarkStrategy } from '../../../time/index.ts';
import { NodeFileSystem, SystemClock, SystemRng, SystemTimers } from '../../local/index.ts';
import { planJob } from '../../local/job-runner.ts';
import { createJobMaster } from '../../local/start-job.ts';
import { MemoryBlobStore } from '../../memory/memory-blob-store.ts';
import { MemoryRowStore } from '../../memory/memory-row-store.ts';
import { SeededRng } from '../../memory/virtual-time.ts';
import { AwsCalls } from '../aws-calls.ts';
import { FakeSqs, type FakeSqsFaults, NO_FAULTS } from '../inbox/fake-sqs.conformance.ts';
import { createSqsClient } from '../inbox/index.ts';
import type { LeaseAnswer, LeaseRequest } from '../messages.ts';
import { LeaseLauncher } from './lease-launcher.conformance.ts';
import { type LambdaTaskManagerParts, runLease } from './run-lease.ts';
import type { SlotStarted } from './slot-started.ts';

const URLS = 'http://127.0.0.1:1/000000000000';
/** However slow the machine is. */
const LEASE_MS = 50_000;
const SLOT_THREAD = new URL('../../../../functions/taskmanager/slot.worker.ts', import.meta.url);

export interface WordCountRun {
  /** Of the source and of the counts. */
  readonly parallelism: number;
  readonly slotsPerTaskManager: number;
  readonly records: number;
  readonly ratePerSecond: number;
  /** When leases begin to hand over, about. */
  readonly handOverMs: number;
  /** User code for each count; `once` is the name of a file that is not there at first. */
  readonly onCount?: string;
  readonly faults?: FakeSqsFaults;
  /** @defaultValue more than any run needs */
  readonly memoryMb?: number;
  /** Restarts before the job fails. @defaultValue as jobs have it */
  readonly attempts?: number;
  /** Of an invocation. @defaultValue more than any run needs */
  readonly remainingMs?: number;
  /** What TaskManagers have in its stead. */
  readonly taskManagerBlobs?: (blobs: BlobStore) => BlobStore;
  readonly seed?: number;
}

/** Everything that counted, in the order it was written: `word count`. */
export interface WordCounts {
  readonly result: JobResult;
  readonly lines: readonly string[];
}

export class LeaseWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'sluice-lease-'));
  readonly clock = new SystemClock();
  readonly timers = new SystemTimers();
  readonly blobs = new MemoryBlobStore();
  readonly rows = new MemoryRowStore();
  readonly logs: string[] = [];
  readonly answers: (LeaseRequest & { readonly outcome: string })[] = [];
  /** How late hand-overs were. */
  readonly rollOvers: number[] = [];
  readonly started: SlotStarted[] = [];
  fake = new FakeSqs({ ...this.#world(), rng: new SeededRng(1) });
  readonly #leases = new Set<Promise<unknown>>();
  #run: WordCountRun | undefined;
  #runs = 0;
  #threadUrl: URL | undefined;

  /** Bundles what slots' threads load: a thread starts ten times as fast. */
  async open(): Promise<this> {
    const outfile = join(this.directory, 'slot-thread.mjs');
    await build({
      entryPoints: [SLOT_THREAD.pathname],
      ...{ outfile, bundle: true, platform: 'node', format: 'esm', target: 'node24' },
      ...{ external: ['esbuild'], conditions: ['sluice-source'], logLevel: 'silent' },
    });
    this.#threadUrl = pathToFileURL(outfile);
    return this;
  }

  /** Of the last run. */
  async completedCheckpoints(): Promise<number> {
    const jobId = String(this.#runs - 1).padStart(32, '0');
    const { rows, blobs } = this;
    const parts = { rows, blobs, jobId, directory: 'checkpoints' };
    return (await (await CheckpointStore.open(parts)).nextCheckpointId()) - 1;
  }

  /** Programs that leases have fetched and not removed. */
  get bundles(): readonly string[] {
    return readdirSync(this.directory).filter((name) => name.startsWith('sluice-'));
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Counts words, exactly once if all is well. */
  async countWords(
    run: WordCountRun,
    onLaunch: (launcher: LeaseLauncher, attempt: number) => void = () => undefined,
  ): Promise<WordCounts> {
    this.#run = run;
    for (const list of [this.answers, this.rollOvers, this.started]) list.length = 0;
    const jobId = String(this.#runs++).padStart(32, '0');
    const output = join(this.directory, jobId);
    mkdirSync(output);
    const rng = new SeededRng(run.seed ?? 1);
    this.fake = new FakeSqs({ ...this.#world(), rng, faults: run.faults ?? NO_FAULTS });
    const graph = await this.#graph(run, output);
    const storage = {
      ...{ blobs: this.blobs, rows: this.rows, directory: 'checkpoints' },
      close: async () => undefined,
    };
    await this.blobs.put(`jobs/${jobId}/bundle.mjs`, Buffer.from(jobText(run, output)));
    const parts = { ...storage, jobId };
    const checkpointStore = await CheckpointStore.open(parts);
    const master = await createJobMaster({
      ...{ jobId, graph: graph.graph, configuration: graph.configuration },
      ...{ parallelism: {}, storage, journal: new TransientJournal(), isRecovered: false },
      launcherOf: () =>
        new LeaseLauncher({
          ...{ fake: this.fake, blobs: this.blobs, checkpointStore, onLaunch },
          record: {
            slotsPerTaskManager: run.slotsPerTaskManager,
            bundleLocation: `jobs/${jobId}/bundle.mjs`,
            configuration: graph.configuration.toJSON(),
          },
          jobId,
          inboxUrlOf: (taskManager) => inboxUrlOf(jobId, taskManager),
          coordinatorQueueUrl: `${URLS}/coordinator.fifo`,
          runLease: (request) => this.runLease(request),
        }),
      ...{ clock: this.clock, timers: this.timers, rng: new SystemRng(), logger: this.#logger() },
      fileSystem: new NodeFileSystem(),
      onPrint: () => undefined,
      onDeliver: () => undefined,
    });
    const result = await master.run();
    return { result, lines: linesIn(output) };
  }

  /** What {@link leaseParts} are for. */
  prepare(run: WordCountRun): void {
    this.#run = run;
  }

  /** Settles when no lease is under way. */
  async settled(): Promise<void> {
    while (this.#leases.size > 0) await Promise.allSettled(this.#leases);
  }

  runLease(request: LeaseRequest): Promise<LeaseAnswer> {
    const lease = this.#runLease(request).finally(() => this.#leases.delete(lease));
    this.#leases.add(lease);
    return lease;
  }

  async #runLease(request: LeaseRequest): Promise<LeaseAnswer> {
    const aborted = new AbortController();
    const parts = this.leaseParts(aborted);
    try {
      const answer = await runLease(parts, request, this.#run?.remainingMs ?? 60_000);
      this.answers.push({ ...request, outcome: answer.outcome });
      return answer;
    } catch (thrown) {
      const code = (thrown as { readonly code?: string }).code ?? String(thrown);
      this.answers.push({ ...request, outcome: code });
      throw thrown;
    }
  }

  leaseParts(aborted: AbortController): LambdaTaskManagerParts {
    const run = defined(this.#run, 'a run has begun');
    const rng = new SystemRng();
    const { signal } = aborted;
    const blobs: BlobStore = run.taskManagerBlobs?.(this.blobs) ?? this.blobs;
    const { inlineLimitBytes } = blobs;
    const tier = inlineLimitBytes === undefined ? {} : { inlineLimitBytes };
    const sqs = createSqsClient({
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      requestHandler: this.fake,
    });
    return {
      settings: {
        jobsDirectory: 'jobs',
        framesDirectory: 'frames',
        leaseMs: LEASE_MS,
        leaseMarginMs: LEASE_MS - run.handOverMs,
        memoryMb: run.memoryMb ?? 4096,
        taskSlots: run.slotsPerTaskManager,
        temporaryDirectory: this.directory,
        metricsIntervalMs: 10_000,
      },
      network: {
        sqs,
        calls: new AwsCalls({ ...this.#world(), rng, signal }),
        settings: {
          packing: { unitBytes: 65_536, lingerMs: 5, claimBytes: 2_000, maxClaimBytes: 1_000_000 },
          inbox: { pollS: 20, visibilityS: 1, deleteLingerMs: 50 },
          maxInFlight: 2,
          reportLingerMs: 5,
          metricsLingerMs: 10_000,
        },
        inboxUrlOf,
        deadLetterUrl: `${URLS}/inbox-dlq`,
        coordinatorQueueUrl: `${URLS}/coordinator.fifo`,
      },
      ...{ rows: this.rows, blobs, tier, rng, ...this.#world() },
      files: new NodeFileSystem(),
      slotThreadUrl: defined(this.#threadUrl, 'it is open'),
      logger: this.#logger(),
      metrics: {
        rollOverLate: (lateMs) => void this.rollOvers.push(lateMs),
        slotStarted: (started) => void this.started.push(started),
      },
      abortCalls: () => aborted.abort(),
    };
  }

  #world(): Pick<LambdaTaskManagerParts, 'clock' | 'timers'> {
    return { clock: this.clock, timers: this.timers };
  }

  #logger(): Logger {
    return {
      log: (level, message, fields) => {
        this.logs.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
      },
    };
  }

  /** As the client plans it. */
  async #graph(run: WordCountRun, output: string) {
    const path = join(output, 'job.mjs');
    writeFileSync(path, jobText(run, output));
    const api = { Configuration, generatorSource, printSink, WatermarkStrategy };
    Object.assign(globalThis, { [Symbol.for('sluice.api')]: api });
    const configuration = Configuration.fromRecord({});
    return await planJob({ bundlePath: path, args: [], configuration });
  }
}

function linesIn(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith('counts-'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').trim().split('\n'));
}

export function inboxUrlOf(jobId: string, taskManager: number): string {
  return `${URLS}/p-i-${jobId}-${taskManager}`;
}

/** What comes out when every record is counted once. */
export function expectedLines(records: number): readonly string[] {
  const counts = new Map<string, number>();
  return Array.from({ length: records }, (_, i) => {
    const word = `w${i % 37}`;
    counts.set(word, (counts.get(word) ?? 0) + 1);
    return `${word} ${counts.get(word)}`;
  });
}

function jobText(run: WordCountRun, directory: string): string {
  const { parallelism, records, ratePerSecond, onCount = '', attempts } = run;
  const strategy =
    attempts === 0
      ? "env.configure(Configuration.fromRecord({ 'restart-strategy.type': 'none' }));"
      : '';
  return `
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
const sluice = globalThis[Symbol.for('sluice.api')];
const { Configuration, generatorSource, printSink, WatermarkStrategy } = sluice;
let file;
export default function job(env) {
  env.setParallelism(${parallelism});
  env.enableCheckpointing(100);
  ${strategy}
  env
    .fromSource(
      generatorSource({
        generate: (i) => ({ word: 'w' + (i % 37), n: 1, filler: 'x'.repeat(i % 200) }),
        count: ${records},
        ratePerSecond: ${ratePerSecond},
      }),
      WatermarkStrategy.noWatermarks(),
      'words',
    )
    .uid('words')
    .keyBy('word')
    .reduce((a, b) => ({ word: a.word, n: a.n + b.n, filler: b.filler }))
    .uid('counts')
    .map((count) => {
      const once = ${JSON.stringify(directory)} + '/once';
      ${onCount}
      file ??= ${JSON.stringify(directory)} + '/counts-' + Math.random();
      appendFileSync(file, count.word + ' ' + count.n + '\\n');
      return count;
    })
    .filter(() => false)
    .sinkTo(printSink());
}
`;
}
