/** Files that are read and written through several leases of their TaskManagers. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Clients, clientsOf } from '../clients.ts';
import { createBuckets, keysBelow, putText, visibleLines } from './bucket-files.ts';
import { DeployedCluster } from './deployed-cluster.ts';

const [INPUT, OUTPUT] = ['sluice-test-input', 'sluice-test-output'];
const FILES = 6;
/** Half a minute of two subtasks, five leases of each. */
const LINES_A_FILE = 16_000;
/** Of 10 ms. */
const LINES_A_PAUSE = '20';

function linesOf(file: number): readonly string[] {
  return Array.from({ length: LINES_A_FILE }, (_, line) => `file ${file} line ${line}`);
}

describe('files and short leases', () => {
  let cluster: DeployedCluster;
  let clients: Clients;
  before(async () => {
    const context = {
      readFrom: INPUT,
      writeTo: OUTPUT,
      leaseSeconds: '8',
      leaseMarginSeconds: '4',
    };
    cluster = await DeployedCluster.deploy(context);
    clients = clientsOf(cluster.app.emulator);
    await createBuckets(clients.s3, INPUT, OUTPUT);
    for (let file = 0; file < FILES; file += 1) {
      await putText(clients.s3, INPUT, `${file}.txt`, linesOf(file).join('\n'));
    }
  });
  after(async () => {
    clients?.destroy();
    await cluster?.stop();
  });

  it('writes each line once, whoever has the lease', async () => {
    const jobId = await cluster.submit('integration/aws/jobs/programs/copy-lines.ts', {
      parallelism: 2,
      programArgsList: [`s3://${INPUT}/*.txt`, `s3://${OUTPUT}/out`, LINES_A_PAUSE],
      flinkConfiguration: { 'execution.checkpointing.interval': '1s' },
    });
    const end = await cluster.ended(jobId);
    assert.equal(end.status, 'FINISHED', end.rootException);
    const lines = await visibleLines(clients.s3, OUTPUT, 'out');
    const expected = Array.from({ length: FILES }, (_, file) => linesOf(file)).flat();
    assert.deepEqual(lines.toSorted(), expected.toSorted());
    const keys = await keysBelow(clients.s3, OUTPUT, 'out/');
    assert.deepEqual(
      keys.filter((key) => key.includes('/.')),
      [],
    );
    const ofSuccessors = keys.filter((key) => /-\d+-[1-9]\d*\.txt$/.test(key));
    assert.ok(ofSuccessors.length >= 2, `keys=${keys.join()}`);
  });
});
