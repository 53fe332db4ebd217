/** Goal: what a deployed cluster would refuse is refused here. Method: an address without one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { capturedCommand } from './captured-command.fixture.ts';

/** Whoever asks it for anything is told that nobody is there. */
const DEPLOYED = 'http://abc.execute-api.localhost:1';
const SIZE =
  /the program with all it imports has 2\d\.\d MiB, of which AWS takes 20\.0: leave data/;

const cwd = mkdtempSync(join(tmpdir(), 'sluice-remote-'));
after(() => rmSync(cwd, { recursive: true }));
const JOB = 'export default (env) => { env.fromSequence(1, 2).print(); };\n';
writeFileSync(join(cwd, 'job.ts'), JOB);
// With its source map, it is in the bundle more than twice.
writeFileSync(join(cwd, 'large.ts'), `export const data = '${'x'.repeat(9_500_000)}';\n${JOB}`);

async function sluice(...args: readonly string[]) {
  return await capturedCommand(args, cwd, { SLUICE_TOKEN: 'token' });
}

describe('sluice run -m of a deployed cluster', () => {
  it('refuses a savepoint on this machine before it sends anything', async () => {
    for (const path of ['./here', '/tmp/savepoint-1', 'file:///tmp/savepoint-1']) {
      const { code, out } = await sluice('run', '-m', DEPLOYED, '-s', path, 'job.ts');
      assert.equal(code, 1);
      assert.match(out, /^A deployed cluster does not see the files .* write s3:/);
      assert.ok(out.includes(`: ${path}\n`), out);
    }
  });

  it('refuses a program that is too large, with its size and the limit', async () => {
    const { code, err } = await sluice('run', '-m', DEPLOYED, 'large.ts');
    assert.equal(code, 1);
    assert.match(err, SIZE);
    assert.match(
      err,
      /file=large\.ts sizeBytes=2\d{7} maxBytes=20971520\n {2}code: BUNDLE_TOO_LARGE/,
    );
  });
});

describe('a program that is too large for AWS', () => {
  it('runs here, with a warning', async () => {
    const { code, out, err } = await sluice('info', 'large.ts');
    assert.equal(code, 0);
    assert.match(out, /"nodes"/);
    assert.match(err, /^warning: it runs here, and will be refused on AWS: the program/);
    assert.match(err, SIZE);
  });

  it('is warned of by an estimate', async () => {
    const { code, err } = await sluice('estimate', 'large.ts', '--rate', '1/s');
    assert.equal(code, 0);
    assert.match(err, SIZE);
  });

  it('is not mentioned where it is small enough', async () => {
    assert.ok(!(await sluice('info', 'job.ts')).err.includes('warning'));
  });
});
