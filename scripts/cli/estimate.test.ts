/** Goal: what a person sees. Method: the command on a job, in this process. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { capturedCommand } from './captured-command.fixture.ts';

const cwd = mkdtempSync(join(tmpdir(), 'sluice-estimate-'));
after(() => rmSync(cwd, { recursive: true }));
writeFileSync(
  join(cwd, 'job.ts'),
  `export default (env, args) => {
  if (args.length > 0) env.enableCheckpointing(args[0]);
  env.fromSequence(1, 1000).map((n) => ({ k: n % 7, n })).uid('split')
    .keyBy('k').sum('n').uid('sums').print().uid('out');
};
`,
);

async function estimate(...args: readonly string[]) {
  return await capturedCommand(['estimate', ...args], cwd);
}

/** Dollars an hour of a line of the table. */
function hourly(out: string, label: string): number {
  return Number(new RegExp(`^${label} +(\\d+\\.\\d+) +\\d+\\.\\d+$`, 'm').exec(out)?.[1]);
}

describe('sluice estimate', () => {
  it('shows dollars by service, what they pay for, and what is not in them', async () => {
    const shown = await estimate('job.ts', '--rate', '500/s', '--', '60 s');
    assert.deepEqual([shown.code, shown.err], [0, '']);
    const { out } = shown;
    assert.match(
      out,
      /: 1 slot in 1 TaskManager of 1,769 MB\n500 records\/s of 200 bytes, a check/,
    );
    const services = ['Lambda', 'SQS', 'DynamoDB', 'S3', 'Step Functions', 'CloudWatch'];
    const sum = services.reduce((total, service) => total + hourly(out, service), 0);
    assert.ok(Math.abs(sum - hourly(out, 'total')) < 0.0005);
    assert.ok(hourly(out, 'Lambda') > 0.082 && hourly(out, 'Lambda') < 0.085);
    assert.match(out, /^a million records +\$0\.0\d+$/m);
    assert.match(out, /^a checkpoint +\$0\.0000\d+ {3}62 an hour$/m);
    assert.match(out, /^hibernating +\S+ {3}0 requests; \d+\.\d [KM]iB stored$/m);
    assert.match(
      out,
      /^the cluster, idle +\$1\.59 {3}once for all jobs: alarms, and \$0\.59 of polls$/m,
    );
    assert.match(out, /^Managed Flink +\$165\.60 {3}its smallest; at no rate cheaper$/m);
    assert.match(out, /NOT included: data transfer, NAT,\nKMS, X-Ray/);
    assert.ok(
      out.split('\n').every((line) => line.length <= 100),
      out,
    );
  });

  it('says of an idle cluster what the documents say', async () => {
    const { out } = await estimate('job.ts', '--rate', '500/s');
    const usd = /^the cluster, idle +(\$[\d.]+)/m.exec(out)?.[1] ?? 'nothing';
    for (const [file, before] of [
      ['README.md', 'the idle cluster costs [at most '],
      ['docs/aws/cost.md', 'The cluster below it costs '],
      ['docs/aws/not-promised.md', 'Together **'],
    ] as const) {
      const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
      assert.ok(text.includes(`${before}${usd} a month`), `${file} ${usd}`);
    }
  });

  it('warns with the number and what to do, and takes the parallelism', async () => {
    const { out } = await estimate('job.ts', '-p', '2', '--rate', '2k/s');
    assert.match(out, /: 2 slots in 2 TaskManagers of/);
    assert.match(out, /^warning: HASH from '.*' to '.*' sends .*\/s between TaskManagers/m);
    assert.match(
      out,
      /^warning: the job takes no checkpoints .*\n {2}after a failure it begins anew/m,
    );
    const inside = await estimate('job.ts', '-p', '2', '--rate', '2k/s', '--slots', '2');
    assert.ok(!inside.out.includes('sends'));
  });

  it('lists the requests of an hour', async () => {
    const { out } = await estimate('job.ts', '--rate', '1/s', '--requests', '--', '60 s');
    assert.match(out, /^requests of an hour +calls +\$$/m);
    assert.match(out, /^sqs:ReceiveMessage +\d+ +0\.0\d+$/m);
    assert.match(out, /^lambda:Invoke \(by AWS\) +\d+ +0\.0\d+$/m);
  });

  it('prints the same as JSON', async () => {
    const { code, out } = await estimate('job.ts', '--rate', '500/s', '--active', '5%', '--json');
    assert.equal(code, 0);
    const report = JSON.parse(out);
    assert.equal(report.input.rateRecordsPerS, 500);
    assert.equal(report.input.activeShare, 0.05);
    assert.equal(report.input.attemptsPerHour, 1);
    assert.ok(Math.abs(report.usdPerMonth - report.usdPerHour * 730) < 1e-9);
    assert.equal(report.breakEven.rateRecordsPerS, 'never');
    assert.deepEqual(Object.keys(report.requestsPerHour[0]), [
      ...['operation', 'reason', 'caller', 'calls', 'units'],
    ]);
  });

  it('takes rates, sizes and state from a job of a cluster, or from a file', async () => {
    const plan = await estimate('job.ts', '--rate', '1/s', '--json');
    assert.equal(plan.code, 0);
    const names = ['Source: Sequence -> Map', 'Keyed Aggregation -> Sink: print'];
    const answers: Record<string, object> = {};
    const vertices = names.map((name, i) => ({
      ...{ id: `v${i}`, name },
      metrics: {
        'read-records': 80_000,
        'write-records': i === 0 ? 80_000 : 0,
        'write-bytes': 4e6,
      },
    }));
    const id = 'a'.repeat(32);
    answers[`/v1/jobs/${id}`] = { duration: 100_000, vertices };
    answers[`/v1/jobs/${id}/checkpoints`] = { summary: {} };
    const server = createServer((request, response) => {
      response.end(JSON.stringify(answers[request.url ?? ''] ?? { errors: ['unknown'] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const fromJob = await estimate('job.ts', '--from-run', id, '-m', address);
    server.close();
    server.closeAllConnections();
    assert.equal(fromJob.err, '');
    assert.match(fromJob.out, /\n800 records\/s of/);
    writeFileSync(join(cwd, 'run.json'), JSON.stringify({ duration: 100_000, vertices }));
    const fromFile = await estimate('job.ts', '--from-run', 'run.json');
    assert.equal(fromFile.out, fromJob.out);
    assert.match(fromFile.out, /^that run, on AWS +\$0\.\d+ {3}100 s, 0 checkpoints$/m);
    const configuration = { 'execution.checkpointing.interval': 1_000, 'parallelism.default': 2 };
    const known = JSON.stringify({ duration: 100_000, vertices, configuration });
    writeFileSync(join(cwd, 'known.json'), known);
    const fromKnown = await estimate('job.ts', '--from-run', 'known.json', '--json');
    const { input } = JSON.parse(fromKnown.out);
    assert.equal(input.checkpointIntervalMs, 1_000, 'as the run was told');
    const wide = JSON.stringify({
      duration: 100_000,
      vertices: vertices.map((vertex) => ({ ...vertex, parallelism: 3 })),
    });
    writeFileSync(join(cwd, 'wide.json'), wide);
    const fromWide = await estimate('job.ts', '--from-run', 'wide.json');
    assert.match(fromWide.out, /: 3 slots in 3 TaskManagers/, 'as wide as the run was');
    const narrowed = await estimate('-p', '2', 'job.ts', '--from-run', 'wide.json');
    assert.match(narrowed.out, /: 2 slots in 2 TaskManagers/, 'what is said counts');
    const changed = ['-D', 'execution.checkpointing.interval=5s'];
    const again = await estimate(...changed, 'job.ts', '--from-run', 'known.json', '--json');
    assert.equal(JSON.parse(again.out).input.checkpointIntervalMs, 5_000, 'what is said counts');
    const scaled = await estimate('job.ts', '--from-run', 'run.json', '--rate', '8/s');
    assert.match(scaled.out, /\n8 records\/s of/);
    assert.ok(!scaled.out.includes('that run'));
  });

  it('says what is missing or wrong', async () => {
    const withoutRate = await estimate('job.ts');
    assert.equal(withoutRate.code, 1);
    assert.match(withoutRate.out, /^The rate was not given: --rate 500\/s, .* or --from-run\.\n/);
    assert.match((await estimate('--rate', '1/s')).out, /^The program file was not specified\./);
    const file = await estimate('job.ts', '--from-run', 'none.json');
    assert.equal(file.code, 1);
    assert.match(file.err, /a run is a job id of a cluster, or a JSON file that can be read/);
    const unknown = await estimate('job.ts', '--rate', '1/s', '--operator', 'summs:keys=5');
    assert.match(unknown.err, /no operator of this uid or name, only .*'split', 'sums'/);
    assert.match(
      (await estimate('--help')).out,
      /Syntax: estimate \[OPTIONS\] <job-file> \[-- <arg/,
    );
  });
});
