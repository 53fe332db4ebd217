/** `sluice run` in one process, started again from the newest retained checkpoint. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Child } from './child.ts';
import type { Action, RoundPlan } from './plan.ts';
import { runArguments, type SystemUnderTest, sleep, type Workshop } from './system.ts';

const START_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 60_000;

export class EmbeddedSystem implements SystemUnderTest {
  readonly #plan: RoundPlan;
  readonly #workshop: Workshop;
  #job: Child | undefined;

  constructor(plan: RoundPlan, workshop: Workshop) {
    this.#plan = plan;
    this.#workshop = workshop;
  }

  async start(): Promise<void> {
    await this.#run(this.#plan.parallelism);
  }

  async perform(action: Action): Promise<string | undefined> {
    switch (action.type) {
      case 'kill-process':
        await this.#job?.kill();
        await sleep(action.downMs);
        return await this.#run(action.parallelism);
      case 'cancel-and-restore': {
        this.#job?.signal('SIGINT');
        const exit = await this.#job?.exited;
        if (exit?.code === 0) return undefined;
        if (exit?.code !== 130) throw new Error(`a cancelled job ended with ${exit?.code}`);
        return await this.#run(action.parallelism);
      }
      default:
        throw new Error(`nothing an embedded job can do: ${action.type}`);
    }
  }

  async isFinished(): Promise<boolean> {
    const { exit } = this.#job ?? {};
    if (exit === undefined) return false;
    if (exit.code === 0) return true;
    throw new Error(`the job ended with ${exit.code ?? exit.signal}: ${errorIn(this.#job)}`);
  }

  async end(): Promise<number | undefined> {
    const timer = setTimeout(() => this.#job?.signal('SIGKILL'), END_TIMEOUT_MS);
    await this.#job?.exited;
    clearTimeout(timer);
    await this.isFinished();
    return this.#plan.eventCount;
  }

  async describe(): Promise<object> {
    return this.#job?.exit ?? { pid: this.#job?.pid };
  }

  async abandon(): Promise<void> {
    await this.#job?.kill();
  }

  async #run(parallelism: number): Promise<string | undefined> {
    const startedAtMs = Date.now();
    const restore = this.#newestCheckpoint();
    const options = restore === undefined ? [] : ['-s', restore];
    const args = runArguments(this.#plan, this.#workshop, parallelism, options);
    this.#job = this.#workshop.sluice(args, true);
    const submitted = await this.#job.line(/submitted with JobID/, START_TIMEOUT_MS);
    if (submitted !== undefined) return undefined;
    if (!this.#workshop.wasBrokenSince(startedAtMs)) {
      throw new Error(`the job did not start: ${errorIn(this.#job)}`);
    }
    await sleep(200);
    return await this.#run(parallelism);
  }

  /** Of the job that has one and was started last. */
  #newestCheckpoint(): string | undefined {
    const found = childrenOf(this.#workshop.checkpoints)
      .flatMap((job) => childrenOf(job))
      .filter((path) => /\/chk-\d+$/.test(path))
      .map((path) => ({
        path,
        writtenAtMs:
          statSync(join(path, '_metadata'), { throwIfNoEntry: false })?.mtimeMs ??
          Number.NEGATIVE_INFINITY,
      }))
      .filter(({ writtenAtMs }) => writtenAtMs > 0);
    return found.sort((a, b) => a.writtenAtMs - b.writtenAtMs).at(-1)?.path;
  }
}

function childrenOf(directory: string): string[] {
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) return [];
  return readdirSync(directory).map((name) => join(directory, name));
}

function errorIn(child: Child | undefined): string {
  const lines = child?.lines ?? [];
  const at = lines.findLastIndex((line) => line.startsWith('error:'));
  return lines.slice(at < 0 ? -3 : at, at < 0 ? undefined : at + 4).join(' | ');
}
