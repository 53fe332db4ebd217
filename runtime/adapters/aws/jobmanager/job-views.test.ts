import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { JobRecord } from '../../../checkpoint/index.ts';
import { ConfigOptions, Configuration, type ConfigValue } from '../../../core/index.ts';
import { submittedStep, submittedView, viewOf } from './job-views.ts';

const configuration: Readonly<Record<string, ConfigValue>> = {
  'parallelism.default': 2,
  'rest.authentication.token': 'HUSH-and-enough-of-it',
  'execution.checkpointing.dir': 's3://u:HUSH@b/checkpoints',
};
const job: JobRecord = {
  ...{ jobId: 'a'.repeat(32), name: 'load http://u:80/HUSH@h/x', status: 'CREATED', attempt: 1 },
  ...{ submittedAtEpochMs: 1, bundleLocation: '', args: ['--password', 'HUSH'], configuration },
  ...{ parallelism: {}, coordinator: undefined },
};

it('a view holds no secret of the job, and its settings can be read', () => {
  const clock = { nowEpochMs: () => 2, monotonicMs: () => 2 };
  const turned = { job, name: job.name, vertices: [], configuration, master: undefined };
  const views = [submittedView(job), viewOf({ ...turned, end: undefined }, clock)];
  for (const view of views) {
    assert.doesNotMatch(JSON.stringify(view), /HUSH/);
    assert.equal(view.name, 'load http://******@h/x');
    const read = Configuration.fromRecord(view.configuration as typeof configuration);
    assert.equal(read.get(ConfigOptions.DEFAULT_PARALLELISM), 2);
  }
  assert.doesNotMatch(JSON.stringify(submittedStep(job)), /HUSH/);
});
