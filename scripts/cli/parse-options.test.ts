import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError } from '../../runtime/core/index.ts';
import { STOP_OPTIONS } from './cluster-options.ts';
import { RUN_OPTIONS } from './options.ts';
import { asksForJson, parseOptions } from './parse-options.ts';

function parse(...args: string[]): { flags: string[]; values: object; rest: readonly string[] } {
  const { flags, values, rest } = parseOptions(RUN_OPTIONS, args);
  return { flags: [...flags], values: Object.fromEntries(values), rest };
}

function refusal(...args: string[]): string {
  try {
    parse(...args);
  } catch (error) {
    if (isStreamError(error) && error.code === 'BAD_ARGUMENTS') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('parseOptions', () => {
  it('stops at the job file and leaves the rest to the job', () => {
    assert.deepEqual(parse('-p', '2', 'job.ts', '-p', '3', '--input', 'x'), {
      flags: [],
      values: { parallelism: ['2'] },
      rest: ['job.ts', '-p', '3', '--input', 'x'],
    });
  });

  it('reads every way to write a value', () => {
    for (const written of [
      ['-p', '4'],
      ['-p4'],
      ['-p=4'],
      ['--parallelism', '4'],
      ['-parallelism', '4'],
      ['--parallelism=4'],
      ['--par', '4'],
    ]) {
      assert.deepEqual(parse(...written).values, { parallelism: ['4'] }, written.join(' '));
    }
  });

  it('collects properties in order, attached or apart', () => {
    assert.deepEqual(parse('-Da=1', '-D', 'b=x=y', 'job.ts').values, { define: ['a=1', 'b=x=y'] });
  });

  it('takes flags by short and long name, and -- as the end', () => {
    assert.deepEqual(parse('-q', '--verbose', '--', '-p'), {
      flags: ['quiet', 'verbose'],
      values: {},
      rest: ['-p'],
    });
  });

  it('refuses what it does not know, with the nearest name', () => {
    assert.equal(refusal('--quite'), 'Unrecognized option: --quite; did you mean --quiet?');
    assert.equal(refusal('--zzz'), 'Unrecognized option: --zzz');
    assert.equal(refusal('--quiet=yes'), 'Unrecognized option: --quiet=yes');
  });

  it('refuses a missing value and an ambiguous beginning', () => {
    assert.equal(refusal('-p'), 'Missing argument for option: p');
    assert.equal(refusal('-p', '-q'), 'Missing argument for option: p');
    assert.match(
      refusal('--cla'),
      /^Ambiguous option: '--cla' {2}\(could be: 'claimMode', 'class', 'classpath'/,
    );
  });

  it('refuses options of Flink that mean nothing here, and says so', () => {
    for (const [option, long, reason] of [
      ['-c', 'class', 'belongs to Java or Python programs and has no meaning here'],
      ['-z', 'zookeeperNamespace', 'has no meaning here: no cluster uses ZooKeeper'],
    ] as const) {
      assert.equal(refusal(option, 'x'), `The option '${long}' ${reason}.`);
    }
  });

  it('takes flags of one letter behind one dash, the last with its value', () => {
    assert.deepEqual(parse('-qd', 'job.ts').flags, ['quiet', 'detached']);
    const both = parse('-dp4', 'job.ts');
    assert.deepEqual([both.flags, both.values], [['detached'], { parallelism: ['4'] }]);
    assert.deepEqual(parse('-dp', '4', 'job.ts').values, { parallelism: ['4'] });
    assert.equal(refusal('-dx'), 'Unrecognized option: -dx');
    assert.equal(refusal('--qd'), 'Unrecognized option: --qd');
  });
});

describe('asksForJson', () => {
  const asked = (...args: string[]): boolean => asksForJson(RUN_OPTIONS, args);

  it('sees it beside what is wrong, but not among the job’s own arguments', () => {
    assert.equal(asked('--nope', '--json'), true);
    assert.equal(asked('-p', 'four', '-json', 'job.ts'), true);
    assert.equal(asked('-p', '--json'), false);
    assert.equal(asked('job.ts', '--json'), false);
    assert.equal(asked('--', '--json'), false);
    const anywhere = { options: 'anywhere' } as const;
    assert.equal(asksForJson(STOP_OPTIONS, ['id', '-x', '--json'], anywhere), true);
    assert.equal(asksForJson([], ['--json']), false);
  });
});

describe('parseOptions › anywhere', () => {
  function stop(...args: string[]): object {
    const { flags, values, rest } = parseOptions(STOP_OPTIONS, args, { options: 'anywhere' });
    return { flags: [...flags], path: values.get('savepointPath')?.[0], rest };
  }

  it('takes options between and after the arguments', () => {
    assert.deepEqual(stop('id', '-d', '-m', 'h:1'), {
      flags: ['drain'],
      path: undefined,
      rest: ['id'],
    });
    assert.deepEqual(stop('-detached', 'id', '--', '-d'), {
      flags: ['detached'],
      path: undefined,
      rest: ['id', '-d'],
    });
  });

  it('gives an optional value what follows, unless that is an option', () => {
    const flags = ['savepointPath', 'drain'];
    assert.deepEqual(stop('-p', '-d', 'id'), { flags, path: undefined, rest: ['id'] });
    assert.deepEqual(stop('-d', '-p', 'dir', 'id'), {
      flags: flags.toReversed(),
      path: 'dir',
      rest: ['id'],
    });
    assert.deepEqual(stop('-p', 'id'), { flags: ['savepointPath'], path: 'id', rest: [] });
    assert.deepEqual(stop('--savepointPath=dir', 'id'), {
      flags: ['savepointPath'],
      path: 'dir',
      rest: ['id'],
    });
  });
});
