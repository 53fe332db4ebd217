import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Configuration } from '../../core/index.ts';
import { jobDefaults } from './job-defaults.ts';

const OF_JOBS = {
  'execution.buffer-timeout.interval': 50,
  'execution.checkpointing.interval': 2000,
  'execution.checkpointing.savepoint-dir': '/savepoints',
  'execution.state-recovery.claim-mode': 'CLAIM',
  'parallelism.default': 3,
  'pipeline.max-parallelism': 64,
  'restart-strategy.type': 'FIXED_DELAY',
  'task.cancellation.timeout': 1000,
  'web.checkpoints.history': 5,
  'web.exception-history-size': 4,
} as const;

describe('jobDefaults', () => {
  it('are the options of jobs; what is the cluster’s alone stays with it', () => {
    const configuration = Configuration.fromRecord({
      ...OF_JOBS,
      'execution.attached': true,
      'execution.state-recovery.path': '/savepoints/one',
      'heartbeat.interval': 1000,
      'jobstore.max-capacity': 5,
      'metrics.reporter.otel.exporter.endpoint': 'http://user:hush@host/',
      'rest.authentication.token': 'hush-hush-hush-hush',
      'rest.port': 1,
      'sluice.rest.max-connections': 9,
      'web.submit.enable': false,
    });
    assert.deepEqual(jobDefaults(configuration), OF_JOBS);
  });

  it('are none of a cluster that says nothing', () => {
    assert.deepEqual(jobDefaults(Configuration.EMPTY), {});
  });
});
