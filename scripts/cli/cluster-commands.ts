/** Verbs that drive a cluster. Texts and their order are those of Flink's CliFrontend. */
import { stateAfterCancel, stillThereText } from './await-cancelled.ts';
import { ClusterClient } from './cluster-client.ts';
import { type ClusterCommand, failing, parseJobId } from './cluster-command.ts';
import { jobListLines, type ListedJob } from './list-jobs.ts';
import { outputOf } from './output.ts';
import { badArguments } from './parse-options.ts';
import { cancelWithSavepoint } from './savepoint-commands.ts';
import { checkpointProgress, WaitingLine } from './waiting-line.ts';

/** `sluice list`. */
export const list: ClusterCommand = async (options, world) => {
  const { flags } = options;
  const { say, result } = outputOf(options, world);
  const all = flags.has('all');
  const isDefault = !all && !flags.has('running') && !flags.has('scheduled');
  const client = await ClusterClient.of(options, world);
  say('Waiting for response...');
  const answer = await failing('Failed to retrieve job list.', () => client.get('/jobs/overview'));
  const { lines, jobs } = jobListLines(answer.jobs as readonly ListedJob[], {
    running: all || isDefault || flags.has('running'),
    scheduled: all || isDefault || flags.has('scheduled'),
    terminated: all,
  });
  for (const line of lines) say(line);
  result({
    jobs: jobs.map((job) => ({
      jobId: job.jid,
      name: job.name,
      state: job.state,
      startedAtEpochMs: job['start-time'],
    })),
  });
  return 0;
};

/** `sluice cancel`. */
export const cancel: ClusterCommand = async (options, world) => {
  const { say, result } = outputOf(options, world);
  const [given] = options.rest;
  if (options.flags.has('withSavepoint')) return await cancelWithSavepoint(options, world);
  if (given === undefined) {
    throw badArguments('Missing JobID. Specify a JobID to cancel a job.');
  }
  const jobId = parseJobId(given);
  const client = await ClusterClient.of(options, world);
  say(`Cancelling job ${jobId}.`);
  await failing(`Could not cancel job ${jobId}.`, () =>
    client.send('PATCH', `/jobs/${jobId}?mode=cancel`),
  );
  const state = await stateAfterCancel(client, jobId);
  say(`Cancelled job ${jobId}.`);
  const left = stillThereText(jobId, state);
  if (left !== undefined) say(left);
  result({ jobId, savepointPath: null, state: state ?? null });
  return 0;
};

/** `sluice checkpoint`. */
export const checkpoint: ClusterCommand = async (options, world) => {
  const output = outputOf(options, world);
  const { say, result } = output;
  const [given] = options.rest;
  if (given === undefined) {
    throw badArguments('Missing JobID. Specify a Job ID to manipulate a checkpoint.');
  }
  const jobId = parseJobId(given);
  const isFull = options.flags.has('full');
  const client = await ClusterClient.of(options, world);
  say(`Triggering checkpoint for job ${jobId}.`);
  say('Waiting for response...');
  const line = new WaitingLine(world, output);
  const failure = `Failed to trigger a checkpoint for the job ${jobId}.`;
  const { checkpointId } = await failing(failure, () =>
    client.perform(
      {
        path: `/jobs/${jobId}/checkpoints`,
        body: { checkpointType: isFull ? 'FULL' : 'CONFIGURED' },
        resultPath: `/jobs/${jobId}/checkpoints`,
      },
      checkpointProgress(jobId, client, line),
    ),
  ).finally(() => line.end());
  const type = isFull ? '(FULL)' : '';
  say(`Checkpoint${type} ${String(checkpointId)} for job ${jobId} completed.`);
  say('You can resume your program from this checkpoint with the run command.');
  result({ jobId, checkpointId, type: isFull ? 'FULL' : 'CONFIGURED' });
  return 0;
};

/** `sluice wake`. Not one of Flink's. */
export const wake: ClusterCommand = async (options, world) => {
  const { say, result } = outputOf(options, world);
  const [given] = options.rest;
  if (given === undefined) throw badArguments('Missing JobID. Specify a Job ID to wake a job.');
  const jobId = parseJobId(given);
  const client = await ClusterClient.of(options, world);
  say(`Waking job ${jobId}.`);
  await failing(`Could not wake job ${jobId}.`, () => client.send('POST', `/jobs/${jobId}/wake`));
  say(`Asked job ${jobId} to wake.`);
  result({ jobId });
  return 0;
};
