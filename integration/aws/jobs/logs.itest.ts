/**
 * What `sluice logs` shows of a job on a deployed cluster: the lines of all its functions, each of
 * which says whose it is, and no secret. Logs come late: it is asked until all is there.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { REPOSITORY_ROOT } from '../../../scripts/source-files.ts';
import { runProcess } from '../emulator/index.ts';
import { waitUntil } from '../wait-until.ts';
import { DeployedCluster } from './deployed-cluster.ts';

const PATIENCE_MS = 90_000;
const WORDS = 40;

type Line = Readonly<Record<string, unknown>>;

describe('sluice logs of a deployed job', () => {
  let cluster: DeployedCluster;
  before(async () => {
    cluster = await DeployedCluster.deploy();
  });
  after(async () => {
    await cluster?.stop();
  });

  async function logs(jobId: string, ...args: readonly string[]): Promise<string> {
    const { endpoint, region, credentials } = cluster.app.emulator;
    const { stdout } = await runProcess(
      process.execPath,
      [
        ...[join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs'), 'logs', jobId],
        ...['--prefix', cluster.prefix, '--region', region, ...args],
      ],
      {
        timeoutMs: PATIENCE_MS,
        environment: {
          ...process.env,
          AWS_ENDPOINT_URL: endpoint,
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        },
      },
    );
    return stdout;
  }

  it('shows lines of all its functions, with whose they are, in the order of time', async () => {
    const jobId = await cluster.submit('integration/aws/jobs/programs/paced-words.ts', {
      ...{ parallelism: 2, programArgsList: ['20', String(WORDS), '5'] },
      flinkConfiguration: { 'execution.checkpointing.interval': '1s' },
    });
    const { status, rootException } = await cluster.ended(jobId);
    assert.equal(status, 'FINISHED', rootException);
    const lines = await waitUntil('its last lines are there', PATIENCE_MS, async () => {
      const found = (await logs(jobId, '--json'))
        .split('\n')
        .filter(Boolean)
        .map((text) => JSON.parse(text) as Line);
      return isWhole(found) ? found : undefined;
    });
    const services = new Set(lines.map(({ service }) => service));
    for (const name of ['plan', 'coordinator', 'taskmanager']) {
      assert.ok(services.has(`sluice-${name}`), `${[...services]}`);
    }
    assert.ok(lines.every((line) => line.jobId === jobId));
    const ofSlots = lines.filter(({ service }) => service === 'sluice-taskmanager');
    for (const name of ['attempt', 'taskManager', 'lease', 'slot']) {
      assert.ok(
        ofSlots.every((line) => typeof line[name] === 'number'),
        name,
      );
    }
    const completed = lines.filter(({ message }) => message === 'a checkpoint is complete');
    assert.ok(completed.length > 0 && completed.every((line) => Number(line.checkpoint) > 0));
    const people = await logs(jobId);
    assert.match(people, /Z INFO {2}\[coordinator\] attempt=0 the job is RUNNING\n/);
    const secret = cluster.app.emulator.credentials.secretAccessKey;
    assert.ok(secret.length < 8 || !JSON.stringify(lines).includes(secret));
    assert.doesNotMatch(JSON.stringify(lines), /taskToken|X-Amz-Signature=[^*]/);
  });
});

/** All words were printed, and the end was told. */
function isWhole(lines: readonly Line[]): boolean {
  const printed = lines
    .filter(({ print }) => print === true)
    .flatMap(({ message }) => String(message).split('\n').filter(Boolean));
  const isOver = lines.some(({ message }) => message === 'the job is FINISHED');
  return printed.length >= WORDS && isOver;
}
