/** The app as `npx cdk synth` runs it: a process of its own, bundles and all. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const OUT = mkdtempSync(join(tmpdir(), 'sluice-cdk-'));
after(() => rmSync(OUT, { recursive: true, force: true }));

function runApp(context: Readonly<Record<string, unknown>>): {
  readonly status: number | null;
  readonly stderr: string;
} {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--conditions=sluice-source', join(ROOT, 'cdk', 'app.ts')],
    {
      cwd: ROOT,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        CDK_OUTDIR: OUT,
        CDK_CONTEXT_JSON: JSON.stringify(context),
      },
    },
  );
  return { status, stderr };
}

describe('the app', () => {
  it('makes a stack of the bundles it has built, without a finding', () => {
    const strict = { '@aws-cdk/core:validateAgainstDefaultRules': true };
    const { status, stderr } = runApp({ prefix: 'shop', credentials: 'cli', ...strict });
    assert.equal(status, 0, stderr);
    const manifest = JSON.parse(readFileSync(join(OUT, 'manifest.json'), 'utf8'));
    const { properties } = manifest.artifacts.Sluice;
    assert.equal(properties.stackName, 'shop');
    // Of the caller's own credentials: no role of the bootstrap is taken.
    assert.equal(properties.assumeRoleArn, undefined);
    const assets = JSON.parse(readFileSync(join(OUT, 'Sluice.assets.json'), 'utf8'));
    const folders = Object.values(assets.files as Record<string, { displayName: string }>);
    assert.equal(folders.filter(({ displayName }) => /Code/.test(displayName)).length, 7);
  });

  it('says in one line what it was told wrongly, before it builds anything', () => {
    const topic = 'alarmTopicArn has to be the ARN of an SNS topic, .*; alarmTopicArn=topic';
    for (const [context, expected] of [
      [{ prefix: 'Bad_Prefix!' }, 'PREFIX_INVALID: the prefix of a cluster is not .*=Bad_Prefix!'],
      [{ order_s: '1' }, 'CONTEXT_INVALID: there is no such context value .*; name=order_s'],
      [{ alarmTopicArn: 'topic' }, `CONTEXT_INVALID: ${topic}`],
    ] as const) {
      const { status, stderr } = runApp(context);
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`^${expected}\n$`));
    }
  });
});
