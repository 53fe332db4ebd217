/**
 * What the plan function does: evaluates a job's program, checks that the job can start, reserves
 * what it needs and makes its inboxes. It starts nothing; asked again, it does the same again.
 */
import {
  type BlobStore,
  checkpointSettings,
  type JobRecord,
  type JobStore,
  type RowStore,
  recoverySettings,
} from '../../../checkpoint/index.ts';
import { type FileSystem, type Logger, StreamError } from '../../../core/index.ts';
import {
  jobPlanJson,
  type StreamGraph,
  validateSinks,
  validateSources,
} from '../../../graph/index.ts';
import { jobNotFound, planJobExecution, restartSettings } from '../../../jobmaster/index.ts';
import { checkSavepoint } from '../../index.ts';
import type { PlanAnswer, PlanRequest } from '../messages.ts';
import { isS3Location } from '../s3-location.ts';
import type { Inboxes } from './effect-ports.ts';
import { hashMismatch, verticesOf } from './job-in-charge.ts';
import type { EvaluatedProgram, JobPrograms } from './job-programs.ts';
import { locationNotOnAws } from './location-not-on-aws.ts';
import { readPlan, writePlan } from './plan-record.ts';
import type { TaskManagerReservations } from './task-manager-reservations.ts';
import { taskManagersOf } from './turn-effects.ts';

export interface PlanJobParts {
  readonly jobs: JobStore;
  readonly rows: RowStore;
  readonly blobs: BlobStore;
  readonly programs: JobPrograms;
  readonly reservations: TaskManagerReservations;
  readonly inboxes: Inboxes;
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
  /** How many the account would let run; undefined: it is not known. */
  readonly accountTaskManagers: () => Promise<number | undefined>;
  /** Of a TaskManager. */
  readonly taskSlots: number;
}

/** @throws {StreamError} why the job cannot start. */
export async function planJob(parts: PlanJobParts, { jobId }: PlanRequest): Promise<PlanAnswer> {
  const { jobs, programs, reservations, inboxes, rows, logger, taskSlots } = parts;
  const job = (await jobs.get(jobId))?.job;
  if (job === undefined) throw jobNotFound(jobId);
  const program = await evaluateTwice(programs, job);
  await checkStart(parts, program);
  const plan = planJobExecution(program.graph, job.parallelism, undefined);
  const { jobGraph, slots } = plan.executionGraph;
  const slotIndexes = slots.map(({ slotIndex }) => slotIndex);
  const taskManagers = taskManagersOf(slotIndexes, taskSlots);
  const ofAccount = await parts.accountTaskManagers();
  await reservations.reserve(jobId, taskManagers, ofAccount);
  const before = (await readPlan(rows, jobId))?.inboxes ?? 0;
  if (taskManagers > before) await inboxes.create(jobId, before, taskManagers);
  await writePlan(rows, jobId, {
    name: program.graph.jobName,
    graphHash: program.graphHash,
    digest: program.digest,
    configuration: program.configuration.toJSON(),
    taskManagers,
    inboxes: Math.max(before, taskManagers),
    vertices: verticesOf(program),
    scalableVertexIds: scalableVertexIds(program.graph),
    plan: jobPlanJson(jobGraph, jobId),
    ...(ofAccount === undefined ? {} : { accountTaskManagers: ofAccount }),
  });
  logger.log('info', 'a job is planned', { jobId, taskManagers, slots: slots.length });
  return { jobId, taskManagers };
}

/** Slots evaluate it again, and have to find the same graph. */
async function evaluateTwice(programs: JobPrograms, job: JobRecord): Promise<EvaluatedProgram> {
  const [program, again] = await programs.evaluateTwice(job);
  if (again.graphHash === program.graphHash) return program;
  throw hashMismatch(job.jobId, program.graphHash, again.graphHash);
}

/** What the job's master would refuse, but before anything of it exists. */
async function checkStart(parts: PlanJobParts, program: EvaluatedProgram): Promise<void> {
  const { blobs, fileSystem } = parts;
  const { graph, configuration } = program;
  checkDirectories(program);
  restartSettings(configuration);
  const recovery = recoverySettings(configuration);
  const { path, ignoreUnclaimedState: allowNonRestoredState } = recovery;
  if (path !== undefined) {
    const check = await checkSavepoint(path, { blobs, graph, allowNonRestoredState });
    const [problem] = check.problems;
    if (problem !== undefined) throw StreamError.fromJSON(problem);
  }
  const validation = { fileSystem, restoring: path !== undefined };
  await validateSources(graph, validation);
  await validateSinks(graph, validation);
}

/** A path of the function's own disk is nowhere. */
function checkDirectories({ configuration }: EvaluatedProgram): void {
  const { directory, savepointDirectory } = checkpointSettings(configuration);
  const { path } = recoverySettings(configuration);
  for (const location of [directory, savepointDirectory, path]) {
    if (location === undefined || isS3Location(location)) continue;
    throw locationNotOnAws(location);
  }
}

/** Vertices whose nodes all run at the job's default: their own would have been kept apart. */
function scalableVertexIds(graph: StreamGraph): readonly string[] {
  const { nodes, defaultParallelism } = graph;
  const isScalable = (nodeId: number): boolean => {
    const node = nodes.find(({ id }) => id === nodeId);
    return node?.nonParallel !== true && node?.parallelism === defaultParallelism;
  };
  const { vertices } = planJobExecution(graph, {}, undefined).executionGraph.jobGraph;
  return vertices
    .filter(({ operators }) => operators.every(({ nodeId }) => isScalable(nodeId)))
    .map(({ id }) => id);
}
