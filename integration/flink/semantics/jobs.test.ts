/** Goal: jobs after Flink's examples answer what Flink answered over the same files. */
import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runJob } from 'sluice/testing';
import { JOBS, UNORDERED } from './jobs.ts';
import { comparable, INPUT_FOLDER, type JobAnswer, recorded } from './recorded.ts';
import { type SemanticsJob, semanticsJob } from './semantics-job.ts';

const flink = recorded<JobAnswer>('jobs').filter(({ mode }) => mode === 'STREAMING');

async function linesOf(job: SemanticsJob): Promise<string[]> {
  const outcome = await runJob(semanticsJob(job, INPUT_FOLDER), { parallelism: 1 });
  equal(outcome.result.status, 'FINISHED', outcome.result.error?.message);
  return outcome.printed.split('\n').filter((line) => line !== '');
}

describe('a job over the same files as in Flink', () => {
  it('is recorded, each of them', () => {
    deepEqual(flink.map(({ name }) => name).sort(), Object.keys(JOBS).sort());
  });

  for (const [name, job] of Object.entries(JOBS)) {
    it(`answers the same lines: ${name}`, async () => {
      const isOrdered = !UNORDERED.has(name);
      const expected = flink.find((answer) => answer.name === name)?.lines ?? [];
      deepEqual(comparable(await linesOf(job), isOrdered), comparable(expected, isOrdered));
    });
  }
});
