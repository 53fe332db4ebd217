import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { reasonToInstall } from './ensure-installed.mjs';

type Packages = Readonly<Record<string, { version: string; optional?: boolean }>>;

const roots: string[] = [];
after(() => {
  for (const root of roots) rmSync(root, { recursive: true });
});

function packageRoot(wanted: Packages, installed?: Packages): string {
  const root = mkdtempSync(join(tmpdir(), 'sluice-install-'));
  roots.push(root);
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: wanted }));
  if (installed === undefined) return root;
  mkdirSync(join(root, 'node_modules'));
  const copy = join(root, 'node_modules', '.package-lock.json');
  writeFileSync(copy, JSON.stringify({ packages: installed }));
  return root;
}

describe('reasonToInstall', () => {
  const yaml = { 'node_modules/yaml': { version: '2.0.0' } };

  it('asks for an install when node_modules is absent', () => {
    assert.equal(reasonToInstall(packageRoot(yaml)), 'node_modules is absent');
  });

  it('asks for nothing when every package of the lock is installed', () => {
    const wanted = { '': { version: '0.1.0' }, ...yaml };
    assert.equal(reasonToInstall(packageRoot(wanted, yaml)), undefined);
  });

  it('asks for nothing when only an optional package of another platform is missing', () => {
    const wanted = { ...yaml, 'node_modules/@esbuild/aix': { version: '1.0.0', optional: true } };
    assert.equal(reasonToInstall(packageRoot(wanted, yaml)), undefined);
  });

  it('names the package whose version changed or that is new', () => {
    const newer = { 'node_modules/yaml': { version: '2.1.0' } };
    assert.equal(reasonToInstall(packageRoot(newer, yaml)), 'package-lock.json has yaml 2.1.0');
    assert.equal(reasonToInstall(packageRoot(yaml, {})), 'package-lock.json has yaml 2.0.0');
  });

  it('asks for an install when the binary of Node 24 is missing', () => {
    const node = { 'node_modules/node': { version: '24.0.0' } };
    assert.equal(
      reasonToInstall(packageRoot(node, node)),
      'the binary of the package node is absent',
    );
  });
});
