import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CapturedCommand, capturedCommand } from './captured-command.fixture.ts';

async function sluice(...args: string[]): Promise<CapturedCommand> {
  return await capturedCommand(args, '/nowhere');
}

describe('sluice', () => {
  it('prints the whole help and asks for an action when there is none', async () => {
    const { code, out } = await sluice();
    assert.equal(code, 1);
    assert.match(out, /^sluice <ACTION> \[OPTIONS\] \[ARGUMENTS\]\n\nThe following actions are/);
    assert.match(
      out,
      /\nAction "run" compiles and runs a program\.\n\n {2}Syntax: run \[OPTIONS\]/,
    );
    assert.match(out, /\n {5}-p,--parallelism <parallelism> +The parallelism with which/);
    assert.ok(out.endsWith('\nPlease specify an action.\n'));
    const table = out.split('\n').filter((line) => line.startsWith(' '));
    assert.deepEqual(
      table.filter((line) => line.length > 80),
      [],
    );
  });

  it('names the valid actions when it is given another one, and the one that is near', async () => {
    const { code, out } = await sluice('lists');
    assert.equal(code, 1);
    assert.equal(
      out,
      [
        '"lists" is not a valid action.',
        '',
        'Did you mean "list"?',
        '',
        'Valid actions are "run", "info", "bundle", "estimate", "list", "status", "why", "state", "stop", "cancel", "savepoint", "checkpoint", "wake", "logs", "cluster", "console", or "completion".',
        '',
        'Specify the version option (-v or --version) to print Sluice version.',
        '',
        'Specify the help option (-h or --help) to get help on the command.',
        '',
      ].join('\n'),
    );
  });

  it('guesses no action where none is near', async () => {
    for (const [typed, meant] of [
      ['cancle', 'cancel'],
      ['clutser', 'cluster'],
      ['STOP', 'stop'],
      ['check', 'savepoint check'],
      ['frobnicate', undefined],
    ] as const) {
      const { out } = await sluice(typed);
      assert.equal(/Did you mean "(.*)"\?/.exec(out)?.[1], meant);
    }
  });

  it('refuses settings of a cluster that make no sense, before it starts', async () => {
    const { code, err } = await sluice('cluster', '-D', 'jobstore.max-capacity=0');
    assert.equal(code, 1);
    assert.match(err, /jobstore\.max-capacity/);
  });

  it('says so when Flink knows an action that is not there', async () => {
    const { code, out } = await sluice('run-application');
    assert.equal(code, 1);
    assert.match(out, /"run-application" is known to Flink, not supported yet in this version\./);
  });

  it('knows actions of two words', async () => {
    const help = await sluice('savepoint', 'check', '--help');
    assert.match(help.out, /Syntax: savepoint check \[OPTIONS\] <savepoint path> <job-file>/);
    const { code, out } = await sluice('savepoint', 'check', 'somewhere');
    assert.equal(code, 1);
    assert.match(out, /^The program file was not specified\./);
  });

  it('refuses what only makes sense on a cluster', async () => {
    for (const [flag, name] of [
      ['-d', 'detached'],
      ['-sae', 'shutdownOnAttachedExit'],
    ] as const) {
      const { code, out } = await sluice('run', flag, 'job.ts');
      assert.equal(code, 1);
      assert.ok(out.startsWith(`The option '${name}' needs a cluster to run on: -m <host:port>.`));
    }
  });

  it('prints its version and the help of an action', async () => {
    const version = await sluice('--version');
    assert.equal(version.code, 0);
    assert.match(version.out, /^Version: \d+\.\d+\.\d+\n$/);
    const help = await sluice('info', '--help');
    assert.equal(help.code, 0);
    assert.match(help.out, /^\nAction "info" shows the optimized execution plan of the program/);
    assert.equal((await sluice('-h')).code, 0);
  });

  it('answers wrong arguments on stdout, with a hint to the help', async () => {
    const { code, out, err } = await sluice('run', '--nope', 'job.ts');
    assert.deepEqual([code, err], [1, '']);
    assert.equal(
      out,
      'Unrecognized option: --nope\n\nUse the help option (-h or --help) to get help on the command.\n',
    );
    assert.match((await sluice('run')).out, /^The program file was not specified\.\n/);
  });

  it('announces a failure as Flink does', async () => {
    const { code, out, err } = await sluice('run', 'absent.ts');
    assert.deepEqual([code, out], [1, '']);
    const [blank, rule, title, blankToo, message] = err.split('\n');
    assert.deepEqual([blank, rule, blankToo], ['', '-'.repeat(60), '']);
    assert.equal(title, ' The program finished with the following exception:');
    assert.match(message ?? '', /^error: the job file does not exist: file=absent\.ts/);
  });

  it('answers errors as one document with --json', async () => {
    const failed = await sluice('info', '--json', 'absent.ts');
    assert.deepEqual([failed.code, failed.err], [1, '']);
    const { error } = JSON.parse(failed.out);
    assert.deepEqual([error.code, error.kind, error.causes], ['JOB_FILE_NOT_FOUND', 'invalid', []]);
    assert.equal(error.details.file, 'absent.ts');
    const misused = await sluice('list', '--json', '--nope');
    assert.deepEqual([misused.code, misused.err], [1, '']);
    assert.deepEqual(JSON.parse(misused.out).error.code, 'BAD_ARGUMENTS');
  });

  it('takes the program and its arguments by Flink’s options, too', async () => {
    for (const args of [
      ['-j', 'absent.ts'],
      ['-a', 'x', 'absent.ts'],
      ['--jarfile', 'absent.ts', 'x', 'y'],
      ['-a', 'absent.ts'],
    ]) {
      const { err } = await sluice('info', ...args);
      assert.match(err, /the job file does not exist: file=absent\.ts/, args.join(' '));
    }
  });

  it('takes the restore mode of old, and says what it is called now', async () => {
    const { out, err } = await sluice('run', '-rm', 'claim', 'absent.ts');
    assert.equal(out, "The option 'restoreMode' is deprecated. Please use 'claimMode' instead.\n");
    assert.match(err, /file=absent\.ts/);
  });

  it('takes the targets there are', async () => {
    const local = await sluice('run', '-t', 'local', '-m', 'localhost:1', 'absent.ts');
    assert.match(local.err, /the job file does not exist/);
    const other = await sluice('run', '-t', 'yarn-session', 'absent.ts');
    assert.match(other.out, /^The target must be remote or local: yarn-session \(clusters on/);
    const listed = await sluice('list', '-e', 'local');
    assert.match(listed.out, /^The target local is for run: this command drives a cluster, remote/);
  });
});
