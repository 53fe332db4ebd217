import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { StreamError } from '../../runtime/core/index.ts';
import type { JobResult } from '../../runtime/jobmaster/index.ts';
import { info } from './info.ts';
import type { JobHooks, JobRequest, JobRunner } from './job-runner.ts';
import { flightsSnapshot } from './job-snapshot.fixture.ts';
import { INFO_OPTIONS, RUN_OPTIONS } from './options.ts';
import { parseOptions } from './parse-options.ts';
import { run } from './run.ts';

const cwd = mkdtempSync(join(tmpdir(), 'sluice-run-'));
writeFileSync(join(cwd, 'job.ts'), 'export default function job() {}\n');
after(() => rmSync(cwd, { recursive: true }));

const JOB_ID = 'a'.repeat(32);
const finished: JobResult = {
  jobId: JOB_ID,
  jobName: 'flights',
  status: 'FINISHED',
  netRuntimeMs: 12.4,
  metrics: flightsSnapshot(1000, 1),
  accumulators: {},
};

class Console {
  out = '';
  err = '';
  readonly signals = new EventEmitter();
  readonly exits: number[] = [];
  #nowMs = 0;
  /** A second passes between any two looks. */
  readonly monotonicMs = (): number => {
    this.#nowMs += 1000;
    return this.#nowMs;
  };
  readonly exit = (code: number): void => void this.exits.push(code);
  readonly world = {
    cwd,
    environment: {},
    stdout: {
      write: (text: string, written?: () => void): void => {
        this.out += text;
        written?.();
      },
    },
    stderr: {
      write: (text: string, written?: () => void): void => {
        this.err += text;
        written?.();
      },
    },
    engineRoot: '/engine',
  };
}

/** A runner whose job does what `work` says. */
function runnerOf(
  work: (hooks: JobHooks, canceled: Promise<void>) => Promise<JobResult>,
): JobRunner & { readonly requests: JobRequest[] } {
  const requests: JobRequest[] = [];
  return {
    requests,
    prepare: async (request) => {
      requests.push(request);
      return {
        jobName: 'flights',
        plan: () => ({ nodes: [] }),
        summary: async () => 'all is well',
        start: async (hooks) => {
          const canceled = Promise.withResolvers<void>();
          return {
            jobId: JOB_ID,
            result: work(hooks, canceled.promise),
            cancel: () => canceled.resolve(),
            snapshot: () => flightsSnapshot(1000, 0.5),
          };
        },
      };
    },
  };
}

describe('run', () => {
  it('prints what the job prints and Flink’s words around it, and answers 0', async () => {
    const console = new Console();
    const runner = runnerOf(async ({ onPrint }) => {
      await onPrint('a line');
      return finished;
    });
    const options = parseOptions(RUN_OPTIONS, ['-p', '2', 'job.ts', '--input', 'x']);
    assert.equal(await run(options, runner, console), 0);
    assert.deepEqual(console.out.split('\n').sort(), [
      '',
      'Job Runtime: 12 ms',
      `Job has been submitted with JobID ${JOB_ID}`,
      `Job with JobID ${JOB_ID} has finished.`,
      'Program execution finished',
      'a line',
      'all is well',
    ]);
    const [request] = runner.requests;
    assert.deepEqual(request?.args, ['--input', 'x']);
    assert.deepEqual(request?.configuration.toJSON(), { 'parallelism.default': 2 });
  });

  it('prints nothing of its own with --quiet', async () => {
    const console = new Console();
    const runner = runnerOf(async ({ onPrint }) => {
      await onPrint('only this');
      return finished;
    });
    await run(parseOptions(RUN_OPTIONS, ['--quiet', 'job.ts']), runner, console);
    assert.deepEqual([console.out, console.err], ['only this\n', '']);
  });

  it('throws the failure of a failed job', async () => {
    const error = new StreamError({ kind: 'user', code: 'BOOM', message: 'it broke' }).toJSON();
    const runner = runnerOf(async () => ({ ...finished, status: 'FAILED', error }));
    await assert.rejects(run(parseOptions(RUN_OPTIONS, ['job.ts']), runner, new Console()), {
      code: 'BOOM',
      message: 'it broke',
    });
  });

  it('cancels at Ctrl-C and answers 130; a second one ends the process', async () => {
    const console = new Console();
    const runner = runnerOf(async (_hooks, canceled) => {
      setImmediate(() => console.signals.emit('SIGINT'));
      await canceled;
      console.signals.emit('SIGINT');
      return { ...finished, status: 'CANCELED' };
    });
    assert.equal(await run(parseOptions(RUN_OPTIONS, ['job.ts']), runner, console), 130);
    assert.deepEqual(console.exits, [130]);
    assert.match(console.err, /^Cancelling the job; Ctrl-C again kills it\.\n$/);
    assert.match(console.out, /\nCancelled job a{32}\.\n$/);
    assert.equal(console.signals.listenerCount('SIGINT'), 0);
  });
});

describe('info', () => {
  it('prints the plan between Flink’s rules; with --json nothing but the plan', async () => {
    const console = new Console();
    const runner = runnerOf(async () => finished);
    const code = await info(parseOptions(INFO_OPTIONS, ['job.ts']), runner, console);
    assert.deepEqual([code, console.err], [0, '']);
    const [head, ...rest] = console.out.split('\n');
    assert.equal(head, '----------------------- Execution Plan -----------------------');
    const tail = ['-'.repeat(62), '', 'No description provided.', ''];
    assert.deepEqual(rest.slice(-tail.length), tail);
    assert.deepEqual(JSON.parse(rest.slice(0, -tail.length).join('\n')), { nodes: [] });
    const bare = new Console();
    await info(parseOptions(INFO_OPTIONS, ['--json', 'job.ts']), runner, bare);
    assert.deepEqual(JSON.parse(bare.out), { nodes: [] });
  });
});

describe('run --json', () => {
  it('prints one document, and what the job prints on stderr', async () => {
    const console = new Console();
    const runner = runnerOf(async ({ onPrint }) => {
      await onPrint('a line of the job');
      return finished;
    });
    const code = await run(parseOptions(RUN_OPTIONS, ['--json', 'job.ts']), runner, console);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(console.out), {
      jobId: JOB_ID,
      name: 'flights',
      status: 'FINISHED',
      runtimeMs: 12,
    });
    assert.match(console.err, /a line of the job\n/);
  });
});
