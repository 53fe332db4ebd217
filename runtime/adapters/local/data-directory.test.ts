import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { RowWrite } from '../../checkpoint/index.ts';
import { isStreamError } from '../../core/index.ts';
import { DataDirectory, type DataDirectoryOptions } from './data-directory.ts';
import { isAlive, ownIdentity } from './process-identity.ts';
import { closedLater, temporaryDirectory } from './temporary-directory.conformance.ts';

const dead: DataDirectoryOptions = { isAlive: async () => false };
const step: RowWrite = { type: 'put', partitionKey: 'p', sortKey: 'a', value: 1 };

describe('DataDirectory', () => {
  it('creates the directory, and finds rows and blobs of its predecessor', async () => {
    const path = `${await temporaryDirectory()}/new/data`;
    const first = await openDirectory(path);
    await first.rows.write([step]);
    await first.blobs.put(`${first.checkpointsDirectory}/job/shared/a`, Buffer.from('x'));
    await first.close();
    const second = await openDirectory(path);
    assert.deepEqual([first.epoch, second.epoch], [1, 2]);
    assert.equal((await second.rows.get('p', 'a'))?.value, 1);
    const expected = [{ location: `${path}/checkpoints/job/shared/a`, sizeBytes: 1 }];
    assert.deepEqual(await second.blobs.list(path), [
      ...expected,
      { location: `${path}/rows.log`, sizeBytes: (await readFile(`${path}/rows.log`)).length },
    ]);
  });

  it('lets nobody but its user read what is in it, of earlier times included', async () => {
    const above = await temporaryDirectory();
    await writeFile(`${above}/rows.log`, '', { mode: 0o644 });
    await chmod(`${above}/rows.log`, 0o644);
    for (const path of [`${above}/new/data`, above]) {
      const opened = await openDirectory(path);
      await opened.rows.write([step]);
      await opened.blobs.put(`${opened.checkpointsDirectory}/job/shared/a`, Buffer.from('x'));
    }
    for (const name of await readdir(above, { recursive: true })) {
      const { mode } = await stat(`${above}/${name}`);
      assert.equal(mode & 0o077, 0, `${name} ${mode.toString(8)}`);
    }
  });

  it('is refused while a process that lives has it open, and named', async () => {
    const path = await temporaryDirectory();
    await openDirectory(path);
    await assert.rejects(DataDirectory.open(path), {
      code: 'DATA_DIRECTORY_IN_USE',
      kind: 'invalid',
      details: { path, pid: process.pid },
      message: new RegExp(`path=${path} pid=${process.pid}$`),
    });
  });

  it('goes to one of several that open it at once', async () => {
    const path = await temporaryDirectory();
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => openDirectory(path)));
    const errors = results.flatMap((result) =>
      result.status === 'rejected' ? [(result.reason as { code?: unknown }).code] : [],
    );
    assert.deepEqual(errors, Array(4).fill('DATA_DIRECTORY_IN_USE'));
  });

  it('is taken over from a process that was killed', async () => {
    const path = await temporaryDirectory();
    const source = new URL('./data-directory.ts', import.meta.url).href;
    const script = `import { DataDirectory } from '${source}';
      await DataDirectory.open('${path}'); console.log('open'); setInterval(() => {}, 1000);`;
    const args = ['--conditions=sluice-source', '--input-type=module', '--eval', script];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await assert.rejects(DataDirectory.open(path), { details: { path, pid: child.pid ?? 0 } });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const taken = await openDirectory(path);
    assert.equal(taken.epoch, 2);
  });

  it('lets a former owner, taken for dead, write no more rows, and tells it', async () => {
    const path = await temporaryDirectory();
    const former = await openDirectory(path);
    const losses: string[] = [];
    former.onLost(({ code }) => losses.push(code));
    await former.assertOwner();
    await former.rows.write([step]);
    const owner = await openDirectory(path, dead);
    await assert.rejects(former.rows.write([{ ...step, value: 2 }]), {
      code: 'DATA_DIRECTORY_LOST',
      kind: 'fenced',
      details: { path, epoch: 1, ownerPid: process.pid },
    });
    await assert.rejects(former.rows.write([step]), { kind: 'fenced' });
    await assert.rejects(former.assertOwner(), { kind: 'fenced' });
    assert.equal((await owner.rows.get('p', 'a'))?.value, 1);
    assert.deepEqual(losses, ['DATA_DIRECTORY_LOST']);
    former.onLost(({ code }) => losses.push(code));
    assert.equal(losses.length, 2);
    await former.close();
    await owner.assertOwner();
  });

  it('tells a former owner that only looks', async () => {
    const path = await temporaryDirectory();
    const former = await openDirectory(path);
    await openDirectory(path, dead);
    const error = await former.assertOwner().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(isStreamError(error));
    assert.equal(error.code, 'DATA_DIRECTORY_LOST');
  });

  it('passes on conflicts that are none of ownership', async () => {
    const directory = await openDirectory(await temporaryDirectory());
    const stale: RowWrite = { ...step, expectedVersion: 3 };
    await assert.rejects(directory.rows.write([stale]), { code: 'ROW_CONFLICT' });
    await directory.assertOwner();
  });

  it('sweeps what a killed writer left', async () => {
    const path = await temporaryDirectory();
    await writeFile(`${path}/.a.seg.0f8fad5b-d9cb-469f-a165-70867728950e.tmp`, 'half');
    await openDirectory(path);
    assert.deepEqual(await readdir(path), ['rows.log']);
  });

  it('says why it cannot be written', async () => {
    const path = `${await temporaryDirectory()}/file`;
    await writeFile(path, 'x');
    await assert.rejects(DataDirectory.open(`${path}/data`), {
      code: 'DATA_DIRECTORY_NOT_WRITABLE',
      kind: 'invalid',
      details: { path: `${path}/data`, reason: 'ENOTDIR' },
      message: /another one path=.*\/file\/data reason=ENOTDIR$/,
    });
  });
});

describe('isAlive', () => {
  it('knows this process, one that never was, and another one of the same pid', async () => {
    const own = await ownIdentity();
    assert.equal(await isAlive(own), true);
    assert.equal(await isAlive({ ...own, started: '' }), true);
    assert.equal(await isAlive({ pid: 2 ** 30, started: own.started }), false);
    const other = own.started === '' ? own.started : 'boot:1';
    assert.equal(await isAlive({ ...own, started: other }), own.started === '');
  });
});

function openDirectory(path: string, options?: DataDirectoryOptions): Promise<DataDirectory> {
  return closedLater(DataDirectory.open(path, options));
}
