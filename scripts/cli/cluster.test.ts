/**
 * Goal: a cluster loses nothing and repeats nothing, however it ends. Method: the command as a
 * process, killed and started again on its directory; a job that counts, into files.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../sluice.mjs', import.meta.url));
const TIMEOUT_MS = 60_000;
const KEYS = 7;

/** Counts numbers by key into files; a file `<output>.crash` brings its process down, once. */
const JOB = `import { existsSync, rmSync } from 'node:fs';
import * as s from 'sluice';
export default (env: s.StreamExecutionEnvironment, [count, output, rate]: string[]): void => {
  const events = s.generatorSource({
    generate: (n) => ({ k: n % ${KEYS}, n }),
    count: Number(count),
    splits: 6,
    ratePerSecond: Number(rate ?? 2000),
  });
  env.fromSource(events, s.WatermarkStrategy.noWatermarks(), 'events').uid('events')
    .map((e) => {
      const crash = output + '.crash';
      if (e.n % 50 === 0 && existsSync(crash)) {
        rmSync(crash);
        process.kill(process.pid, 'SIGKILL');
      }
      return { k: e.k, n: 1 };
    })
    .keyBy('k').sum('n').name('Count').uid('count')
    .sinkTo(s.fileSink({ directory: output ?? '', format: s.jsonLines() })).uid('out');
};
`;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Cluster {
  readonly child: ChildProcess;
  readonly address: string;
  readonly ended: Promise<Ended>;
}

let directory = '';
const children = new Set<ChildProcess>();

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
  writeFileSync(join(directory, 'count.ts'), JOB);
});
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

function start(args: readonly string[], onOutput: (out: string) => void = () => {}) {
  const child = spawn(process.execPath, [launcher, ...args], { cwd: directory });
  children.add(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
    onOutput(out);
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      children.delete(child);
      resolve({ code, out, err });
    });
  });
  return { child, ended };
}

async function sluice(...args: string[]): Promise<Ended> {
  return await start(args).ended;
}

async function startCluster(data: string, ...more: string[]): Promise<Cluster> {
  const listening = Promise.withResolvers<string>();
  const args = ['cluster', '--port', '0', '--data-dir', data, '--slots', '4', ...more];
  const { child, ended } = start(args, (out) => {
    const address = /listening on http:\/\/(\S+:\d+)\n/.exec(out)?.[1];
    if (address !== undefined) listening.resolve(address);
  });
  void ended.then(({ err }) => listening.reject(new Error(`the cluster ended: ${err}`)));
  return { child, ended, address: await listening.promise };
}

async function get(address: string, path: string): Promise<Record<string, unknown>> {
  const answer: unknown = await (await fetch(`http://${address}${path}`)).json();
  return answer as Record<string, unknown>;
}

/** Asks again and again, until it is so. */
async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const endsAtMs = performance.now() + TIMEOUT_MS;
  while (!(await isTrue())) {
    assert.ok(performance.now() < endsAtMs, `${what} takes too long`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function untilStatus(address: string, jobId: string, expected: string): Promise<void> {
  await until(`${expected} of ${jobId}`, async () => {
    const { status } = await get(address, `/jobs/${jobId}/status`);
    assert.ok(status === expected || status !== 'FAILED', JSON.stringify(status));
    return status === expected;
  });
}

async function completedCount(address: string, jobId: string): Promise<number> {
  const { counts } = await get(address, `/jobs/${jobId}/checkpoints`);
  return (counts as { completed: number } | undefined)?.completed ?? 0;
}

async function submit(address: string, ...args: string[]): Promise<string> {
  const interval = ['-D', 'execution.checkpointing.interval=100 ms'];
  const delay = ['-D', 'restart-strategy.type=fixed-delay', '-D'];
  const restart = [...delay, 'restart-strategy.fixed-delay.delay=0 s'];
  const ended = await sluice('run', '-m', address, '-d', ...interval, ...restart, ...args);
  assert.deepEqual([ended.code, ended.err], [0, '']);
  return /JobID ([0-9a-f]{32})/.exec(ended.out)?.[1] ?? '';
}

/** What the first vertex has put out, as known. */
function writtenBy(vertices: unknown): number {
  const [source] = vertices as { metrics: { 'write-records': number } }[];
  return source?.metrics['write-records'] ?? 0;
}

/** Every count of every key, once. */
function assertCounted(output: string, count: number): void {
  const folder = join(directory, output);
  const found = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl') && !name.startsWith('.'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { k: number; n: number })
    .map(({ k, n }) => k * 1_000_000 + n)
    .toSorted((a, b) => a - b);
  const expected: number[] = [];
  for (let k = 0; k < KEYS; k++) {
    for (let n = 1; n <= Math.ceil((count - k) / KEYS); n++) expected.push(k * 1_000_000 + n);
  }
  assert.deepEqual(found, expected);
}

// Each has a directory and processes of its own, and mostly waits.
describe('sluice cluster', { concurrency: true }, () => {
  it('resumes its jobs after SIGKILL and a crash: nothing lost, nothing twice', async () => {
    const first = await startCluster('killed');
    const jobId = await submit(first.address, '-p', '2', 'count.ts', '5000', 'out-killed');
    await until('a checkpoint', async () => (await completedCount(first.address, jobId)) > 2);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await startCluster('killed');
    const listed = await sluice('list', '-m', second.address);
    assert.match(listed.out, new RegExp(` : ${jobId} : .* \\((RUNNING|RECONCILING|CREATED)\\)\\n`));
    writeFileSync(join(directory, 'out-killed.crash'), '');
    await untilStatus(second.address, jobId, 'FINISHED');
    assertCounted('out-killed', 5000);
    const { out: status } = await sluice('status', '-m', second.address, jobId);
    assert.match(status, /^State +FINISHED, ended \d+ \w+ ago, after/m);
    assert.match(status, /^Restarts +1\nCheckpoints +\d+ completed, [\s\S]*: TASK_MANAGER_LOST: /m);
    const { exceptionHistory } = await get(second.address, `/jobs/${jobId}/exceptions`);
    const { entries } = exceptionHistory as { entries: { exceptionName: string }[] };
    assert.deepEqual(
      entries.map(({ exceptionName }) => exceptionName),
      ['TASK_MANAGER_LOST'],
    );
    second.child.kill('SIGKILL');
  });

  it('stops a job with a savepoint, from which it goes on at another parallelism', async () => {
    const { child, address, ended } = await startCluster('stopped');
    // Slow, so that it has not ended before it is stopped, however slow this machine is.
    const jobId = await submit(address, 'count.ts', '10000', 'out-stopped', '200');
    await until('a checkpoint', async () => (await completedCount(address, jobId)) > 1);
    const taken = await sluice('savepoint', '-m', address, jobId, 'other');
    assert.match(taken.out, /Savepoint completed\. Path: \S+\/other\/savepoint-[0-9a-f-]+\n/);
    const stopped = await sluice('stop', '-m', address, jobId);
    const path = /Savepoint completed\. Path: (\S+)/.exec(stopped.out)?.[1] ?? '';
    assert.match(path, /stopped\/savepoints\/savepoint-/);
    await untilStatus(address, jobId, 'FINISHED');
    const check = await sluice('savepoint', 'check', path, 'count.ts', '10000', 'out-stopped');
    assert.deepEqual([check.code, check.err], [0, '']);
    assert.match(check.out, /restored +Count \(uid count\)\n/);
    const changed = JOB.replace(".uid('count')", ".uid('sum')");
    writeFileSync(join(directory, 'changed.ts'), changed);
    const other = await sluice('savepoint', 'check', path, 'changed.ts', '10000', 'out-stopped');
    assert.equal(other.code, 1);
    assert.match(other.out, /missing +Count \(uid sum\)[\s\S]*dropped +Count \(uid count\)/);
    const refused = await sluice('run', '-m', address, '-s', path, 'changed.ts', '1', 'out-none');
    assert.equal(refused.code, 1);
    assert.match(refused.err, /code: NON_RESTORED_STATE/);
    const restored = await submit(
      address,
      ...['-p', '3', '-s', path, 'count.ts', '10000', 'out-stopped'],
    );
    await untilStatus(address, restored, 'FINISHED');
    assertCounted('out-stopped', 10_000);
    const all = await sluice('list', '-a', '-m', address);
    assert.equal(all.out.match(/\(FINISHED\)/g)?.length, 2);
    const disposed = await sluice('savepoint', '-m', address, '-d', path);
    assert.deepEqual([disposed.code, disposed.err], [0, '']);
    child.kill('SIGTERM');
    assert.deepEqual((await ended).code, 0);
  });

  it('creates nothing where its port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()));
    const { port } = taken.address() as AddressInfo;
    const late = await sluice('cluster', '--port', String(port), '--data-dir', 'not-there');
    taken.close();
    assert.equal(late.code, 1);
    assert.match(late.err, /PORT_IN_USE/);
    assert.equal(existsSync(join(directory, 'not-there')), false);
  });

  it('suspends at SIGTERM, refuses a second process, and rescales a job that runs', async () => {
    const first = await startCluster('shared');
    const jobId = await submit(first.address, 'count.ts', '10000', 'out-shared');
    const rival = await sluice('cluster', '--port', '0', '--data-dir', 'shared');
    assert.equal(rival.code, 1);
    assert.match(rival.err, /DATA_DIRECTORY_IN_USE/);
    await until('a checkpoint', async () => (await completedCount(first.address, jobId)) > 1);
    const checkpoint = await sluice('checkpoint', '-m', first.address, jobId);
    assert.match(checkpoint.out, /\nCheckpoint \d+ for job [0-9a-f]+ completed\.\n/);
    const anew = await sluice('run', '-m', first.address, '-d', 'count.ts', '900000', 'out-anew');
    assert.equal(anew.code, 0);
    first.child.kill('SIGTERM');
    const { code, out } = await first.ended;
    assert.equal(code, 0);
    const where = '1 from the newest checkpoint or savepoint, 1 anew, for lack of a checkpoint';
    assert.ok(
      out.includes(
        `\nSuspending the jobs; when the cluster is started again they go on: ${where}.\n`,
      ),
    );
    assert.match(out, /\nCtrl-C again ends it at once: /);
    const second = await startCluster('shared');
    await untilStatus(second.address, jobId, 'RUNNING');
    const url = `http://${second.address}/jobs/${jobId}/rescaling?parallelism=2`;
    assert.equal((await fetch(url, { method: 'PATCH' })).status, 202);
    await until('the new parallelism', async () => {
      const { vertices } = await get(second.address, `/jobs/${jobId}`);
      return (vertices as { parallelism: number }[]).some(({ parallelism }) => parallelism === 2);
    });
    await untilStatus(second.address, jobId, 'FINISHED');
    assertCounted('out-shared', 10_000);
    second.child.kill('SIGKILL');
    assert.ok((await second.ended).out.includes(`\nJobs resumed: 2; ${where}\n`));
  });

  it('says for what it waits when asked to end, and ends at once when asked again', async () => {
    const { child, address, ended } = await startCluster('stuck');
    writeFileSync(
      join(directory, 'stuck.ts'),
      `import { writeFileSync } from 'node:fs';
export default (env) => {
  env.fromData(1).map(() => { writeFileSync('stuck.now', ''); for (;;); }).print();
};
`,
    );
    const submitted = await sluice('run', '-m', address, '-d', 'stuck.ts');
    const jobId = /JobID ([0-9a-f]{32})/.exec(submitted.out)?.[1] ?? '';
    let out = '';
    const waits = Promise.withResolvers<void>();
    child.stdout?.on('data', (chunk) => {
      out += chunk;
      if (out.includes(`Waiting until these have stopped: ${jobId} "`)) waits.resolve();
    });
    await until('the endless call', () => existsSync(join(directory, 'stuck.now')));
    assert.equal((await sluice('cancel', '-m', address, jobId)).code, 0);
    child.kill('SIGTERM');
    await Promise.race([waits.promise, ended]);
    child.kill('SIGINT');
    assert.equal((await ended).code, 130);
    assert.match(out, /ended after task\.cancellation\.timeout/);
    assert.match(out, /^Closing the cluster; none of its jobs is left to suspend/);
  });

  it('runs a job while its client waits, and tells how it ended', async () => {
    const { child, address } = await startCluster('attached');
    const head =
      "import * as s from 'sluice';\nexport default (env: s.StreamExecutionEnvironment) => {\n";
    writeFileSync(join(directory, 'fine.ts'), `${head}  env.fromData(1, 2).print();\n};\n`);
    writeFileSync(
      join(directory, 'fails.ts'),
      `${head}  env.fromData(1).map((n) => { throw new Error('no ' + n); }).print();\n};\n`,
    );
    const fine = await sluice('run', '-m', address, 'fine.ts');
    const [submitted, ...rest] = fine.out.trim().split('\n');
    const jobId = submitted?.slice(-32);
    assert.equal(submitted, `Job has been submitted with JobID ${jobId}`);
    assert.deepEqual(rest.slice(0, 2), [
      'Program execution finished',
      `Job with JobID ${jobId} has finished.`,
    ]);
    assert.match(rest[2] ?? '', /^Job Runtime: \d+ ms$/);
    const failed = await sluice('run', '-m', address, 'fails.ts');
    assert.equal(failed.code, 1);
    assert.match(failed.err, /no 1[\s\S]*code: USER_FUNCTION_FAILED\n {2}at: fails\.ts:3:\d+/);
    const wide = await sluice('run', '-m', address, '-p', '9', 'count.ts', '1', 'out-wide');
    assert.match(wide.err, /required=9 slots=4\n {2}code: NO_RESOURCE_AVAILABLE/);
    const endless = await submit(address, 'count.ts', '1000000', 'out-endless');
    assert.equal((await sluice('cancel', '-m', address, endless)).code, 0);
    await untilStatus(address, endless, 'CANCELED');
    child.kill('SIGKILL');
  });

  it('cancels a job whose client is gone, ends when asked, and shows the job again', async () => {
    const { address, ended } = await startCluster('watched');
    const beats = ['timeout=1500 ms', 'interval=100 ms'].map((one) => `client.heartbeat.${one}`);
    const options = beats.flatMap((beat) => ['-D', beat]);
    const submitted = Promise.withResolvers<string>();
    const { child } = start(
      ['run', '-m', address, '-sae', ...options, 'count.ts', '1000000', 'out-watched'],
      (out) => {
        const id = /JobID ([0-9a-f]{32})/.exec(out)?.[1];
        if (id !== undefined) submitted.resolve(id);
      },
    );
    const jobId = await submitted.promise;
    await until('more than the timeout', async () => {
      const { duration, state, vertices } = await get(address, `/jobs/${jobId}`);
      assert.notEqual(state, 'CANCELED');
      // Its numbers are told below: the first come late on a busy machine.
      return Number(duration) > 1800 && writtenBy(vertices) > 0;
    });
    child.kill('SIGKILL');
    await untilStatus(address, jobId, 'CANCELED');
    const answer = await fetch(`http://${address}/cluster`, { method: 'DELETE' });
    assert.deepEqual([answer.status, await answer.json()], [200, {}]);
    const { code, out } = await ended;
    assert.equal(code, 0);
    assert.match(out, /\nClosing the cluster; none of its jobs is left to suspend\.\n/);
    const second = await startCluster('watched');
    const { state, vertices } = await get(second.address, `/jobs/${jobId}`);
    assert.equal(state, 'CANCELED');
    assert.ok(writtenBy(vertices) > 0);
    const [source] = vertices as { id: string }[];
    const { subtasks } = await get(second.address, `/jobs/${jobId}/vertices/${source?.id}`);
    assert.deepEqual(
      (subtasks as { status: string }[]).map(({ status }) => status),
      ['CANCELED'],
    );
    second.child.kill('SIGKILL');
  });
});
