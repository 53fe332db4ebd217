import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Configuration } from '../../runtime/core/index.ts';
import { loadConfigFile, parseConfig } from './config-file.ts';
import { configurationOf } from './effective-configuration.ts';
import { RUN_OPTIONS } from './options.ts';
import { parseOptions } from './parse-options.ts';

const cwd = mkdtempSync(join(tmpdir(), 'sluice-config-'));
after(() => rmSync(cwd, { recursive: true }));

describe('parseConfig', () => {
  it('reads nested and flat options with their lines', async () => {
    const entries = await parseConfig(
      'parallelism.default: 4\npipeline:\n  name: a\n  operator-chaining:\n    enabled: false\n',
      'f.yaml',
    );
    assert.deepEqual(entries, [
      { key: 'parallelism.default', value: 4, origin: 'f.yaml:1' },
      { key: 'pipeline.name', value: 'a', origin: 'f.yaml:3' },
      { key: 'pipeline.operator-chaining.enabled', value: false, origin: 'f.yaml:5' },
    ]);
  });

  it('takes an empty file for no settings', async () => {
    assert.deepEqual(await parseConfig('# nothing\n', 'f.yaml'), []);
  });

  it('refuses what is not YAML, or no map, with file and line', async () => {
    await assert.rejects(parseConfig('a: 1\nb: [1\n', 'f.yaml'), {
      code: 'CONFIG_FILE_MALFORMED',
      message: /^f\.yaml:[23] is not a valid configuration: /,
    });
    await assert.rejects(parseConfig('- a\n', 'f.yaml'), {
      message: 'f.yaml is not a valid configuration: expected a map of options',
    });
  });
});

describe('loadConfigFile', () => {
  it('answers the empty configuration when there is no file', async () => {
    assert.equal(await loadConfigFile({ cwd: join(cwd, 'none') }), Configuration.EMPTY);
  });

  it('refuses a named directory without a file', async () => {
    const place = { cwd, configDir: join(cwd, 'none') };
    await assert.rejects(loadConfigFile(place), { code: 'CONFIG_FILE_NOT_FOUND' });
  });

  it('names file and line of an unknown option', async () => {
    writeFileSync(join(cwd, 'sluice.config.yaml'), 'pipeline:\n  nmae: x\n');
    await assert.rejects(loadConfigFile({ cwd }), {
      code: 'UNKNOWN_OPTION',
      message:
        "unknown option 'pipeline.nmae' in sluice.config.yaml:2; did you mean 'pipeline.name'?",
    });
  });
});

describe('configurationOf', () => {
  it('lets -D win over the file and -p over both', async () => {
    writeFileSync(
      join(cwd, 'sluice.config.yaml'),
      'parallelism.default: 2\npipeline.name: file\nexecution.buffer-timeout: 1 s\n',
    );
    const args = ['-D', 'parallelism.default=3', '-Dpipeline.name=dynamic', '-p', '4'];
    const options = parseOptions(RUN_OPTIONS, args);
    const configuration = await configurationOf(options, { cwd, environment: {} });
    assert.deepEqual(configuration.toJSON(), {
      'execution.buffer-timeout.interval': 1000,
      'parallelism.default': 4,
      'pipeline.name': 'dynamic',
    });
  });

  it('finds the file where SLUICE_CONF_DIR says', async () => {
    const environment = { SLUICE_CONF_DIR: cwd };
    const options = parseOptions(RUN_OPTIONS, []);
    const configuration = await configurationOf(options, { cwd: '/', environment });
    assert.equal(configuration.toJSON()['pipeline.name'], 'file');
  });

  it('refuses a parallelism that is no positive number', async () => {
    const options = parseOptions(RUN_OPTIONS, ['-p', 'many']);
    await assert.rejects(configurationOf(options, { cwd: '/', environment: {} }), {
      message: 'The parallelism must be a positive number: many',
    });
  });
});
