/** `sluice savepoint check`: what would become of a savepoint's state under a job. */
import { resolve } from 'node:path';
import {
  checkSavepoint,
  DirectoryBlobStore,
  type OperatorReport,
  planJob,
  type SavepointCheck,
  type StateReport,
} from '../../runtime/adapters/index.ts';
import { isStreamError, maskText, maskValue } from '../../runtime/core/index.ts';
import type { ConsoleWorld } from './console-world.ts';
import { engineExports, shareEngine } from './engine-modules.ts';
import { bundleProgram } from './job-arguments.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

const FATE_WIDTH = 14;

/**
 * Compares; starts and changes nothing.
 *
 * @returns the exit code: 0 when the job can start from the savepoint, 1 when it cannot.
 */
export async function savepointCheck(options: ParsedOptions, world: ConsoleWorld): Promise<number> {
  const [path, ...program] = options.rest;
  if (path === undefined) throw badArguments('Missing savepoint path.');
  if (program.length === 0) throw badArguments('The program file was not specified.');
  shareEngine();
  const bundled = await bundleProgram({ ...options, rest: program }, engineExports(), world);
  const { bundle, args, configuration } = bundled;
  const { graph } = await planJob({ bundlePath: bundle.path, args, configuration });
  const isJson = options.flags.has('json');
  const say = (text: string): void => void world.stdout.write(`${text}\n`);
  try {
    const check = await checkSavepoint(resolve(world.cwd, path), {
      blobs: new DirectoryBlobStore(),
      graph,
      allowNonRestoredState: options.flags.has('allowNonRestoredState'),
    });
    say(isJson ? jsonText(check) : maskText(reportText(check)));
    return check.problems.length === 0 ? 0 : 1;
  } catch (thrown) {
    if (!isJson || !isStreamError(thrown)) throw thrown;
    const { code, message, details } = thrown;
    const report = { restorable: false, operators: [], problems: [{ code, message, details }] };
    say(JSON.stringify(maskValue(report), undefined, 2));
    return 1;
  }
}

function jsonText({ path, manifest, operators, problems }: SavepointCheck): string {
  const { kind, checkpointId, jobId, jobName, completedAtEpochMs } = manifest;
  const savepoint = { path, kind, checkpointId, jobId, jobName, completedAtEpochMs };
  const shown = problems.map(({ code, message, details }) => ({ code, message, details }));
  const report = { restorable: problems.length === 0, savepoint, operators, problems: shown };
  return JSON.stringify(maskValue(report), undefined, 2);
}

/** The report for people. */
export function reportText({ path, manifest, operators, problems }: SavepointCheck): string {
  const { kind, checkpointId, jobId, jobName, completedAtEpochMs } = manifest;
  const taken = new Date(completedAtEpochMs).toISOString();
  return [
    `${kind === 'SAVEPOINT' ? 'Savepoint' : 'Checkpoint'} ${path}`,
    `  of job ${jobId} "${jobName}", checkpoint ${checkpointId}, completed ${taken}`,
    '',
    ...operators.flatMap(operatorLines),
    ...(operators.length === 0 ? [] : ['']),
    ...problems.map(({ code, message }) => `${code}: ${message}`),
    problems.length === 0
      ? 'The job can be started from it.'
      : 'The job cannot be started from it.',
  ].join('\n');
}

function operatorLines(operator: OperatorReport): string[] {
  const { fate, name, uid, operatorId, states } = operator;
  const id = uid === undefined ? `no uid, id ${operatorId}` : `uid ${uid}`;
  return [`${fate.padEnd(FATE_WIDTH)}${name} (${id})`, ...states.map(stateLine)];
}

function stateLine({ fate, name, kind, reason }: StateReport): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  return `  ${fate.padEnd(FATE_WIDTH - 2)}  ${name} [${kind}]${why}`;
}
