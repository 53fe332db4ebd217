/**
 * Jobs with files on the emulated AWS: what is in their output is what the local run writes, each
 * line once. Signatures and policies are enforced: what the settings grant is enough, and a bucket
 * that they do not name is refused by name.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DEFAULT_GENERATOR_CONFIG, nexmarkGenerator } from '../../../examples/nexmark/index.ts';
import { REPOSITORY_ROOT } from '../../../scripts/source-files.ts';
import { type Clients, clientsOf } from '../clients.ts';
import { createBuckets, keysBelow, putText, visibleLines } from './bucket-files.ts';
import { DeployedCluster } from './deployed-cluster.ts';

const NEXMARK = 'examples/nexmark/job.ts';
const COPY = 'integration/aws/jobs/programs/copy-lines.ts';
const INPUT = 'sluice-test-input';
const OUTPUT = 'sluice-test-output';
/** It is there, and nobody has granted it. */
const FOREIGN = 'sluice-test-foreign';
/** It is granted, and not there. */
const MISSING = 'sluice-test-missing';
const EVENTS = 4_000;
const FILES = 12;
const LINES_A_FILE = 60;
/** Two make a pause: checkpoints fall between the first line and the last. */
const LINES_A_PAUSE = '2';
const CHECKPOINTS = { 'execution.checkpointing.interval': '500ms' };

/** Half a minute of events, some out of order. */
function events(): string {
  const config = { ...DEFAULT_GENERATOR_CONFIG, eventsPerSecond: 100, outOfOrderGroupCount: 4 };
  const eventAt = nexmarkGenerator(config);
  return Array.from({ length: EVENTS }, (_, i) => `${JSON.stringify(eventAt(i))}\n`).join('');
}

/** All of the numbered files' lines, in no order that readers keep. */
function numberedLines(): readonly (readonly string[])[] {
  return Array.from({ length: FILES }, (_, file) =>
    Array.from({ length: LINES_A_FILE }, (_, line) => `file ${file} line ${line}`),
  );
}

describe('jobs with files on a deployed cluster', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-files-'));
  const eventFile = join(directory, 'events.jsonl');
  let cluster: DeployedCluster;
  let clients: Clients;

  before(async () => {
    const readFrom = `${INPUT}/events,${INPUT}/lines,${MISSING}`;
    const context = { readFrom, writeTo: `${OUTPUT}/results` };
    cluster = await DeployedCluster.deploy(context, true);
    clients = clientsOf(cluster.app.emulator);
    const { s3 } = clients;
    await createBuckets(s3, INPUT, OUTPUT, FOREIGN);
    writeFileSync(eventFile, events());
    await putText(s3, INPUT, 'events/a.jsonl', events());
    for (const [file, lines] of numberedLines().entries()) {
      await putText(s3, INPUT, `lines/${file % 2}/${file}.txt`, lines.join('\n'));
    }
  });
  after(async () => {
    clients?.destroy();
    await cluster?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function localRows(query: string, parallelism: number): readonly string[] {
    const output = join(directory, `${query}-${parallelism}`);
    const launcher = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
    const own = ['--query', query, '--events', eventFile, '--output', output];
    const args = [launcher, 'run', '-p', `${parallelism}`, NEXMARK, ...own];
    execFileSync(process.execPath, args, { cwd: REPOSITORY_ROOT, stdio: 'pipe' });
    return readdirSync(output)
      .filter((name) => !name.startsWith('.'))
      .flatMap((name) => readFileSync(join(output, name), 'utf8').split('\n').filter(Boolean))
      .toSorted();
  }

  function leases(): number {
    const all = cluster.app.emulator.invocations();
    return all.filter(({ functionName }) => functionName.endsWith('-taskmanager')).length;
  }

  async function refusal(programArgsList: readonly string[]): Promise<string> {
    const jobId = await cluster.submit(COPY, { programArgsList });
    const { status, rootException } = await cluster.ended(jobId);
    assert.equal(status, 'FAILED');
    return rootException;
  }

  for (const query of ['q5', 'q8']) {
    for (const parallelism of [1, 3]) {
      it(`answers Nexmark ${query} as the local run, at parallelism ${parallelism}`, async () => {
        const expected = localRows(query, parallelism);
        assert.ok(expected.length > 10);
        const place = `results/${query}-${parallelism}`;
        const events = ['--events', `s3://${INPUT}/events/*.jsonl`];
        const programArgsList = [
          '--query',
          query,
          ...events,
          '--output',
          `s3://${OUTPUT}/${place}`,
        ];
        const jobId = await cluster.submit(NEXMARK, {
          ...{ parallelism, programArgsList, flinkConfiguration: CHECKPOINTS },
        });
        const end = await cluster.ended(jobId);
        assert.equal(end.status, 'FINISHED', end.rootException);
        const rows = await visibleLines(clients.s3, OUTPUT, place);
        assert.deepEqual(rows.toSorted(), expected);
      });
    }
  }

  it('reads each of many files once, at parallelism 3', async () => {
    const target = `s3://${OUTPUT}/results/once`;
    const programArgsList = [`s3://${INPUT}/lines`, target, LINES_A_PAUSE];
    const jobId = await cluster.submit(COPY, { parallelism: 3, programArgsList });
    const end = await cluster.ended(jobId);
    assert.equal(end.status, 'FINISHED', end.rootException);
    const lines = await visibleLines(clients.s3, OUTPUT, 'results/once');
    assert.deepEqual(lines.toSorted(), numberedLines().flat().toSorted());
    const parts = await keysBelow(clients.s3, OUTPUT, 'results/once/part-');
    assert.deepEqual(
      parts.map((key) => /part-(\d)-/.exec(key)?.[1]),
      ['0', '1', '2'],
      'every subtask had files of its own',
    );
  });

  it('writes each line once, and leaves nothing else, when an attempt fails midway', async () => {
    const target = `s3://${OUTPUT}/results/again`;
    const failAt = `file ${FILES - 3} line ${LINES_A_FILE / 2}`;
    const jobId = await cluster.submit(COPY, {
      parallelism: 3,
      programArgsList: [`s3://${INPUT}/lines`, target, LINES_A_PAUSE, failAt],
      flinkConfiguration: {
        ...CHECKPOINTS,
        'restart-strategy.type': 'fixed-delay',
        'restart-strategy.fixed-delay.attempts': '3',
        'restart-strategy.fixed-delay.delay': '100ms',
      },
    });
    const end = await cluster.ended(jobId);
    assert.equal(end.status, 'FINISHED', end.rootException);
    assert.match(end.rootException, /it fails once/);
    const lines = await visibleLines(clients.s3, OUTPUT, 'results/again');
    assert.deepEqual(lines.toSorted(), numberedLines().flat().toSorted());
    const keys = await keysBelow(clients.s3, OUTPUT, 'results/again/');
    assert.deepEqual(
      keys.filter((key) => key.includes('inprogress')),
      [],
    );
    assert.ok(
      keys.some((key) => key.includes(`-${jobId.slice(0, 8)}-1`)),
      'of a second attempt',
    );
  });

  it('refuses what is not granted, missing or local, before a slot runs', async () => {
    const [input, output] = [`s3://${INPUT}/lines`, `s3://${OUTPUT}/results/none`];
    const before = leases();
    const foreign = await refusal([`s3://${FOREIGN}/lines`, output]);
    assert.match(foreign, /grant s3:GetObject.*-c readFrom=<bucket>/);
    assert.match(foreign, new RegExp(`bucket=${FOREIGN} .*principal=arn:.*-plan`));
    assert.match(await refusal([input, `s3://${FOREIGN}/out`]), new RegExp(`bucket=${FOREIGN}`));
    assert.match(await refusal([`s3://${MISSING}/a`, output]), /no such bucket: check its name/);
    assert.match(await refusal([`s3://${INPUT}/lines/none`, output]), /input path does not exist/);
    assert.match(await refusal(['/tmp/lines', output]), /in S3 only: write s3/);
    assert.match(await refusal([input, 'results']), /in S3 only: write s3/);
    assert.equal(leases(), before);
  });
});
