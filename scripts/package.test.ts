/** Goal: who installs what `npm pack` makes finds everything. Method: the manifest, and npm's list. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { REPOSITORY_ROOT } from './source-files.ts';

const manifest = JSON.parse(readFileSync(join(REPOSITORY_ROOT, 'package.json'), 'utf8'));

describe('the package', () => {
  it('has types and code for each of its modules, of sources that are there', () => {
    const { './package.json': _, ...modules } = manifest.exports;
    for (const entry of Object.values(modules)) {
      const { 'sluice-source': source, types, default: code } = entry as Record<string, string>;
      assert.ok(existsSync(join(REPOSITORY_ROOT, source ?? '')), source);
      assert.equal(types, source?.replace('./', './dist/types/').replace(/ts$/, 'd.ts'));
      assert.match(code ?? '', /^\.\/dist\/[\w-]+\.js$/);
    }
  });

  it('is built whole before it is packed', () => {
    assert.equal(manifest.scripts.prepack, 'node scripts/build.ts --types');
  });

  it('has the command and what is built, and no sources', () => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const options = { cwd: REPOSITORY_ROOT, encoding: 'utf8', stdio: 'pipe' } as const;
    const answer = JSON.parse(execFileSync('npm', args, options));
    const [{ files }] = Array.isArray(answer) ? answer : Object.values(answer);
    const paths: string[] = files.map(({ path }: { readonly path: string }) => path);
    const others = paths.filter((path) => !path.startsWith('dist/'));
    assert.deepEqual(others.toSorted(), [
      'LICENSE',
      'README.md',
      'package.json',
      'scripts/sluice.mjs',
    ]);
  });
});
