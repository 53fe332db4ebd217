/** Files and savepoints that outlive the jobs of a test. */
import assert from 'node:assert/strict';
import type {
  JobFunction,
  SingleOutputStreamOperator,
  StreamExecutionEnvironment,
} from '../api/index.ts';
import { type ConfigValue, isStreamError } from '../core/index.ts';
import {
  MemoryFileSystem,
  type RunJobOutcome,
  type StartedJob,
  startJob,
} from '../testing/index.ts';
import { FileBlobStore } from './file-blob-store.ts';
import { SavepointReader } from './savepoint-reader.ts';

export type Settings = Readonly<Record<string, ConfigValue>>;

export class ProcessorWorld {
  readonly files = new MemoryFileSystem();
  readonly blobs = new FileBlobStore(this.files);
  #seed = 1;

  start(
    job: JobFunction,
    parallelism: number,
    from?: string,
    settings: Settings = {},
  ): Promise<StartedJob> {
    const { files, blobs } = this;
    const configuration = {
      'execution.checkpointing.savepoint-dir': '/savepoints',
      'pipeline.auto-watermark-interval': 5,
      ...(from === undefined ? {} : { 'execution.state-recovery.path': from }),
      ...settings,
    };
    const options = { blobs, fileSystem: files, parallelism, configuration };
    return startJob(job, { ...options, seed: this.#seed++ });
  }

  /** To its end, which must be a good one. */
  async run(
    job: JobFunction,
    parallelism: number,
    from?: string,
    settings: Settings = {},
  ): Promise<RunJobOutcome> {
    const outcome = await (await this.start(job, parallelism, from, settings)).outcome;
    assert.equal(outcome.result.status, 'FINISHED', outcome.result.error?.message);
    return outcome;
  }

  /** What fails a job, or refuses it before it starts. */
  async failure(job: JobFunction, parallelism = 2): Promise<{ code: string; message: string }> {
    try {
      const { result } = await (await this.start(job, parallelism)).outcome;
      assert.equal(result.status, 'FAILED');
      const { code = '', message = '' } = result.error ?? {};
      return { code, message };
    } catch (thrown) {
      if (!isStreamError(thrown)) throw thrown;
      return thrown;
    }
  }

  /** What a stream of a savepoint has: sorted JSON texts. */
  async read<T>(
    path: string,
    build: (reader: SavepointReader) => SingleOutputStreamOperator<T>,
    parallelism = 2,
  ): Promise<string[]> {
    const job = (env: StreamExecutionEnvironment) =>
      void build(SavepointReader.read(env, path))
        .map((value) => JSON.stringify(value))
        .print();
    return linesOf((await this.run(job, parallelism)).printed);
  }
}

/** What was printed, sorted, without subtasks. */
export function linesOf(printed: string): string[] {
  const lines = printed.split('\n').filter(Boolean);
  return lines.map((line) => line.replace(/^\d+> /, '')).sort();
}
