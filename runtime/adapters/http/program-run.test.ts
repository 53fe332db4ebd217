import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requestedRun } from './program-run.ts';

function run(body: unknown, query = '') {
  const { args, configuration, ...rest } = requestedRun({
    method: 'POST',
    path: '/jars/x/run',
    query: new URLSearchParams(query),
    contentType: 'application/json',
    contentTypeHeader: 'application/json',
    body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
  });
  return { args, configuration: configuration.toJSON(), ...rest };
}

describe('requestedRun', () => {
  it('reads the query as Flink’s dashboard and scripts write it', () => {
    const jobId = 'a'.repeat(32);
    const query = `entry-class=orders&parallelism=3&programArg=a,b&allowNonRestoredState=true&savepointPath=/s&claimMode=claim&jobId=${jobId}`;
    assert.deepEqual(run(undefined, query), {
      jobId,
      args: ['a', 'b'],
      configuration: {
        'execution.state-recovery.claim-mode': 'CLAIM',
        'execution.state-recovery.ignore-unclaimed-state': true,
        'execution.state-recovery.path': '/s',
        'parallelism.default': 3,
        'sluice.job-export': 'orders',
      },
    });
  });

  it('takes the body before the query', () => {
    const body = { entryClass: 'orders', parallelism: '2', programArgs: 'x', claimMode: null };
    const query = 'entry-class=no&parallelism=9&program-args=no&claimMode=CLAIM';
    assert.deepEqual(run(body, query), {
      args: ['x'],
      configuration: {
        'execution.state-recovery.claim-mode': 'CLAIM',
        'parallelism.default': 2,
        'sluice.job-export': 'orders',
      },
    });
  });

  it('does not take arguments for the savepoint that the dashboard’s query says they are', () => {
    const body = { programArgs: '--rate 5', savepointPath: null, allowNonRestoredState: null };
    const { args, configuration } = run(body, 'savepointPath=--rate+5&program-args=--rate+5');
    assert.deepEqual([args, configuration], [['--rate', '5'], {}]);
  });

  it('splits arguments at spaces that stand in no quotes', () => {
    const { args } = run({ programArgs: `--name "a b"  --other 'c d' --x=1` });
    assert.deepEqual(args, ['--name', 'a b', '--other', 'c d', '--x=1']);
    assert.deepEqual(run({ programArgs: '"' }).args, []);
  });

  it('keeps no token by which the client speaks to a cluster', () => {
    const flinkConfiguration = {
      'rest.authentication.token': 'x'.repeat(20),
      'pipeline.name': 'n',
    };
    assert.deepEqual(run({ flinkConfiguration }).configuration, { 'pipeline.name': 'n' });
  });

  it('refuses fields that there are not, and takes those of the body from the query, too', () => {
    assert.throws(() => run({ paralelism: 2 }), {
      status: 400,
      message: /no field is called 'paralelism'; did you mean 'parallelism'\?$/,
    });
    assert.deepEqual(run(undefined, 'entryClass=orders').configuration, {
      'sluice.job-export': 'orders',
    });
  });

  it('refuses what contradicts itself, or is malformed', () => {
    for (const body of [
      { programArgs: 'a', programArgsList: ['b'] },
      { programArgsList: 'a' },
      { programArgsList: [1] },
      { parallelism: 0 },
      { parallelism: 'many' },
      { flinkConfiguration: [] },
      { flinkConfiguration: 'x' },
      { claimMode: 'LEGACY' },
      { allowNonRestoredState: 'perhaps' },
      { entryClass: {} },
    ]) {
      assert.throws(() => run(body), { status: 400 }, JSON.stringify(body));
    }
    assert.throws(() => run(undefined, 'parallelism=-1'), { status: 400 });
    assert.throws(() => run({ flinkConfiguration: { nonsense: 1 } }), { code: 'UNKNOWN_OPTION' });
  });
});
