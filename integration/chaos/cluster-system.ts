/**
 * `sluice cluster` with the job on it. Its processes are killed; what they leave in the data
 * directory must be enough.
 *
 * I1  One job is `#jobId`; every other one on the cluster has ended, for good.
 * I2  Only while the disk is broken, or right after, may a request be refused for it.
 */
import { readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Child } from './child.ts';
import { type Action, MAX_PARALLELISM, type RoundPlan } from './plan.ts';
import { readPositions } from './read-positions.ts';
import { type Outcome, RestClient } from './rest-client.ts';
import { runArguments, type SystemUnderTest, sleep, until, type Workshop } from './system.ts';

const START_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 90_000;
const REQUEST_TIMEOUT_MS = 40_000;
const RETRY_MS = 250;
const ENDED: readonly string[] = ['FINISHED', 'FAILED', 'CANCELED'];

export class ClusterSystem implements SystemUnderTest {
  readonly #plan: RoundPlan;
  readonly #workshop: Workshop;
  #cluster: Child | undefined;
  #port = 0;
  #jobId = '';
  readonly #formerJobs = new Set<string>();

  constructor(plan: RoundPlan, workshop: Workshop) {
    this.#plan = plan;
    this.#workshop = workshop;
  }

  async start(): Promise<void> {
    await this.#startCluster();
    await this.#submit(this.#plan.parallelism, []);
  }

  async perform(action: Action): Promise<string | undefined> {
    switch (action.type) {
      case 'kill-process':
        return await this.#killCluster(action);
      case 'kill-task-manager': {
        const pids = this.#cluster?.children() ?? [];
        for (const pid of pids) sendSignal(pid, 'SIGKILL');
        return pids.length === 0 ? 'none there' : undefined;
      }
      case 'stall':
        return await this.#stall(action.durationMs, action.slotsOnly);
      case 'rescale':
        return await this.#rescale(action.parallelism);
      case 'savepoint':
        return await this.#tryUntil('a savepoint', () => this.#request('savepoint'));
      case 'checkpoint':
        return await this.#tryUntil('a checkpoint', () =>
          this.#rest.operate(this.#jobId, 'checkpoints', { body: {} }, REQUEST_TIMEOUT_MS),
        );
      case 'stop-and-restore':
        return await this.#stopAndRestore(action);
      case 'cancel-and-restore':
        return await this.#cancelAndRestore(action.parallelism);
      case 'rival':
        return await this.#meetRival();
      default:
        throw new Error(`not done here: ${action.type}`);
    }
  }

  async isFinished(): Promise<boolean> {
    const { exit, lines } = this.#cluster ?? {};
    if (exit !== undefined) {
      throw new Error(`the cluster ended by itself: code=${exit.code} ${lines?.slice(-3)}`);
    }
    for (const { jid, state } of await this.#rest.jobs()) {
      if (this.#formerJobs.has(jid) && !ENDED.includes(state)) {
        throw new Error(`I1: a job that had ended is ${state} job=${jid}`);
      }
    }
    const status = await this.#rest.status(this.#jobId);
    if (status === 'FAILED' || status === 'CANCELED') {
      throw new Error(`the job is ${status}: ${await this.#rest.exceptions(this.#jobId)}`);
    }
    return status === 'FINISHED';
  }

  async end(): Promise<number | readonly number[] | undefined> {
    const { eventCount } = this.#plan;
    if (eventCount !== undefined) {
      await until('the end of the job', END_TIMEOUT_MS, () => this.isFinished());
      await this.#staysEnded();
      return eventCount;
    }
    const savepoint = await this.#stop();
    await this.#staysEnded();
    return await readPositions(savepoint);
  }

  /** I1, whatever the next process finds in the directory. */
  async #staysEnded(): Promise<void> {
    await this.#cluster?.kill();
    await this.#startCluster();
    if (!(await this.isFinished())) throw new Error('I1: a job that had finished goes on');
  }

  async describe(): Promise<object> {
    const { exit, pid } = this.#cluster ?? {};
    if (exit !== undefined) return exit;
    const job = await this.#rest.describe(this.#jobId);
    return { pid, jobs: await this.#rest.jobs(), jobId: this.#jobId, ...job };
  }

  async abandon(): Promise<void> {
    const pids = this.#cluster?.children() ?? [];
    for (const pid of pids) sendSignal(pid, 'SIGCONT');
    this.#cluster?.signal('SIGCONT');
    await this.#cluster?.kill();
  }

  get #rest(): RestClient {
    return new RestClient(this.#port);
  }

  async #startCluster(): Promise<void> {
    for (;;) {
      const startedAtMs = Date.now();
      const slots = String(MAX_PARALLELISM);
      const args = ['cluster', '--data-dir', this.#workshop.data, '--slots', slots, '--port', '0'];
      this.#cluster = this.#workshop.sluice(args, true);
      const line = await this.#cluster.line(/https?:\/\/[^\s:]+:(\d+)/, START_TIMEOUT_MS);
      this.#port = Number(line?.[1]);
      if (line !== undefined && (await this.#isResumed(startedAtMs))) return;
      if (line === undefined && !this.#workshop.wasBrokenSince(startedAtMs)) {
        throw new Error(`the cluster did not start: ${this.#cluster.lines.slice(-5).join(' | ')}`);
      }
      await this.#cluster.kill();
      await sleep(RETRY_MS);
    }
  }

  /** A job whose files could not be read waits for the next start of the cluster. */
  async #isResumed(startedAtMs: number): Promise<boolean> {
    if (this.#jobId === '') return true;
    const status = await this.#rest.status(this.#jobId);
    return status !== 'FAILED' || !this.#workshop.wasBrokenSince(startedAtMs);
  }

  async #submit(parallelism: number, options: readonly string[]): Promise<void> {
    for (;;) {
      const startedAtMs = Date.now();
      const target = ['-m', `127.0.0.1:${this.#port}`, '-d', ...options];
      const args = runArguments(this.#plan, this.#workshop, parallelism, target);
      const client = this.#workshop.sluice(args, false);
      const { code } = await client.exited;
      const jobId =
        /JobID ([0-9a-f]{32})/.exec(client.text)?.[1] ?? (await this.#unknownJob()) ?? '';
      if (jobId !== '') {
        this.#jobId = jobId;
        return;
      }
      if (!this.#workshop.wasBrokenSince(startedAtMs)) {
        throw new Error(`the job was refused: code=${code} ${client.lines.slice(-5).join(' | ')}`);
      }
      await sleep(RETRY_MS);
    }
  }

  /** A submission that was reported as failed, and happened. */
  async #unknownJob(): Promise<string | undefined> {
    const jobs = await this.#rest.jobs();
    return jobs.find(({ jid, state }) => !this.#formerJobs.has(jid) && !ENDED.includes(state))?.jid;
  }

  async #killCluster(action: Extract<Action, { type: 'kill-process' }>): Promise<undefined> {
    const startedAtMs = Date.now();
    const { during, beforeMs, downMs } = action;
    if (during !== undefined) {
      const request =
        during === 'rescale'
          ? this.#requestRescale(action.parallelism)
          : this.#request(during).catch(() => {});
      request.catch(() => {});
      await sleep(beforeMs);
    }
    await this.#cluster?.kill();
    await sleep(downMs);
    await this.#startCluster();
    if (during === 'stop') await this.#goOnFromStop(startedAtMs);
  }

  /** A stop that was complete when the cluster was killed: its savepoint is all that is left. */
  async #goOnFromStop(startedAtMs: number): Promise<void> {
    if ((await this.#rest.status(this.#jobId)) !== 'FINISHED') return;
    const savepoint = newestSavepoint(this.#workshop.savepoints, startedAtMs);
    if (savepoint === undefined) return;
    this.#formerJobs.add(this.#jobId);
    await this.#submit(this.#plan.parallelism, ['-s', savepoint]);
  }

  async #stall(durationMs: number, slotsOnly: boolean): Promise<undefined> {
    const pids = [...(this.#cluster?.children() ?? [])];
    if (!slotsOnly) pids.push(this.#cluster?.pid ?? 0);
    for (const pid of pids) sendSignal(pid, 'SIGSTOP');
    await sleep(durationMs);
    for (const pid of pids) sendSignal(pid, 'SIGCONT');
  }

  async #rescale(parallelism: number): Promise<string | undefined> {
    const note = await this.#tryUntil('a rescale', () => this.#requestRescale(parallelism));
    if (note !== undefined) return note;
    await until(`parallelism ${parallelism} after a rescale`, REQUEST_TIMEOUT_MS, async () => {
      if (await this.isFinished()) return true;
      return (await this.#rest.parallelism(this.#jobId)).includes(parallelism);
    });
    return undefined;
  }

  async #stopAndRestore(
    action: Extract<Action, { type: 'stop-and-restore' }>,
  ): Promise<string | undefined> {
    let savepoint = await this.#stop().catch(async (thrown: unknown) => {
      if (!(await this.isFinished())) throw thrown;
      return '';
    });
    if (savepoint === '') return 'finished before';
    this.#formerJobs.add(this.#jobId);
    if (action.move) {
      const moved = `${savepoint}-moved`;
      renameSync(savepoint, moved);
      savepoint = moved;
    }
    const claim = action.claim ? ['-cm', 'claim'] : [];
    await this.#submit(action.parallelism, ['-s', savepoint, ...claim]);
    return undefined;
  }

  /** @returns the savepoint. */
  async #stop(): Promise<string> {
    let savepoint: unknown;
    const note = await this.#tryUntil('a stop', async () => {
      const outcome = await this.#request('stop');
      if (outcome.type === 'done') savepoint = outcome.value.location;
      return outcome;
    });
    if (typeof savepoint !== 'string') throw new Error(`the job could not be stopped: ${note}`);
    await until('the end of a stopped job', REQUEST_TIMEOUT_MS, () => this.isFinished());
    return savepoint;
  }

  async #cancelAndRestore(parallelism: number): Promise<string | undefined> {
    if (!(await this.#rest.cancel(this.#jobId))) return 'ended before';
    await until('the end of a cancelled job', REQUEST_TIMEOUT_MS, async () =>
      ENDED.includes(await this.#rest.status(this.#jobId)),
    );
    if ((await this.#rest.status(this.#jobId)) === 'FINISHED') return 'finished before';
    this.#formerJobs.add(this.#jobId);
    const checkpoint = newestCheckpoint([...this.#formerJobs], this.#workshop.data);
    await this.#submit(parallelism, checkpoint === undefined ? [] : ['-s', checkpoint]);
    return checkpoint === undefined ? 'from the start' : undefined;
  }

  async #meetRival(): Promise<undefined> {
    const args = ['cluster', '--data-dir', this.#workshop.data, '--slots', '1', '--port', '0'];
    const rival = this.#workshop.sluice(args, false);
    const timer = setTimeout(() => rival.signal('SIGKILL'), START_TIMEOUT_MS);
    const { code } = await rival.exited;
    clearTimeout(timer);
    if (code === 1 && /DATA_DIRECTORY_IN_USE/.test(rival.text)) return undefined;
    throw new Error(`a second cluster was not refused: code=${code} ${rival.lines.slice(-5)}`);
  }

  #request(what: 'stop' | 'savepoint'): Promise<Outcome> {
    const { savepoints } = this.#workshop;
    const body =
      what === 'stop'
        ? { targetDirectory: savepoints, drain: false }
        : { 'target-directory': savepoints };
    const path = what === 'stop' ? 'stop' : 'savepoints';
    return this.#rest.operate(this.#jobId, path, { body }, REQUEST_TIMEOUT_MS);
  }

  #requestRescale(parallelism: number): Promise<Outcome> {
    return this.#rest.operate(this.#jobId, 'rescaling', { parallelism }, REQUEST_TIMEOUT_MS);
  }

  /** Jobs that restart refuse requests; a moment later they must not. */
  async #tryUntil(what: string, request: () => Promise<Outcome>): Promise<string | undefined> {
    let reason = '';
    for (const endsAtMs = Date.now() + REQUEST_TIMEOUT_MS; Date.now() < endsAtMs; ) {
      if (await this.isFinished()) return 'finished before';
      const outcome = await request();
      if (outcome.type === 'done') return undefined;
      reason = outcome.type === 'gone' ? 'the cluster has forgotten it' : outcome.reason;
      await sleep(RETRY_MS);
    }
    throw new Error(`${what} fails again and again: ${reason}`);
  }
}

function newestSavepoint(directory: string, sinceEpochMs: number): string | undefined {
  return newest(childrenOf(directory), sinceEpochMs);
}

function newestCheckpoint(jobIds: readonly string[], data: string): string | undefined {
  return newest(
    jobIds.flatMap((jobId) => childrenOf(join(data, 'checkpoints', jobId))),
    0,
  );
}

function newest(directories: readonly string[], sinceEpochMs: number): string | undefined {
  return directories
    .map((path) => ({
      path,
      writtenAtMs: statSync(join(path, '_metadata'), { throwIfNoEntry: false })?.mtimeMs ?? -1,
    }))
    .filter(({ writtenAtMs }) => writtenAtMs >= sinceEpochMs)
    .sort((a, b) => a.writtenAtMs - b.writtenAtMs)
    .at(-1)?.path;
}

function childrenOf(directory: string): string[] {
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) return [];
  return readdirSync(directory).map((name) => join(directory, name));
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
