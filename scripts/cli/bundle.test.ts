import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { capturedCommand } from './captured-command.fixture.ts';

const JOB =
  "import { word } from './word.ts';\nexport default (env) => env.fromData(word).print();\n";
let cwd = '';

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sluice-bundle-verb-'));
  writeFileSync(join(cwd, 'job.ts'), JOB);
  writeFileSync(join(cwd, 'word.ts'), "export const word = 'hello';\n");
});
afterEach(() => rmSync(cwd, { recursive: true }));

const read = (name: string): string => readFileSync(join(cwd, name), 'utf8');
async function sluice(...args: readonly string[]) {
  return await capturedCommand(['bundle', ...args], cwd);
}

describe('sluice bundle', () => {
  it('writes the program with what it imports beside nothing else, under its name', async () => {
    const { code, out, err } = await sluice('job.ts');
    assert.deepEqual([code, err], [0, '']);
    assert.match(
      out,
      /^Bundle written to job\.mjs\n[\d.]+ \w+; .* POST \/jars\/upload take it\.\n$/,
    );
    assert.match(read('job.mjs'), /"hello"/);
  });

  it('tells as JSON where the bundle is, and what', async () => {
    const { code, out } = await sluice('--json', 'job.ts', '-o', 'dist/orders.js');
    assert.equal(code, 0);
    const { path, sizeBytes, hash } = JSON.parse(out) as Record<string, unknown>;
    assert.equal(path, join(cwd, 'dist/orders.js'));
    assert.equal(sizeBytes, Buffer.byteLength(read('dist/orders.js')));
    assert.match(String(hash), /^[0-9a-f]{32}$/);
  });

  it('writes into a directory under the name of the job', async () => {
    mkdirSync(join(cwd, 'out'));
    assert.equal((await sluice('-o', 'out', 'job.ts')).code, 0);
    assert.equal((await sluice('-o', 'new/', 'job.ts')).code, 0);
    assert.equal(read('out/job.mjs'), read('new/job.mjs'));
  });

  it('replaces an earlier bundle and no other file', async () => {
    assert.equal((await sluice('job.ts')).code, 0);
    writeFileSync(join(cwd, 'word.ts'), "export const word = 'again';\n");
    assert.equal((await sluice('job.ts')).code, 0);
    assert.match(read('job.mjs'), /"again"/);
    writeFileSync(join(cwd, 'own.mjs'), JOB);
    const { code, err } = await sluice('own.mjs');
    assert.equal(code, 1);
    assert.match(err, /is no bundle, and is left alone: say another with -o/);
    assert.equal(read('own.mjs'), JOB);
  });

  it('says why it could not write, and leaves nothing behind', async () => {
    const { code, out } = await sluice('--json', 'job.ts', '-o', 'word.ts/job.mjs');
    assert.equal(code, 1);
    assert.equal((JSON.parse(out) as { error: { code: string } }).error.code, 'BUNDLE_NOT_WRITTEN');
  });

  it('refuses what is no job, no name of a bundle, and arguments of the job', async () => {
    assert.match((await sluice()).out, /^The program file was not specified\./);
    assert.match((await sluice('none.ts')).err, /the job file does not exist/);
    const named = await sluice('-o', 'job.bin', 'job.ts');
    assert.match(named.out, /is a \.mjs or \.js file; a directory ends in \/: job\.bin/);
    for (const archive of ['out/job.zip', 'out/job.tar.gz', 'out/job.jar']) {
      const { code, out } = await sluice('-o', archive, 'job.ts');
      assert.equal(code, 1);
      assert.match(out, /no archive.*: write -o out\/job\.mjs in the place of -o out\/job\./);
    }
    assert.match((await sluice('job.ts', 'more')).out, /are given when it is run.*: more/);
    assert.ok(!existsSync(join(cwd, 'job.mjs')));
  });
});
