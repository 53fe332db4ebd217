import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { build } from './build.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-build-'));
after(() => rmSync(root, { recursive: true }));

function write(name: string, text: string): void {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

async function load(name: string): Promise<Record<string, unknown>> {
  return (await import(pathToFileURL(join(root, 'dist', name)).href)) as Record<string, unknown>;
}

describe('build', () => {
  it('shares modules between the entries that exist', async () => {
    write('package.json', '{ "type": "module" }');
    write('runtime/core/index.ts', 'export const engine: object = {};\n');
    write('runtime/index.ts', "export { engine } from './core/index.ts';\n");
    write('scripts/cli/main.ts', "export { engine } from '../../runtime/core/index.ts';\n");
    await build(root);
    const [index, cli] = [await load('index.js'), await load('cli.js')];
    assert.equal(index.engine, cli.engine);
    assert.equal(readdirSync(join(root, 'dist')).includes('testing.js'), false);
  });

  it('keeps replaced chunks for an hour, for processes that still import them', async () => {
    const dist = join(root, 'dist');
    const longAgo = new Date(Date.now() - 7_200_000);
    write('dist/chunk-fresh.js', '');
    write('dist/chunk-stale.js', '');
    utimesSync(join(dist, 'chunk-stale.js'), longAgo, longAgo);
    await build(root);
    const names = readdirSync(dist);
    assert.deepEqual(
      ['chunk-fresh.js', 'chunk-stale.js', '.stamp'].map((name) => names.includes(name)),
      [true, false, true],
    );
    assert.equal(
      names.some((name) => name.endsWith('.tmp')),
      false,
    );
  });
});
