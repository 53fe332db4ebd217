/**
 * What the plan function does for a program that nobody runs yet: tells its graph, or what would
 * become of a savepoint under it. Nothing is started, reserved or written.
 *
 * I1  What is wrong with the program, its archive or the savepoint is an answer, not an error of
 *     the function: no alarm rings because somebody tries a program out.
 */
import type { BlobStore } from '../../../checkpoint/index.ts';
import { type ErrorKind, isStreamError } from '../../../core/index.ts';
import { jobPlanJson } from '../../../graph/index.ts';
import { planJobExecution } from '../../../jobmaster/index.ts';
import { HttpRefusal, withEntry } from '../../http/index.ts';
import { checkSavepoint, savepointCheckJson } from '../../index.ts';
import type { PreviewAnswer, PreviewRequest } from '../messages.ts';
import { isS3Location } from '../s3-location.ts';
import type { EvaluatedProgram, JobPrograms } from './job-programs.ts';
import { locationNotOnAws } from './location-not-on-aws.ts';
import { readUpload, unpackedUpload } from './uploaded-program.ts';

export interface PreviewProgramParts {
  readonly programs: Pick<JobPrograms, 'evaluateBundle'>;
  /** Has the uploads. */
  readonly uploads: Pick<BlobStore, 'get'>;
  /** Has checkpoints and savepoints. */
  readonly blobs: BlobStore;
  /** `s3://bucket`; below it `uploads/`. */
  readonly root: string;
  /** Of a message: what may leave the function. */
  readonly readable?: (message: string) => string;
}

/** Whose fault it is not the function's. */
const REFUSED: ReadonlySet<ErrorKind> = new Set(['user', 'invalid', 'data', 'conflict']);

/** @throws {StreamError} what is nobody's mistake: stores that do not answer. */
export async function previewProgram(
  parts: PreviewProgramParts,
  { preview }: PreviewRequest,
): Promise<PreviewAnswer> {
  const { readable = (message: string) => message } = parts;
  try {
    return await answerOf(parts, preview);
  } catch (thrown) {
    // I1.
    if (thrown instanceof HttpRefusal) {
      return { type: 'not-taken', status: thrown.status, message: readable(thrown.message) };
    }
    if (!isStreamError(thrown) || !REFUSED.has(thrown.kind)) throw thrown;
    const { kind, code, message } = thrown;
    return { type: 'refused', kind, code, message: readable(message) };
  }
}

async function answerOf(
  { programs, uploads, blobs, root }: PreviewProgramParts,
  { uploadId, jobId, args, configuration: given, savepoint }: PreviewRequest['preview'],
): Promise<PreviewAnswer> {
  if (savepoint !== undefined && !isS3Location(savepoint.path)) {
    throw locationNotOnAws(savepoint.path);
  }
  const upload = await readUpload(uploads, root, uploadId);
  const { bundle, entries } = await unpackedUpload(uploadId, upload, jobId);
  const configuration = withEntry(given, entries);
  const program = await programs.evaluateBundle({ jobId, args, configuration }, bundle);
  if (savepoint === undefined) return { type: 'planned', plan: planOf(program, jobId) };
  const { path, allowNonRestoredState } = savepoint;
  const { graph } = program;
  const check = await checkSavepoint(path, { blobs, graph, allowNonRestoredState });
  return { type: 'checked', check: savepointCheckJson(check) };
}

function planOf({ graph }: EvaluatedProgram, jobId: string) {
  const { jobGraph } = planJobExecution(graph, {}, undefined).executionGraph;
  return { ...jobPlanJson(jobGraph, jobId), name: graph.jobName };
}
