import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { BUNDLE_LIMITS_BYTES, buildFunctions, functionNames } from './build-functions.ts';
import { REPOSITORY_ROOT } from './source-files.ts';

const scratch = mkdtempSync(join(tmpdir(), 'sluice-functions-'));
after(() => rmSync(scratch, { recursive: true }));

function projectAt(name: string, files: Readonly<Record<string, string>>): string {
  const root = join(scratch, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const HANDLER = {
  'package.json': '{ "type": "module" }',
  'runtime/core/index.ts': 'export const seven = (): number => 7;\n',
  'functions/settle/handler.ts':
    "import { seven } from '../../runtime/core/index.ts';\nexport const handler = () => seven();\n",
  'functions/shared/index.ts': 'export {};\n',
};

describe('buildFunctions', () => {
  it('makes one file of a handler and all it imports, and a map to the sources', async () => {
    const root = projectAt('one', HANDLER);
    assert.deepEqual(functionNames(root), ['settle']);
    const [built] = await buildFunctions(root);
    const folder = join(root, 'dist', 'functions', 'settle');
    assert.deepEqual(readdirSync(folder).sort(), ['index.mjs', 'index.mjs.map']);
    assert.equal(built?.sizeBytes, readFileSync(join(folder, 'index.mjs')).length);
    const { handler } = await import(join(folder, 'index.mjs'));
    assert.equal(handler(), 7);
    const { sources } = JSON.parse(readFileSync(join(folder, 'index.mjs.map'), 'utf8'));
    assert.deepEqual(sources.sort(), ['functions/settle/handler.ts', 'runtime/core/index.ts']);
  });

  it('puts what runs in a thread of its own beside it', async () => {
    const worker = { 'functions/settle/slot.worker.ts': 'export const slot = 1;\n' };
    const root = projectAt('worker', { ...HANDLER, ...worker });
    await buildFunctions(root);
    const files = readdirSync(join(root, 'dist', 'functions', 'settle'));
    assert.ok(files.includes('slot.worker.mjs'), files.join(' '));
  });

  it('makes the same bytes wherever the sources lie, and twice at once', async () => {
    const roots = [projectAt('here', HANDLER), projectAt('there/below', HANDLER)];
    await Promise.all([...roots, ...roots].map((root) => buildFunctions(root)));
    const bytes = roots.map((root) =>
      ['index.mjs', 'index.mjs.map'].map((file) =>
        readFileSync(join(root, 'dist', 'functions', 'settle', file), 'utf8'),
      ),
    );
    assert.deepEqual(bytes[0], bytes[1]);
    const folders = readdirSync(join(roots[0] ?? '', 'dist', 'functions'));
    assert.deepEqual(folders, ['settle']);
  });

  it('warns of a bundle above its limit', async () => {
    const large = `export const handler = () => '${'x'.repeat((BUNDLE_LIMITS_BYTES.settle ?? 0) + 1)}';\n`;
    const root = projectAt('large', { ...HANDLER, 'functions/settle/handler.ts': large });
    const [built] = await buildFunctions(root);
    assert.match(built?.warning ?? '', /starts slowly.* function=settle sizeBytes=1200\d\d\d /);
  });
});

describe('the functions of this clone', () => {
  it('have bundles within their limits', async () => {
    const built = await buildFunctions(REPOSITORY_ROOT, join(scratch, 'own'));
    assert.deepEqual(
      built.map(({ name }) => name),
      Object.keys(BUNDLE_LIMITS_BYTES).sort(),
    );
    assert.deepEqual(
      built.flatMap(({ warning }) => warning ?? []),
      [],
    );
  });
});
