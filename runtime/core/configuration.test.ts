import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConfigValue } from './config-option.ts';
import { ConfigOptions } from './config-options.ts';
import { Configuration } from './configuration.ts';
import { isStreamError } from './errors.ts';

function refusal(key: string, value: ConfigValue, origin?: string): { code: string; text: string } {
  try {
    Configuration.fromRecord({ [key]: value }, origin);
  } catch (error) {
    if (isStreamError(error)) return { code: error.code, text: error.message };
  }
  return { code: 'accepted', text: '' };
}

describe('Configuration', () => {
  it('answers defaults for what is not set', () => {
    const { EMPTY } = Configuration;
    assert.equal(EMPTY.get(ConfigOptions.DEFAULT_PARALLELISM), 1);
    assert.equal(EMPTY.get(ConfigOptions.MAX_PARALLELISM), -1);
    assert.equal(EMPTY.get(ConfigOptions.PIPELINE_NAME), undefined);
    assert.equal(EMPTY.get(ConfigOptions.AUTO_WATERMARK_INTERVAL_MS), 200);
    assert.equal(EMPTY.get(ConfigOptions.BUFFER_TIMEOUT_INTERVAL_MS), 100);
    assert.equal(EMPTY.has(ConfigOptions.DEFAULT_PARALLELISM), false);
  });

  it('parses texts as well as typed values', () => {
    const config = Configuration.fromRecord({
      'parallelism.default': '4',
      'pipeline.operator-chaining.enabled': 'FALSE',
      'pipeline.auto-watermark-interval': '1 s',
      'execution.runtime-mode': 'streaming',
      'pipeline.name': 42,
    });
    assert.equal(config.get(ConfigOptions.DEFAULT_PARALLELISM), 4);
    assert.equal(config.get(ConfigOptions.OPERATOR_CHAINING), false);
    assert.equal(config.get(ConfigOptions.AUTO_WATERMARK_INTERVAL_MS), 1000);
    assert.equal(config.get(ConfigOptions.RUNTIME_MODE), 'STREAMING');
    assert.equal(config.get(ConfigOptions.PIPELINE_NAME), '42');
  });

  it('translates other names of an option, the later entry winning', () => {
    const config = Configuration.fromEntries([
      { key: 'parallelism.default', value: 2 },
      { key: 'execution.parallelism', value: 3 },
      { key: 'execution.buffer-timeout', value: '5 ms' },
    ]);
    assert.deepEqual(config.toJSON(), {
      'execution.buffer-timeout.interval': 5,
      'parallelism.default': 3,
    });
  });

  it('merges with the stronger one winning and changes neither', () => {
    const file = Configuration.fromRecord({ 'parallelism.default': 2, 'pipeline.name': 'a' });
    const dynamic = Configuration.fromRecord({ 'parallelism.default': 8 });
    assert.deepEqual(file.merge(dynamic).toJSON(), {
      'parallelism.default': 8,
      'pipeline.name': 'a',
    });
    assert.equal(file.get(ConfigOptions.DEFAULT_PARALLELISM), 2);
    const changed = file.with(ConfigOptions.DEFAULT_PARALLELISM, 5);
    assert.equal(changed.get(ConfigOptions.DEFAULT_PARALLELISM), 5);
  });

  it('survives JSON', () => {
    const config = Configuration.fromRecord({ 'execution.buffer-timeout.interval': '2 s' });
    const copy = Configuration.fromRecord(JSON.parse(JSON.stringify(config)));
    assert.deepEqual(copy.toJSON(), config.toJSON());
  });

  it('refuses an unknown key and names the nearest known one', () => {
    assert.deepEqual(refusal('paralelism.default', 2, 'sluice.config.yaml:3'), {
      code: 'UNKNOWN_OPTION',
      text: "unknown option 'paralelism.default' in sluice.config.yaml:3; did you mean 'parallelism.default'?",
    });
    assert.match(refusal('colour', 2).text, /; the options are parallelism\.default, /);
  });

  it('tells an option of Flink that is not supported yet from a mistake', () => {
    assert.deepEqual(refusal('historyserver.web.port', '1', '-D'), {
      code: 'UNSUPPORTED_OPTION',
      text: "option 'historyserver.web.port' in -D is known to Flink, not supported yet in this version",
    });
    assert.equal(refusal('metrics.reporter.jmx.factory.class', 'x').code, 'UNSUPPORTED_OPTION');
    assert.equal(refusal('scheduler-mode', 'reactive').code, 'UNSUPPORTED_OPTION');
  });

  it('refuses a malformed value and says what is expected', () => {
    assert.deepEqual(refusal('parallelism.default', 'two'), {
      code: 'MALFORMED_OPTION',
      text: `option 'parallelism.default' expects an integer from 1 to 32768: value="two"`,
    });
    const malformed: readonly (readonly [string, ConfigValue])[] = [
      ['parallelism.default', 0],
      ['parallelism.default', 1.5],
      ['parallelism.default', null],
      ['parallelism.default', [1, 2]],
      ['parallelism.default', ''],
      ['pipeline.max-parallelism', 0],
      ['pipeline.max-parallelism', 32_769],
      ['pipeline.operator-chaining.enabled', 'yes'],
      ['pipeline.auto-watermark-interval', 'soon'],
      ['execution.buffer-timeout.interval', -1],
      ['pipeline.name', ['a']],
    ];
    for (const [key, value] of malformed) {
      assert.equal(refusal(key, value).code, 'MALFORMED_OPTION', `${key}=${value}`);
    }
    assert.equal(refusal('pipeline.max-parallelism', -1).code, 'accepted');
  });

  it('shows no secret that is malformed', () => {
    const { text } = refusal('rest.authentication.token', ['hunter2', 'b']);
    assert.match(text, /rest\.authentication\.token' expects .*: value=\*{6}$/);
    const url = refusal('pipeline.max-parallelism', 'http://me:hunter2@h/');
    assert.match(url.text, /value="http:\/\/\*{6}@h\/"$/);
  });
});
