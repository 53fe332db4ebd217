import assert from 'node:assert/strict';
import { readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { zipBytes } from '../zip-bytes.conformance.ts';
import { ClusterJars } from './cluster-jars.ts';
import { temporaryDirectory } from './temporary-directory.conformance.ts';

const CODE = Buffer.from('export default () => {}');
const clock = { nowEpochMs: () => 5, monotonicMs: () => 0 };

async function opened() {
  const directory = await temporaryDirectory();
  const open = () => ClusterJars.open({ directory, maxBytes: 1000, clock });
  return { directory, open, jars: await open() };
}

describe('ClusterJars', () => {
  it('keeps an upload under a name of its own, whatever the client calls it', async () => {
    const { directory, jars } = await opened();
    for (const [name, kept] of [
      ['my job.mjs', 'my_job.mjs'],
      ['../../../etc/cron.d/job.mjs', 'job.mjs'],
      ['C:\\windows\\job.js', 'job.js'],
      ['..mjs.js', 'job.mjs'],
      [`${'.'.repeat(300)}x/\n.mjs`, '_.mjs'],
      [`a${'.'.repeat(300)}.mjs`, 'job.mjs'],
      ['jöb.mjs', 'j_b.mjs'],
    ] as const) {
      const { id } = await jars.add(name, CODE);
      assert.match(id, /^[0-9a-f-]{36}_[\w-][\w.-]*$/);
      assert.equal(id.slice(37), kept);
    }
    assert.equal((await readdir(directory)).length, 7);
  });

  it('looks ids up, and makes no paths of them', async () => {
    const { directory, jars } = await opened();
    await writeFile(join(directory, 'other.mjs'), CODE);
    for (const id of ['other.mjs', '../x', '', '.', join(directory, 'other.mjs')]) {
      await assert.rejects(jars.read(id), { status: 404 });
      await assert.rejects(jars.remove(id), { status: 404 });
    }
    assert.deepEqual(await readdir(directory), ['other.mjs']);
  });

  it('knows its programs after a start, and leaves nothing half-written', async () => {
    const { directory, jars, open } = await opened();
    const manifest = { name: 'META-INF/MANIFEST.MF', content: 'Main-Class: orders\n' };
    const archive = zipBytes([manifest, { name: 'job.mjs', content: CODE }]);
    const { id } = await jars.add('job.jar', archive);
    await writeFile(jars.temporaryPath(), 'half');
    const link = `${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}_link.mjs`;
    await symlink('/etc/passwd', join(directory, link));
    const [again, ...others] = await (await open()).list();
    assert.deepEqual([again?.id, again?.entries, others], [id, ['orders'], []]);
    assert.deepEqual((await readdir(directory)).sort(), [link, id].sort());
    const { bundle } = await jars.read(id);
    assert.deepEqual(Buffer.from(bundle), CODE);
  });

  it('keeps so many, the newest', async () => {
    const { directory, jars } = await opened();
    const first = await jars.add('job.mjs', CODE);
    for (let count = 0; count < 32; count += 1) await jars.add('job.mjs', CODE);
    assert.equal((await jars.list()).length, 32);
    await assert.rejects(jars.read(first.id), { status: 404 });
    assert.equal((await readdir(directory)).length, 32);
  });

  it('refuses what is no program, and keeps nothing of it', async () => {
    const { directory, jars } = await opened();
    const path = jars.temporaryPath();
    await writeFile(path, 'x'.repeat(2000));
    await assert.rejects(jars.add('job.mjs', { path }), { status: 413 });
    await assert.rejects(jars.add('job.exe', CODE), { status: 400 });
    await assert.rejects(jars.add('job.zip', CODE), { status: 400 });
    // Who received the file deletes it.
    assert.equal((await readdir(directory)).length, 1);
  });
});
