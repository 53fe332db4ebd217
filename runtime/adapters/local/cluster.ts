/**
 * A cluster in one process on one data directory: dispatcher, REST interface, ownership.
 *
 * I1  Nothing is served before the jobs of the directory go on, and nothing is created before the
 *     port is had.
 * I2  Who loses the directory stops at once and says so by `lost`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { JobStore } from '../../checkpoint/index.ts';
import {
  type Clock,
  type Configuration,
  isStreamError,
  type Logger,
  type StreamError,
} from '../../core/index.ts';
import { type DispatchedJob, Dispatcher, jobHistorySettings } from '../../jobmaster/index.ts';
import { type ClusterJobs, webSettings } from '../http/index.ts';
import { ClientHeartbeats, type ClientHeartbeatsParts } from './client-heartbeats.ts';
import { type ListeningServer, listenCluster, type ServedPages } from './cluster-http-server.ts';
import { ClusterJars } from './cluster-jars.ts';
import { ClusterOperations } from './cluster-operations.ts';
import { ClusterPlanner } from './cluster-planner.ts';
import { ClusterTelemetry, type TelemetryModules } from './cluster-telemetry.ts';
import { DataDirectory } from './data-directory.ts';
import { dispatcherApi, jobsOf, outcomesOf } from './dispatcher-api.ts';
import { heartbeatSettings } from './inspection-settings.ts';
import { jobDefaults } from './job-defaults.ts';
import { type JobsToResume, jobsToResume } from './jobs-to-resume.ts';
import { NodeFileSystem } from './node-file-system.ts';
import { openPages } from './open-pages.ts';
import { openProcesses, type SeenProcesses } from './open-processes.ts';
import type { HeartbeatSettings } from './process-watch.ts';
import { type RestSettings, restSettings } from './rest-settings.ts';
import { SystemClock, SystemRng, SystemTimers } from './system-world.ts';

/** How often the owner of the directory is looked up. */
const OWNER_CHECK_MS = 1000;

export interface ClusterOptions {
  readonly dataDirectory: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly slotCount: number;
  /** The module of the slots' threads. */
  readonly slotWorkerUrl: URL;
  /** The module of the TaskManagers' processes. */
  readonly taskManagerUrl: URL;
  /** Where the web console was built to: without an index.html, there is none. */
  readonly consoleFolder: string;
  /** What its metrics are told with. */
  readonly telemetry: TelemetryModules;
  /** Of the process: `OTEL_…`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The cluster's own; what of it is for jobs is the default of each. */
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly version: string;
  /** What print sinks write. The promise, if any, holds them back. */
  readonly onPrint: (text: string) => Promise<void> | undefined;
}

export interface RunningCluster {
  readonly host: string;
  readonly port: number;
  /** Absolute. */
  readonly dataDirectory: string;
  /** Jobs that go on from an earlier process. */
  readonly resumed: JobsToResume;
  /** Settles when another process has taken the directory over. */
  readonly lost: Promise<StreamError>;
  /** Settles when a client has asked for the end of the cluster: it is to be closed. */
  readonly shutDownAsked: Promise<void>;
  /** What a process that is started now would go on with. */
  toResume(): Promise<JobsToResume>;
  /** Jobs that have something running: what {@link close} waits for. */
  running(): readonly Pick<DispatchedJob, 'jobId' | 'name'>[];
  /** Suspends the jobs and gives the directory up. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens the directory, resumes its jobs and serves.
 *
 * @throws {StreamError} as `DataDirectory.open` and {@link listenCluster}.
 */
export async function startCluster(options: ClusterOptions): Promise<RunningCluster> {
  const settings = restSettings(options.configuration, hostname());
  const watching = heartbeatSettings(options.configuration);
  const pages = await openPages(settings, options.consoleFolder);
  // I1.
  const server = await listenCluster(options.port, settings);
  try {
    return await startListening(options, server, { settings, watching, pages });
  } catch (thrown) {
    await server.close();
    throw thrown;
  }
}

interface CheckedOptions {
  readonly settings: RestSettings;
  readonly watching: HeartbeatSettings;
  readonly pages: readonly ServedPages[];
}

async function startListening(
  options: ClusterOptions,
  server: ListeningServer,
  { settings, watching, pages }: CheckedOptions,
): Promise<RunningCluster> {
  const data = await DataDirectory.open(options.dataDirectory);
  const clock = new SystemClock();
  const timers = new SystemTimers();
  const { configuration } = options;
  const newId = (): string => randomBytes(16).toString('hex');
  const seen = openProcesses(data, clock, options, newId);
  const { logger, taskManagers } = seen;
  const { planner, dispatcher } = openDispatcher(options, data, seen, {
    ...{ clock, timers, heartbeats: watching },
  });
  const heartbeats = heartbeatsOf(dispatcher, { clock, timers, logger });
  const operations = new ClusterOperations({ clock, logger, rows: data.rows });
  const asked = Promise.withResolvers<void>();
  const placeOf = placesOf(taskManagers);
  const telemetry = telemetryOf(options, jobsOf({ dispatcher, placeOf }), clock);
  const toResume = (): Promise<JobsToResume> => jobsToResume(dispatcher.list(), data);
  let resumed: JobsToResume;
  try {
    const jars = await openJars(data, settings, clock);
    await dispatcher.recover();
    await operations.recover(outcomesOf(dispatcher));
    resumed = await toResume();
    await telemetry.start();
    const api = dispatcherApi({
      ...{ dispatcher, planner, heartbeats, jars, clock, shutDown: asked.resolve },
      operations,
      version: options.version,
      dataDirectory: data.path,
      newId,
      metricsText: () => telemetry.text(),
      web: webSettings(configuration),
      jobDefaults: jobDefaults(configuration),
      placeOf,
      processes: seen.of(dispatcher),
    });
    const uploadPath = (): string => jars.temporaryPath();
    server.serve(api, { settings, pages, uploadPath });
  } catch (thrown) {
    await telemetry.stop();
    await dispatcher.shutdown();
    await data.close();
    throw thrown;
  }
  const ownership = watchOwner(data);
  const close = async (): Promise<void> => {
    ownership.stop();
    heartbeats.stop();
    await telemetry.stop();
    await server.close();
    await dispatcher.shutdown();
    seen.close();
    await data.close();
  };
  let closing: Promise<void> | undefined;
  return {
    host: server.host,
    port: server.port,
    dataDirectory: data.path,
    resumed,
    toResume,
    running: () => dispatcher.running,
    lost: ownership.lost,
    shutDownAsked: asked.promise,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function placesOf(taskManagers: SeenProcesses['taskManagers']): ClusterJobs['placeOf'] {
  return (jobId, slotIndex) => taskManagers.of(jobId, slotIndex)?.place;
}

function heartbeatsOf(
  dispatcher: Dispatcher,
  parts: Omit<ClientHeartbeatsParts, 'cancel'>,
): ClientHeartbeats {
  return new ClientHeartbeats({ ...parts, cancel: (jobId) => dispatcher.cancel(jobId) });
}

interface OwnTime {
  readonly clock: SystemClock;
  readonly timers: SystemTimers;
  readonly heartbeats: HeartbeatSettings;
}

/** Its jobs do not go on yet. */
function openDispatcher(
  options: ClusterOptions,
  data: DataDirectory,
  { logger, taskManagers }: SeenProcesses,
  { clock, timers, heartbeats }: OwnTime,
): { readonly planner: ClusterPlanner; readonly dispatcher: Dispatcher } {
  const { slotCount, slotWorkerUrl, taskManagerUrl, onPrint, configuration } = options;
  const planner = new ClusterPlanner({
    taskManagers,
    heartbeats,
    ...{ data, slotWorkerUrl, taskManagerUrl, clock, timers, logger, onPrint },
    rng: new SystemRng(),
    fileSystem: new NodeFileSystem(),
  });
  const dispatcher = new Dispatcher({
    jobs: new JobStore(data.rows, randomUUID()),
    rows: data.rows,
    blobs: data.blobs,
    directory: data.path,
    history: jobHistorySettings(configuration),
    ...{ planner, slotCount, clock, timers, logger },
  });
  return { planner, dispatcher };
}

function openJars(
  data: DataDirectory,
  { uploadDirectory, maxUploadBytes }: RestSettings,
  clock: Clock,
): Promise<ClusterJars> {
  const directory =
    uploadDirectory === undefined
      ? join(data.path, 'uploads')
      : join(uploadDirectory, 'sluice-web-upload');
  return ClusterJars.open({ directory, maxBytes: maxUploadBytes, clock });
}

function telemetryOf(
  { telemetry, configuration, environment, version, logger }: ClusterOptions,
  jobs: ClusterJobs,
  clock: Clock,
): ClusterTelemetry {
  const parts = { configuration, environment, version, logger, clock };
  return new ClusterTelemetry({ ...telemetry, ...parts, jobs });
}

/** I2. */
function watchOwner(data: DataDirectory): {
  readonly lost: Promise<StreamError>;
  readonly stop: () => void;
} {
  const lost = new Promise<StreamError>((resolve) => data.onLost(resolve));
  const timer = setInterval(() => {
    data.assertOwner().catch((thrown: unknown) => {
      // A loss has been told to `onLost`; other errors are the store's, and may pass.
      if (!isStreamError(thrown)) throw thrown;
    });
  }, OWNER_CHECK_MS);
  timer.unref();
  return { lost, stop: () => clearInterval(timer) };
}
