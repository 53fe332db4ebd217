import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bundleConsole, type ConsoleFile } from './build-console.ts';
import { REPOSITORY_ROOT, sourceFiles } from './source-files.ts';

/** Compressed, as a browser of a deployed cluster would load it. */
const MAX_FIRST_LOAD_BYTES = 64 * 1024;
const MAX_TOTAL_BYTES = 160 * 1024;

describe('bundleConsole', () => {
  let files: ConsoleFile[] = [];
  before(async () => {
    files = await bundleConsole();
  });

  const text = (path: string): string => {
    const file = files.find((one) => one.path === path);
    return Buffer.from(file?.contents ?? []).toString('utf8');
  };
  const compressed = (chosen: readonly ConsoleFile[]): number =>
    chosen.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0);

  it('names assets by their content, and index.html names only those', () => {
    const assets = files.filter(({ path }) => path.startsWith('assets/'));
    for (const { path } of assets) assert.match(path, /-[A-Z0-9]{8}\.(js|css)$/);
    const named = [...text('index.html').matchAll(/(?:src|href|content)="(assets\/[^"]+)"/g)];
    assert.equal(named.length, 4);
    for (const [, path = ''] of named)
      assert.ok(
        assets.some((one) => one.path === path),
        path,
      );
    assert.equal(files.at(-1)?.path, 'index.html');
  });

  it('loads nothing from elsewhere and has nothing inline', () => {
    const page = text('index.html');
    assert.doesNotMatch(page, /<style|style=|<script(?![^>]*src=)|\son\w+=/);
    assert.doesNotMatch(page, /(?:src|href)="(?:https?:)?\/\//);
    for (const { path, contents } of files) {
      if (!path.endsWith('.css')) continue;
      assert.doesNotMatch(Buffer.from(contents).toString('utf8'), /@import|url\(\s*["']?http/);
    }
    for (const path of sourceFiles(REPOSITORY_ROOT)) {
      if (!/^console\/.*\.tsx$/.test(path)) continue;
      const source = readFileSync(join(REPOSITORY_ROOT, path), 'utf8');
      assert.doesNotMatch(source, /\bstyle=|dangerouslySetInnerHTML/, path);
    }
  });

  it('stays small', () => {
    const page = text('index.html');
    const first = files.filter(({ path }) => page.includes(path) && !path.includes('worker'));
    const [firstBytes, allBytes] = [compressed(first), compressed(files)];
    assert.ok(firstBytes <= MAX_FIRST_LOAD_BYTES, `first load: ${firstBytes} bytes`);
    assert.ok(allBytes <= MAX_TOTAL_BYTES, `in all: ${allBytes} bytes`);
  });

  it('brings the notices of the libraries in it', () => {
    for (const name of ['preact', 'uplot', '@dagrejs/dagre']) {
      assert.match(text('licenses.txt'), new RegExp(`${name}\\n[^]*MIT`));
    }
  });
});
