/**
 * Goal: shells complete what the parser takes. Method: bash itself, asked as a person's key press
 * does; the scripts of zsh and fish by their shells where these are installed, and by their lines.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ACTION_SPECS, ACTIONS } from './actions.ts';
import { capturedCommand } from './captured-command.fixture.ts';
import { parseOptions } from './parse-options.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-completion-'));
const scripts: Record<string, string> = {};
const JOB = 'fd72014d4c864993a2e5a9287b4a9c5d';

before(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, out } = await capturedCommand(['completion', shell], directory);
    assert.equal(code, 0);
    scripts[shell] = out;
    writeFileSync(join(directory, `completion.${shell}`), out);
  }
  // What completion of job ids calls.
  writeFileSync(
    join(directory, 'sluice'),
    `#!/bin/sh\necho "01.01.2026 10:00:00 : ${JOB} : job (RUNNING) $*"\n`,
    { mode: 0o755 },
  );
});
after(() => rmSync(directory, { recursive: true }));

/** What bash offers behind these words; the last is being typed. */
function offered(...words: string[]): string[] {
  const list = ['sluice', ...words].map((word) => `'${word}'`).join(' ');
  const script = `source completion.bash; COMP_WORDS=(${list}); COMP_CWORD=${words.length}
    _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script], {
    cwd: directory,
    encoding: 'utf8',
    env: { PATH: `${directory}:${process.env.PATH}` },
  });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout.split('\n').filter((line) => line !== '');
}

describe('completion of bash', () => {
  it('offers actions', () => {
    assert.deepEqual(offered('sav'), ['savepoint']);
    assert.deepEqual(offered('st'), ['status', 'state', 'stop']);
    assert.ok(offered('').includes('completion'));
  });

  it('offers every option that the parser takes and the help shows', () => {
    for (const action of ACTIONS) {
      const { options } = ACTION_SPECS[action];
      const words = offered(...action.split(' '), '-');
      for (const word of words) {
        const spec = options.find(({ short, long }) =>
          [`-${short}`, `--${long}`, `-${long}`].includes(word),
        );
        assert.ok(spec !== undefined, `${action} ${word}`);
        const value = spec.argument === undefined || spec.optionalArgument === true ? [] : ['1'];
        assert.doesNotThrow(() => parseOptions(options, [word, ...value]), `${action} ${word}`);
      }
      const shown = options.filter(({ refusal, isHidden }) => !isHidden && refusal === undefined);
      assert.ok(words.length >= shown.length, action);
    }
    assert.deepEqual(offered('run', '--para'), ['--parallelism']);
    assert.deepEqual(offered('savepoint', 'check', '--allow'), ['--allowNonRestoredState']);
    assert.deepEqual(offered('savepoint', '--disp'), ['--dispose']);
    assert.deepEqual(offered('savepoint', 'ch'), ['check']);
  });

  it('offers values that are known, and leaves files to the shell', () => {
    assert.deepEqual(offered('run', '--claimMode', 'no'), ['no_claim']);
    assert.deepEqual(offered('stop', '-type', ''), ['canonical', 'native']);
    assert.deepEqual(offered('completion', 'z'), ['zsh']);
    assert.deepEqual(offered('run', '-s', 'x'), []);
    assert.deepEqual(offered('run', 'jo'), []);
  });

  it('offers names of settings behind -D, and attached to it', () => {
    const names = [
      'execution.checkpointing.timeout=',
      'execution.checkpointing.tolerable-failed-checkpoints=',
    ];
    assert.deepEqual(offered('run', '-D', 'execution.checkpointing.t'), names);
    assert.deepEqual(
      offered('cluster', '-Dexecution.checkpointing.t'),
      names.map((name) => `-D${name}`),
    );
    assert.deepEqual(offered('info', '--define', 'pipeline.n'), ['pipeline.name=']);
  });

  it('offers directories where one may be named, and the job where it may be left out', () => {
    mkdirSync(join(directory, 'save points'), { recursive: true });
    for (const words of [
      ['stop', '-p'],
      ['cancel', '-s'],
      ['savepoint', '-d'],
      ['run', '-s'],
    ]) {
      assert.deepEqual(offered(...words, 'sa'), ['save points'], words.join(' '));
    }
    assert.ok(offered('stop', '-p', '-').includes('--drain'));
    assert.deepEqual(offered('stop', '-p', 'dir', ''), [JOB]);
  });

  it('offers an action of two words beside the jobs of its first', () => {
    assert.deepEqual(offered('savepoint', ''), [JOB, 'check']);
  });

  it('offers ids of running jobs', () => {
    assert.deepEqual(offered('cancel', ''), [JOB]);
    assert.deepEqual(offered('stop', '-m', 'localhost', ':', '8081', 'fd'), [JOB]);
    assert.deepEqual(offered('stop', '-m', 'https', ':', '//x', 'fd'), []);
  });
});

function isMissing(shell: string): boolean {
  return spawnSync(shell, ['--version']).error !== undefined;
}

describe('completion of other shells', () => {
  it('names every action and option', () => {
    for (const action of ACTIONS) {
      const [first = '', second] = action.split(' ');
      assert.ok(scripts.zsh?.includes(`\n    '${action}')\n`), action);
      assert.match(scripts.fish ?? '', new RegExp(`-a ${second ?? first} -d`));
      for (const { long, short, refusal, isHidden } of ACTION_SPECS[action].options) {
        const isShown = refusal === undefined && isHidden !== true;
        if (!isShown) continue;
        const name = short === long ? `-${long}` : `--${long}`;
        assert.ok(scripts.zsh?.includes(name), name);
        assert.ok(scripts.fish?.includes(short === long ? ` ${long} ` : `-l ${long} `), name);
      }
    }
  });

  it('knows settings, directories and actions of two words', () => {
    const { zsh = '', fish = '' } = scripts;
    assert.match(
      zsh,
      /names=\(.* execution\.checkpointing\.interval .*\)\n {2}compadd -S = -a names/,
    );
    assert.match(zsh, /--define\}'\[.*:property=value:_sluice_settings'/);
    assert.match(zsh, /--savepointPath\}'\[.*\]::savepointPath:_files -\/'/);
    assert.match(
      zsh,
      /"\$action" == savepoint \]\] && \(\( CURRENT == 3 \)\); then\n.*\n +compadd check/,
    );
    assert.match(fish, /-l define -r -f -a '.* execution\.checkpointing\.interval= /);
    assert.match(fish, /opc\)\[-1\] -p --savepointPath' -f -a '\(__fish_complete_directories\)'/);
  });

  it('is taken by those shells that are installed', () => {
    for (const shell of ['zsh', 'fish']) {
      const { error, status, stderr } = spawnSync(shell, ['-n', `completion.${shell}`], {
        cwd: directory,
        encoding: 'utf8',
      });
      // Most machines have one of them at most.
      if (error !== undefined) continue;
      assert.deepEqual([status, stderr], [0, ''], shell);
    }
  });

  it('completes in fish, where it is installed', () => {
    const asked = (line: string): string[] => {
      const code = `source completion.fish; complete -C '${line}'`;
      const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', code], {
        cwd: directory,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${directory}:${process.env.PATH}` },
      });
      assert.equal(stderr, '');
      return stdout.split('\n').flatMap((found) => found.split('\t')[0] || []);
    };
    if (isMissing('fish')) return;
    assert.deepEqual(asked('sluice sav'), ['savepoint']);
    assert.deepEqual(asked('sluice stop --dr'), ['--drain']);
    assert.ok(asked('sluice savepoint ').includes('check'));
    assert.deepEqual(asked('sluice cancel fd'), [JOB]);
    assert.deepEqual(asked('sluice run -cm no'), ['no_claim']);
  });

  it('is found by zsh, where it is installed', () => {
    if (isMissing('zsh')) return;
    const code =
      'autoload -Uz compinit; compinit -u -D; source completion.zsh; whence -w $_comps[sluice]';
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', code], {
      cwd: directory,
      encoding: 'utf8',
    });
    assert.deepEqual([stdout, stderr], ['_sluice: function\n', '']);
  });

  it('has balanced quotes in every line', () => {
    // An escaped quote counts for none; in zsh it stands outside of quotes.
    for (const shell of ['zsh', 'fish']) {
      for (const line of (scripts[shell] ?? '').split('\n')) {
        if (line.startsWith('#')) continue;
        const quotes = line.replaceAll(/\\./g, '').split("'").length - 1;
        assert.equal(quotes % 2, 0, line);
      }
    }
  });
});

describe('sluice completion', () => {
  it('knows three shells', async () => {
    const { code, out } = await capturedCommand(['completion', 'tcsh'], directory);
    assert.equal(code, 1);
    assert.match(out, /^The shell must be one of bash, zsh and fish: tcsh\n/);
    assert.equal((await capturedCommand(['completion'], directory)).code, 1);
  });
});
