import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ZipEntry, zipBytes } from '../zip-bytes.conformance.ts';
import { readProgram, withEntry } from './program-archive.ts';

const MAX_BYTES = 1_000_000;
const CODE = 'export default function job() {}';
const MODULE: ZipEntry = { name: 'dist/job.mjs', content: CODE };
const manifest = (...lines: string[]): ZipEntry => {
  return {
    name: 'META-INF/MANIFEST.MF',
    content: `Manifest-Version: 1.0\r\n${lines.join('\r\n')}\r\n`,
  };
};

async function read(name: string, content: Uint8Array) {
  const { bundle, entries } = await readProgram(name, content, MAX_BYTES);
  return { code: Buffer.from(bundle).toString(), entries };
}

describe('readProgram', () => {
  it('takes a module as it is', async () => {
    for (const name of ['job.mjs', 'JOB.JS']) {
      const expected = { code: CODE, entries: ['default'] };
      assert.deepEqual(await read(name, Buffer.from(CODE)), expected);
    }
  });

  it('takes the module of an archive, and the jobs that its manifest names', async () => {
    for (const [entries, lines] of [
      [['default'], []],
      [['orders'], ['Main-Class: orders']],
      [
        ['orders', 'refunds'],
        ['Main-Class: other', 'program-class: orders, refunds'],
      ],
      [
        ['a-name-that-goes-on-in-the-next-line'],
        ['Main-Class: a-name-that', ' -goes-on-in-the-next-line'],
      ],
      [['default'], ['', 'Name: a file', 'Main-Class: of-a-file']],
    ] as const) {
      for (const name of ['job.jar', 'job.zip']) {
        const archive = zipBytes([manifest(...lines), MODULE]);
        assert.deepEqual(await read(name, archive), { code: CODE, entries });
      }
    }
  });

  it('refuses what is no program', async () => {
    const refused: readonly (readonly [RegExp, string, Uint8Array])[] = [
      [/Only Jar files are allowed/, 'job.exe', Buffer.from(CODE)],
      [/Only Jar files are allowed/, 'job', Buffer.from(CODE)],
      [/is empty/, 'job.mjs', new Uint8Array()],
      [/does not read as a zip/, 'job.jar', new Uint8Array()],
      [/does not read as a zip/, 'job.jar', Buffer.from(CODE)],
      [/does not read as a zip/, 'job.zip', zipBytes([MODULE]).subarray(0, 60)],
      [/No jobs included in application/, 'job.jar', zipBytes([])],
      [/No jobs included/, 'job.jar', zipBytes([{ name: 'com/acme/Job.class', content: 'x' }])],
      [
        /must have one module, it has 2/,
        'job.zip',
        zipBytes([MODULE, { ...MODULE, name: 'b.js' }]),
      ],
      [/has an entry twice/, 'job.zip', zipBytes([MODULE, MODULE])],
      [/encrypted/, 'job.zip', zipBytes([{ ...MODULE, flags: 1 }])],
    ];
    for (const [message, name, content] of refused) {
      await assert.rejects(read(name, content), { status: 400, message });
    }
  });

  it('refuses names that leave the archive’s directory, and links', async () => {
    for (const name of [
      '../job.mjs',
      'a/../../job.mjs',
      '/etc/job.mjs',
      'C:/job.mjs',
      '..\\job.mjs',
      'a/./job.mjs',
      'a\0/job.mjs',
    ]) {
      const archive = zipBytes([MODULE, { name, content: CODE }]);
      await assert.rejects(read('job.jar', archive), { status: 400 }, name);
    }
    const link = { name: 'link', content: '/etc/passwd', mode: 0o120_777 };
    await assert.rejects(read('job.jar', zipBytes([MODULE, link])), { message: /symbolic link/ });
  });

  it('refuses bombs before it unpacks them', async () => {
    const zeros = { name: 'big.bin', content: new Uint8Array(900_000) };
    await assert.rejects(read('job.zip', zipBytes([MODULE, zeros])), { message: /too well/ });
    const half = { content: 'x', declaredBytes: 60_000 };
    const many = Array.from({ length: 20 }, (_, index) => ({ ...half, name: `f${index}` }));
    await assert.rejects(read('job.zip', zipBytes([MODULE, ...many])), { status: 413 });
    const entries = Array.from({ length: 1001 }, (_, index) => ({
      name: `f${index}`,
      content: '',
    }));
    await assert.rejects(read('job.zip', zipBytes(entries)), { message: /more than 1000 entries/ });
    await assert.rejects(read('job.zip', zipBytes(entries, 3)), { status: 400 });
  });

  it('unpacks no more than an entry declares', async () => {
    const lying = { ...MODULE, content: `${CODE}${' '.repeat(5000)}`, declaredBytes: 40 };
    await assert.rejects(read('job.zip', zipBytes([lying])), { status: 400 });
    await assert.rejects(readProgram('a.mjs', Buffer.from(CODE), 10), { status: 413 });
    await assert.rejects(readProgram('a.zip', zipBytes([MODULE]), 10), { status: 413 });
  });
});

describe('withEntry', () => {
  it('names the job of the manifest, unless the client does', () => {
    const key = 'sluice.job-export';
    assert.deepEqual(withEntry({}, ['orders', 'refunds']), { [key]: 'orders' });
    assert.deepEqual(withEntry({ [key]: 'refunds' }, ['orders']), { [key]: 'refunds' });
    assert.deepEqual(withEntry({ a: 1 }, ['default']), { a: 1 });
  });
});
