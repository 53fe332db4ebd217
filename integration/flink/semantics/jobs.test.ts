/** Goal: jobs after Flink's examples answer what Flink answered over the same files. */
import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runJob } from 'sluice/testing';
import { JOBS, UNORDERED } from './jobs.ts';
import { comparable, INPUT_FOLDER, type JobAnswer, recorded } from './recorded.ts';
import { type SemanticsJob, semanticsJob } from './semantics-job.ts';

const flink = recorded<JobAnswer>('jobs');
const MODES = ['STREAMING', 'BATCH'] as const;

type Mode = JobAnswer['mode'];

async function linesOf(job: SemanticsJob, mode: Mode): Promise<string[]> {
  const configuration = { 'execution.runtime-mode': mode };
  const options = { parallelism: 1, configuration };
  const outcome = await runJob(semanticsJob(job, INPUT_FOLDER), options);
  equal(outcome.result.status, 'FINISHED', outcome.result.error?.message);
  return outcome.printed.split('\n').filter((line) => line !== '');
}

function linesOfFlink(name: string, mode: Mode): readonly string[] {
  return flink.find((answer) => answer.name === name && answer.mode === mode)?.lines ?? [];
}

describe('a job over the same files as in Flink', () => {
  it('is recorded, each of them, and answered something', () => {
    const streaming = flink.filter(({ mode }) => mode === 'STREAMING');
    deepEqual(streaming.map(({ name }) => name).sort(), Object.keys(JOBS).sort());
    deepEqual(
      flink.filter(({ lines }) => lines.length === 0),
      [],
    );
  });

  for (const mode of MODES) {
    for (const [name, job] of Object.entries(JOBS)) {
      it(`answers the same lines in ${mode}: ${name}`, async () => {
        const isOrdered = !UNORDERED.has(name);
        const expected = comparable(linesOfFlink(name, mode), isOrdered);
        deepEqual(comparable(await linesOf(job, mode), isOrdered), expected);
      });
    }
  }
});
