/** The Dispatcher of this process, as the REST interface sees it. */
import { type Clock, ConfigOptions, Configuration, type ConfigValue } from '../../core/index.ts';
import {
  type Dispatcher,
  isTerminal,
  type JobPlanner,
  jobAlreadyEnded,
} from '../../jobmaster/index.ts';
import {
  type ClusterApi,
  type ClusterJobs,
  type ClusterPrograms,
  type OperationLog,
  type OperationPlace,
  type TriggeredOperation,
  withEntry,
} from '../http/index.ts';
import { savepointCheckJson } from './check-savepoint.ts';
import type { ClientHeartbeats } from './client-heartbeats.ts';
import type { ClusterJars } from './cluster-jars.ts';
import type { ClusterOperations, Outcomes } from './cluster-operations.ts';
import type { ClusterPlanner } from './cluster-planner.ts';
import { outcomeAfterRestart } from './interrupted-operation.ts';

export interface DispatcherApiParts
  extends Pick<
    ClusterApi,
    'clock' | 'version' | 'dataDirectory' | 'newId' | 'web' | 'processes' | 'metricsText'
  > {
  readonly dispatcher: Pick<
    Dispatcher,
    | 'submit'
    | 'list'
    | 'get'
    | 'details'
    | 'planOf'
    | 'diagnosis'
    | 'queryState'
    | 'slots'
    | 'cancel'
    | 'savepoint'
    | 'cancelWithSavepoint'
    | 'stop'
    | 'checkpoint'
    | 'rescale'
    | 'disposeSavepoint'
  >;
  readonly operations: ClusterOperations;
  readonly jars: ClusterJars;
  readonly heartbeats: Pick<ClientHeartbeats, 'note'>;
  /** Asks for the end of the cluster. */
  readonly shutDown: () => void;
  readonly planner: JobPlanner & Pick<ClusterPlanner, 'checkSavepoint'>;
  readonly placeOf: ClusterJobs['placeOf'];
  /** Settings of jobs that neither their client nor their code speaks of. */
  readonly jobDefaults?: Readonly<Record<string, ConfigValue>>;
}

export function dispatcherApi(parts: DispatcherApiParts): ClusterApi {
  const { clock, version, dataDirectory, newId, processes, web, metricsText } = parts;
  return {
    ...{ clock, version, dataDirectory, newId, processes, ...(web === undefined ? {} : { web }) },
    ...(metricsText === undefined ? {} : { metricsText }),
    jobs: jobsOf(parts),
    operations: operationsOf(parts),
    programs: programsOf(parts, clock),
    lifecycle: {
      shutDown: async () => parts.shutDown(),
      clientHeartbeat: async (jobId, expiresAtEpochMs) => {
        if (parts.dispatcher.get(jobId).endedAtEpochMs !== undefined) return;
        parts.heartbeats.note(jobId, expiresAtEpochMs);
      },
    },
  };
}

/** The jobs alone. */
export function jobsOf({
  dispatcher,
  placeOf,
}: Pick<DispatcherApiParts, 'dispatcher' | 'placeOf'>): ClusterJobs {
  return {
    list: async () => dispatcher.list(),
    get: (jobId) => dispatcher.details(jobId),
    planOf: (jobId) => dispatcher.planOf(jobId),
    diagnosis: (jobId) => dispatcher.diagnosis(jobId),
    queryState: (jobId, question) => dispatcher.queryState(jobId, question),
    slots: async () => dispatcher.slots,
    placeOf,
    cancel: (jobId) => dispatcher.cancel(jobId),
    // Nothing hibernates here: it runs, or it has ended.
    wake: async (jobId) => {
      const { status } = dispatcher.get(jobId);
      if (isTerminal(status) && status !== 'SUSPENDED') throw jobAlreadyEnded(jobId, status);
    },
    rescale: (jobId, parallelism) => dispatcher.rescale(jobId, parallelism),
  };
}

function operationsOf({ dispatcher, operations }: DispatcherApiParts): OperationLog {
  return {
    start: async (triggerId, operation) => {
      if ('jobId' in operation) dispatcher.get(operation.jobId);
      const scope = scopeOf({ ...operation, type: placeOf(operation) });
      await operations.start(scope, triggerId, operation, () => carryOut(dispatcher, operation));
    },
    get: async (place) => operations.get(scopeOf(place), place.triggerId),
  };
}

/** For {@link ClusterOperations.recover}: what came of an operation, as its job shows it. */
export function outcomesOf(dispatcher: Pick<Dispatcher, 'details' | 'ended'>): Outcomes {
  return {
    of: async (interrupted, taken) => {
      const { operation } = interrupted;
      const job =
        'jobId' in operation
          ? await dispatcher.details(operation.jobId).catch(() => undefined)
          : undefined;
      return outcomeAfterRestart(interrupted, job, taken);
    },
    ended: async ({ operation }) => {
      if ('jobId' in operation) await dispatcher.ended(operation.jobId);
    },
  };
}

function scopeOf({ type, jobId = '' }: Omit<OperationPlace, 'triggerId'>): string {
  return `${type} ${jobId}`;
}

function placeOf({ type }: TriggeredOperation): OperationPlace['type'] {
  return type === 'stop' ? 'savepoint' : type;
}

function carryOut(
  dispatcher: DispatcherApiParts['dispatcher'],
  operation: TriggeredOperation,
): Promise<unknown> {
  switch (operation.type) {
    case 'savepoint': {
      const { jobId, target, cancelsJob } = operation;
      if (cancelsJob) return dispatcher.cancelWithSavepoint(jobId, target);
      return dispatcher.savepoint(jobId, target);
    }
    case 'stop': {
      const { jobId, drain, target } = operation;
      return dispatcher.stop(jobId, { drain, ...(target === undefined ? {} : { target }) });
    }
    case 'checkpoint':
      return dispatcher.checkpoint(operation.jobId, operation.kind);
    case 'rescale':
      return dispatcher.rescale(operation.jobId, operation.parallelism);
    case 'dispose':
      return dispatcher.disposeSavepoint(operation.path);
  }
}

function programsOf(
  { dispatcher, jars, heartbeats, planner, jobDefaults = {} }: DispatcherApiParts,
  clock: Clock,
): ClusterPrograms {
  return {
    list: () => jars.list(),
    add: (fileName, content) => jars.add(fileName, content),
    remove: (id) => jars.remove(id),
    run: async (id, { jobId, args, configuration: given }) => {
      const { bundle, entries } = await jars.read(id);
      const configuration = { ...jobDefaults, ...withEntry(given, entries) };
      await dispatcher.submit({ jobId, bundle, args, configuration });
      const timeoutMs = clientTimeoutMs(configuration);
      if (timeoutMs !== undefined) heartbeats.note(jobId, clock.nowEpochMs() + timeoutMs);
    },
    plan: async (id, { jobId, args, configuration: given }) => {
      const { bundle, entries } = await jars.read(id);
      const bundleLocation = await jars.importable(bundle);
      const configuration = { ...jobDefaults, ...withEntry(given, entries) };
      const program = { jobId, bundleLocation, args, configuration, parallelism: {} };
      const { name, planJson } = await planner.plan(program);
      return { ...planJson, name };
    },
    checkSavepoint: async (id, { jobId, args, configuration: given }, savepoint) => {
      const { bundle, entries } = await jars.read(id);
      const bundleLocation = await jars.importable(bundle);
      const configuration = { ...jobDefaults, ...withEntry(given, entries) };
      const program = { jobId, bundleLocation, args, configuration, parallelism: {} };
      return savepointCheckJson(await planner.checkSavepoint(program, savepoint));
    },
  };
}

/** Of a job that ends with its client; undefined: it does not. */
function clientTimeoutMs(options: Readonly<Record<string, unknown>>): number | undefined {
  const configuration = Configuration.fromRecord(options as Readonly<Record<string, ConfigValue>>);
  const isAttached = configuration.get(ConfigOptions.EXECUTION_ATTACHED);
  if (!isAttached || !configuration.get(ConfigOptions.SHUTDOWN_ON_ATTACHED_EXIT)) return undefined;
  return configuration.get(ConfigOptions.CLIENT_HEARTBEAT_TIMEOUT_MS);
}
