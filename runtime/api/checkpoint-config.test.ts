import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Configuration } from '../core/index.ts';
import { StreamExecutionEnvironment } from './environment.ts';
import { RestartStrategies } from './restart-strategies.ts';

const environment = (): StreamExecutionEnvironment => new StreamExecutionEnvironment();

describe('StreamExecutionEnvironment: checkpoints', () => {
  it('turns checkpoints on', () => {
    assert.deepEqual(environment().enableCheckpointing('10 s').getConfig().toJSON(), {
      'execution.checkpointing.interval': 10_000,
    });
    const env = environment().enableCheckpointing(500, 'AT_LEAST_ONCE');
    assert.deepEqual(env.getConfig().toJSON(), {
      'execution.checkpointing.interval': 500,
      'execution.checkpointing.mode': 'AT_LEAST_ONCE',
    });
  });

  it('writes every setting of checkpoints under the name of Flink', () => {
    const env = environment();
    env
      .getCheckpointConfig()
      .setMinPauseBetweenCheckpoints('2 s')
      .setCheckpointTimeout('1 min')
      .setMaxConcurrentCheckpoints(2)
      .setTolerableCheckpointFailureNumber(3)
      .setExternalizedCheckpointRetention('RETAIN_ON_CANCELLATION')
      .enableUnalignedCheckpoints()
      .setAlignedCheckpointTimeout(0)
      .setCheckpointStorage('/checkpoints')
      .setNumRetainedCheckpoints(4);
    assert.deepEqual(env.getConfig().toJSON(), {
      'execution.checkpointing.aligned-checkpoint-timeout': 0,
      'execution.checkpointing.dir': '/checkpoints',
      'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
      'execution.checkpointing.max-concurrent-checkpoints': 2,
      'execution.checkpointing.min-pause': 2000,
      'execution.checkpointing.num-retained': 4,
      'execution.checkpointing.timeout': 60_000,
      'execution.checkpointing.tolerable-failed-checkpoints': 3,
      'execution.checkpointing.unaligned.enabled': true,
    });
  });

  it('wins over the configuration file', () => {
    const configuration = Configuration.fromRecord({ 'execution.checkpointing.interval': '1 min' });
    const env = new StreamExecutionEnvironment({ configuration }).enableCheckpointing(100);
    assert.deepEqual(env.getConfig().toJSON(), { 'execution.checkpointing.interval': 100 });
  });

  it('refuses intervals that are too short and values an option does not take', () => {
    const env = environment();
    const tooShort = { code: 'INVALID_ARGUMENT', message: /interval must be 10 ms or longer.*9/ };
    assert.throws(() => env.enableCheckpointing(9), tooShort);
    assert.throws(() => env.enableCheckpointing('often'), { code: 'MALFORMED_DURATION' });
    const malformed = { code: 'MALFORMED_OPTION', message: /checkpointConfig\.set/ };
    const config = env.getCheckpointConfig();
    assert.throws(() => config.setCheckpointingMode('TWICE' as never), malformed);
    assert.throws(() => config.setMaxConcurrentCheckpoints(0), malformed);
    assert.throws(() => config.setTolerableCheckpointFailureNumber(-1), malformed);
  });
});

describe('StreamExecutionEnvironment: restart strategy', () => {
  const settings = (strategy: Parameters<StreamExecutionEnvironment['setRestartStrategy']>[0]) =>
    environment().setRestartStrategy(strategy).getConfig().toJSON();
  const upper = (type: unknown): string => String(type).toUpperCase().replaceAll('-', '_');

  it('writes the options of the strategy', () => {
    assert.equal(upper(settings(RestartStrategies.noRestart())['restart-strategy.type']), 'NONE');
    const { 'restart-strategy.type': fixed, ...attempts } = settings(
      RestartStrategies.fixedDelayRestart(3, '10 s'),
    );
    assert.equal(upper(fixed), 'FIXED_DELAY');
    assert.deepEqual(attempts, {
      'restart-strategy.fixed-delay.attempts': 3,
      'restart-strategy.fixed-delay.delay': 10_000,
    });
    const { 'restart-strategy.type': rate, ...limits } = settings(
      RestartStrategies.failureRateRestart(2, '1 min', 0),
    );
    assert.equal(upper(rate), 'FAILURE_RATE');
    assert.deepEqual(limits, {
      'restart-strategy.failure-rate.delay': 0,
      'restart-strategy.failure-rate.failure-rate-interval': 60_000,
      'restart-strategy.failure-rate.max-failures-per-interval': 2,
    });
  });

  it('leaves out what the exponential delay leaves to its defaults', () => {
    const { 'restart-strategy.type': type, ...rest } = settings(
      RestartStrategies.exponentialDelayRestart({ initialBackoff: '2 s', jitterFactor: 0 }),
    );
    assert.equal(upper(type), 'EXPONENTIAL_DELAY');
    assert.deepEqual(rest, {
      'restart-strategy.exponential-delay.initial-backoff': 2000,
      'restart-strategy.exponential-delay.jitter-factor': 0,
    });
  });

  it('refuses what is no strategy', () => {
    const refusal = { code: 'INVALID_ARGUMENT', message: /RestartStrategies/ };
    assert.throws(() => environment().setRestartStrategy('none' as never), refusal);
  });
});
