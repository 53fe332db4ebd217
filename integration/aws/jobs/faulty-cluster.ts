/**
 * A deployed cluster behind a proxy that injects faults, and jobs on it whose output is compared
 * with the local run's (`programs/numbered.ts`). Rules are a job's own, so that several jobs run
 * at once, each with a fault of its own.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { GetExecutionHistoryCommand, ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { REPOSITORY_ROOT } from '../../../scripts/source-files.ts';
import { type Clients, clientsOf } from '../clients.ts';
import { InjectingProxy } from '../injecting-proxy.ts';
import type { JsonObject, ServiceCall } from '../proxy/index.ts';
import { waitUntil } from '../wait-until.ts';
import { DeployedCluster, type JobEnd } from './deployed-cluster.ts';

export const NUMBERED = 'integration/aws/jobs/programs/numbered.ts';
const PATIENCE_MS = 240_000;
/** What looks costs the same two processors as what is looked at. */
const POLL_MS = 500;
const ENDED = ['FINISHED', 'FAILED', 'CANCELED'];
const LINE = /^(?:\d+> )?(\d\.\d \d+ \d+ \d+ [0-9a-f]+)$/;

/** A run of `programs/numbered.ts`. */
export interface NumberedRun {
  readonly parallelism: number;
  readonly count: number;
  /** Records a second; absent: as fast as can be. */
  readonly rate?: number;
  readonly chars?: number;
  /** Of each of its 24 keys' state. */
  readonly keptChars?: number;
  readonly checkpointMs?: number;
  readonly configuration?: Readonly<Record<string, string | number>>;
}

/** What has become of a job's checkpoints, and how often it has failed. */
export interface CheckpointCounts {
  readonly completed: number;
  /** Why others failed. */
  readonly failures: readonly string[];
  /** Failures of the job that it has restarted after, or not. */
  readonly restarts: number;
}

interface CheckpointsBody {
  readonly counts: { readonly completed: number };
  readonly history: readonly { readonly failure_message?: string }[];
}

interface ExceptionsBody {
  readonly exceptionHistory: { readonly entries: readonly unknown[] };
}

export class FaultyCluster {
  readonly proxy: InjectingProxy;
  readonly cluster: DeployedCluster;
  /** Past the proxy. */
  readonly clients: Clients;
  readonly #expected = new Map<string, Promise<readonly string[]>>();

  private constructor(proxy: InjectingProxy, cluster: DeployedCluster) {
    this.proxy = proxy;
    this.cluster = cluster;
    this.clients = clientsOf(cluster.app.emulator, cluster.app.emulator.directEndpoint);
  }

  static async deploy(
    context: Readonly<Record<string, string>> = {},
    { auth = false, seed = 1 } = {},
  ): Promise<FaultyCluster> {
    const proxy = new InjectingProxy({ seed });
    return new FaultyCluster(
      proxy,
      await DeployedCluster.deploy(context, auth, { frontDoor: proxy }),
    );
  }

  async stop(): Promise<void> {
    this.clients.destroy();
    await this.cluster.stop();
  }

  /** Of a queue of the cluster. @param name without the prefix. */
  queueUrl(name: string): string {
    const { CoordinatorQueueUrl = '' } = Object.values(this.cluster.app.outputs)[0] ?? {};
    return CoordinatorQueueUrl.replace(/coordinator\.fifo$/, name);
  }

  /** @returns the job's id. */
  async submit(run: NumberedRun): Promise<string> {
    const { parallelism, configuration = {} } = run;
    return await this.cluster.submit(NUMBERED, {
      parallelism,
      programArgsList: argumentsOf(run, run.rate),
      flinkConfiguration: configuration,
    });
  }

  /**
   * Waits for a job's end, which has to be a good one, and compares.
   *
   * @param isExact false: it restarted, so that lines may be there twice. What they say shows
   * whether a record was lost or counted twice.
   */
  async assertSameAsLocal(jobId: string, run: NumberedRun, isExact = true): Promise<void> {
    const expected = await this.expected(run);
    const end = await this.ended(jobId);
    assert.equal(end.status, 'FINISHED', end.rootException);
    const found = await this.eventually(`job ${jobId} has printed all`, async () => {
      const lines = linesOf(await this.cluster.printedSoFar(jobId));
      const isThere = new Set(lines);
      return expected.every((line) => isThere.has(line)) ? lines : undefined;
    });
    assert.deepEqual(isExact ? found : [...new Set(found)], expected);
  }

  async ended(jobId: string): Promise<JobEnd> {
    await this.eventually(`job ${jobId} has ended`, async () => {
      const { body } = await this.cluster.call('GET', `/jobs/${jobId}`);
      return ENDED.includes(String(body.state)) ? true : undefined;
    });
    return await this.cluster.ended(jobId);
  }

  /** What the local run prints. */
  async expected(run: NumberedRun): Promise<readonly string[]> {
    const args = argumentsOf(run, undefined);
    const key = args.join(' ');
    const lines = this.#expected.get(key) ?? localLines(args);
    this.#expected.set(key, lines);
    return await lines;
  }

  async checkpoints(jobId: string): Promise<CheckpointCounts> {
    const { status, body } = await this.cluster.call('GET', `/jobs/${jobId}/checkpoints`);
    if (status !== 200) return { completed: 0, failures: [], restarts: 0 };
    const { counts, history } = body as unknown as CheckpointsBody;
    const failures = history.flatMap(({ failure_message: text }) =>
      text === undefined ? [] : [text],
    );
    const exceptions = await this.cluster.call('GET', `/jobs/${jobId}/exceptions`);
    const { exceptionHistory } = exceptions.body as unknown as ExceptionsBody;
    return { completed: counts.completed, failures, restarts: exceptionHistory.entries.length };
  }

  /** Waits until so many invocations for the job were refused for want of concurrency. */
  async refusedLeases(jobId: string, count: number): Promise<void> {
    const { stepFunctions } = this.clients;
    const { outputs } = this.cluster.app;
    const { StateMachineArn: stateMachineArn } = Object.values(outputs)[0] ?? {};
    await this.eventually(`job ${jobId}: ${count} leases are refused`, async () => {
      const { executions = [] } = await stepFunctions.send(
        new ListExecutionsCommand({ stateMachineArn }),
      );
      const execution = executions.find(({ name }) => name?.startsWith(jobId));
      if (execution === undefined) return undefined;
      const { events = [] } = await stepFunctions.send(
        new GetExecutionHistoryCommand({ executionArn: execution.executionArn, maxResults: 1000 }),
      );
      const refused = events.filter(({ taskFailedEventDetails: details }) =>
        details?.error?.includes('TooManyRequests'),
      );
      return refused.length >= count ? true : undefined;
    });
  }

  /**
   * Sends what is sent to the coordinator for this job, and its ticks, once more, a while later:
   * under ids of deduplication of their own, as a sender does that did not hear of its success.
   */
  copyMessages(
    jobId: string,
    { maxDelayMs }: { readonly maxDelayMs: number },
  ): { end(): Promise<{ readonly coordinator: number; readonly ticks: number }> } {
    const counts = { coordinator: 0, ticks: 0 };
    const sending = new Set<Promise<void>>();
    const isOfJob = isOf(jobId);
    const copy = async (queue: string, QueueUrl: string, message: JsonObject): Promise<void> => {
      await sleep((maxDelayMs * ((counts.coordinator + counts.ticks) % 7)) / 7);
      const { MessageBody, MessageGroupId } = message;
      const isFifo = queue.endsWith('.fifo');
      counts[isFifo ? 'coordinator' : 'ticks'] += 1;
      await this.clients.sqs.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: String(MessageBody),
          ...(isFifo && {
            MessageGroupId: String(MessageGroupId),
            MessageDeduplicationId: randomUUID(),
          }),
        }),
      );
    };
    const forget = this.proxy.watch((call) => {
      const { service, operation, resource, input = {} } = call;
      const isSent = service === 'sqs' && operation.startsWith('SendMessage') && isOfJob(call);
      if (!isSent || resource.includes('-i-')) return;
      const entries = Array.isArray(input.Entries) ? (input.Entries as JsonObject[]) : [input];
      for (const entry of entries) {
        const copying = copy(resource, String(input.QueueUrl), entry);
        sending.add(copying.finally(() => sending.delete(copying)));
      }
    });
    return {
      end: async () => {
        forget();
        await Promise.all(sending);
        return counts;
      },
    };
  }

  /** Waits until the counts of its checkpoints are as wanted. */
  async checkpointed(
    jobId: string,
    what: string,
    isWanted: (counts: CheckpointCounts) => boolean,
  ): Promise<CheckpointCounts> {
    return await this.eventually(`job ${jobId}: ${what}`, async () => {
      const counts = await this.checkpoints(jobId);
      return isWanted(counts) ? counts : undefined;
    });
  }

  /** As `waitUntil`, with this file's patience. */
  eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    return waitUntil(what, PATIENCE_MS, look, POLL_MS);
  }
}

/** Whether a call is one of this program's for this job. */
export function isOf(jobId: string, program?: string): (call: ServiceCall) => boolean {
  return ({ caller, resource, input }) => {
    if (program !== undefined && caller?.program !== program) return false;
    return resource.includes(jobId) || JSON.stringify(input ?? {}).includes(jobId);
  };
}

const READS = /^(Get|Head|List|Query|BatchGet|TransactGet|Receive|Describe|Scan)/;

/** Whether a call changes something. */
export function isWrite({ operation }: ServiceCall): boolean {
  return !READS.test(operation);
}

function argumentsOf(
  { count, chars = 16, keptChars = 0, checkpointMs = 0 }: NumberedRun,
  rate: number | undefined,
): readonly string[] {
  const own = { count, chars, keptChars, checkpointMs, ...(rate !== undefined && { rate }) };
  return Object.entries(own).flatMap(([name, value]) => [`--${name}`, `${value}`]);
}

async function localLines(args: readonly string[]): Promise<readonly string[]> {
  const launcher = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
  const command = [launcher, 'run', '-p', '2', NUMBERED, ...args];
  const options = { cwd: REPOSITORY_ROOT, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(process.execPath, command, options);
  return linesOf(stdout.split('\n'));
}

/** Without which subtask printed them; sorted. */
function linesOf(printed: readonly string[]): readonly string[] {
  return printed.flatMap((line) => LINE.exec(line)?.[1] ?? []).toSorted();
}
