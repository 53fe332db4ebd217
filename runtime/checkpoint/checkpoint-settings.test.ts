import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Configuration, type ConfigValue, isStreamError } from '../core/index.ts';
import { checkpointSettings, recoverySettings } from './checkpoint-settings.ts';

const of = (record: Readonly<Record<string, ConfigValue>>) =>
  checkpointSettings(Configuration.fromRecord(record));

function refusal(record: Readonly<Record<string, ConfigValue>>): string {
  try {
    of(record);
  } catch (error) {
    if (isStreamError(error)) return `${error.code}: ${error.message}`;
  }
  return 'accepted';
}

describe('checkpointSettings', () => {
  it('has the defaults of Flink, but for deltas', () => {
    assert.deepEqual(of({}), {
      mode: 'EXACTLY_ONCE',
      timeoutMs: 600_000,
      minPauseMs: 0,
      maxConcurrentCheckpoints: 1,
      tolerableFailedCheckpoints: 0,
      retention: 'NO_EXTERNALIZED_CHECKPOINTS',
      retainedCount: 1,
      incremental: true,
      unalignedAfterMs: -1,
      afterTasksFinish: true,
      historyCount: 10,
    });
  });

  it('reads every option', () => {
    const prefix = 'execution.checkpointing.';
    assert.deepEqual(
      of({
        [`${prefix}interval`]: '10 ms',
        [`${prefix}mode`]: 'at_least_once',
        [`${prefix}timeout`]: '1 min',
        [`${prefix}max-concurrent-checkpoints`]: 3,
        [`${prefix}tolerable-failed-checkpoints`]: 2,
        [`${prefix}externalized-checkpoint-retention`]: 'RETAIN_ON_CANCELLATION',
        [`${prefix}storage`]: 'filesystem',
        [`${prefix}dir`]: '/c',
        [`${prefix}savepoint-dir`]: '/s',
        [`${prefix}num-retained`]: 4,
        [`${prefix}incremental`]: false,
        [`${prefix}checkpoints-after-tasks-finish`]: false,
        'web.checkpoints.history': 5,
      }),
      {
        intervalMs: 10,
        mode: 'AT_LEAST_ONCE',
        timeoutMs: 60_000,
        minPauseMs: 0,
        maxConcurrentCheckpoints: 3,
        tolerableFailedCheckpoints: 2,
        retention: 'RETAIN_ON_CANCELLATION',
        directory: '/c',
        savepointDirectory: '/s',
        retainedCount: 4,
        incremental: false,
        unalignedAfterMs: -1,
        afterTasksFinish: false,
        historyCount: 5,
      },
    );
  });

  it('knows the names of Flink 1', () => {
    const settings = of({
      'state.checkpoints.dir': '/c',
      'state.savepoints.dir': '/s',
      'state.checkpoints.num-retained': 2,
      'state.backend.incremental': true,
      'state.checkpoint-storage': 'filesystem',
      'execution.checkpointing.unaligned': true,
    });
    assert.deepEqual(
      [settings.directory, settings.savepointDirectory, settings.retainedCount],
      ['/c', '/s', 2],
    );
    assert.equal(settings.unalignedAfterMs, 0);
  });

  it('takes one at a time when there is a minimum pause', () => {
    const settings = of({
      'execution.checkpointing.min-pause': '1 s',
      'execution.checkpointing.max-concurrent-checkpoints': 5,
    });
    assert.equal(settings.maxConcurrentCheckpoints, 1);
  });

  it('lets barriers overtake after the timeout only when that is enabled', () => {
    const timeout = { 'execution.checkpointing.aligned-checkpoint-timeout': '3 s' };
    assert.equal(of(timeout).unalignedAfterMs, -1);
    const enabled = { 'execution.checkpointing.unaligned.enabled': true };
    assert.equal(of({ ...timeout, ...enabled }).unalignedAfterMs, 3000);
  });

  it('refuses what cannot be', () => {
    assert.equal(
      refusal({ 'execution.checkpointing.interval': '9 ms' }),
      "INVALID_CHECKPOINT_SETTINGS: option 'execution.checkpointing.interval' must be larger " +
        'than or equal to 10 ms: value=9 ms',
    );
    assert.match(refusal({ 'execution.checkpointing.timeout': 1 }), /timeout' must be larger/);
    const unaligned = { 'execution.checkpointing.unaligned.enabled': true };
    assert.match(
      refusal({ ...unaligned, 'execution.checkpointing.mode': 'AT_LEAST_ONCE' }),
      /unaligned\.enabled' needs 'execution\.checkpointing\.mode' EXACTLY_ONCE/,
    );
    assert.match(
      refusal({ ...unaligned, 'execution.checkpointing.max-concurrent-checkpoints': 2 }),
      /allows one checkpoint at a time; set .*max-concurrent-checkpoints' to 1: value=2/,
    );
    assert.match(refusal({ 'execution.checkpointing.num-retained': 0 }), /^MALFORMED_OPTION/);
    assert.match(
      refusal({ 'execution.checkpointing.storage': 'jobmanager' }),
      /JOBMANAGER is known to Flink, not supported yet/,
    );
  });
});

describe('recoverySettings', () => {
  it('starts from nothing, claiming nothing, by default', () => {
    assert.deepEqual(recoverySettings(Configuration.EMPTY), {
      ignoreUnclaimedState: false,
      claimMode: 'NO_CLAIM',
    });
  });

  it('reads the options by both names', () => {
    const expected = { path: '/sp', ignoreUnclaimedState: true, claimMode: 'CLAIM' };
    for (const [path, ignore, mode] of [
      [
        'execution.state-recovery.path',
        'execution.state-recovery.ignore-unclaimed-state',
        'execution.state-recovery.claim-mode',
      ],
      [
        'execution.savepoint.path',
        'execution.savepoint.ignore-unclaimed-state',
        'execution.savepoint-restore-mode',
      ],
    ] as const) {
      const configuration = Configuration.fromRecord({
        [path]: '/sp',
        [ignore]: true,
        [mode]: 'claim',
      });
      assert.deepEqual(recoverySettings(configuration), expected);
    }
  });

  it('refuses LEGACY and says why', () => {
    assert.throws(
      () => Configuration.fromRecord({ 'execution.state-recovery.claim-mode': 'LEGACY' }),
      /LEGACY was removed in Flink 2/,
    );
  });
});
