import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { setSourceMapsSupport } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { JOB_NAME_EXPORT } from '../../runtime/core/index.ts';
import { API_SYMBOLS, bundleJob, type JobBundle } from './bundle-job.ts';
import { userPlace } from './error-text.ts';

const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-bundle-')));
const cacheDir = join(cwd, 'cache');
mkdirSync(cacheDir);
after(() => rmSync(cwd, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(cwd, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return name;
}

async function bundle(name: string, text: string): Promise<JobBundle> {
  const apiExports = ['Types', 'version'];
  return await bundleJob({ jobFile: write(name, text), cwd, cacheDir, apiExports });
}

async function load(job: JobBundle): Promise<Record<string, unknown>> {
  return (await import(pathToFileURL(job.path).href)) as Record<string, unknown>;
}

describe('bundleJob', () => {
  it('gives the job the engine of the process that evaluates it', async () => {
    const engine = { version: 'this one', Types: {} };
    Reflect.set(globalThis, API_SYMBOLS.sluice, engine);
    const job = await bundle(
      'engine.ts',
      "import { version } from 'sluice';\nexport default () => version as string;\n",
    );
    const { default: run } = await load(job);
    assert.equal((run as () => string)(), 'this one');
    Reflect.deleteProperty(globalThis, API_SYMBOLS.sluice);
  });

  it('gives the job the patterns of that process too', async () => {
    Reflect.set(globalThis, API_SYMBOLS['sluice/cep'], { CEP: 'its own' });
    const job = await bundle(
      'patterns.ts',
      "import { CEP } from 'sluice/cep';\nexport default () => CEP as unknown as string;\n",
    );
    const { default: run } = await load(job);
    assert.equal((run as () => string)(), 'its own');
    Reflect.deleteProperty(globalThis, API_SYMBOLS['sluice/cep']);
  });

  it('carries the name of the job’s file, also when the bundle is bundled again', async () => {
    const job = await bundle('orders.eu.ts', 'export default () => 7;\n');
    assert.equal((await load(job))[JOB_NAME_EXPORT], 'orders.eu');
    const again = await bundle('other.mjs', job.code);
    assert.equal(again.code, job.code);
  });

  it('bundles what the job imports, Node’s modules and JSON among it', async () => {
    write('lib/word.ts', 'export const word: string = "hello";\n');
    write('lib/data.json', '{ "n": 3 }');
    const job = await bundle(
      'imports.ts',
      [
        "import { basename } from 'node:path';",
        "import data from './lib/data.json' with { type: 'json' };",
        "import { word } from './lib/word.ts';",
        'export default () => [basename(import.meta.filename), word, data.n, import.meta.dirname];',
      ].join('\n'),
    );
    const { default: run } = await load(job);
    assert.deepEqual((run as () => unknown)(), ['imports.ts', 'hello', 3, cwd]);
  });

  it('lets an error point at the user’s own line', async () => {
    setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
    const text = 'type A = number;\n\nexport default (): A => {\n  throw new Error("no");\n};\n';
    const { default: run } = await load(await bundle('jobs/throws.ts', text));
    let place: string | undefined;
    try {
      (run as () => void)();
    } catch (error) {
      place = userPlace(error, { cwd, engineRoot: '/engine' });
    }
    assert.equal(place, 'jobs/throws.ts:4:9');
  });

  it('names the bundle by its content and carries the sources', async () => {
    const text = 'export default function job() {}\n';
    const [first, second] = [await bundle('same.ts', text), await bundle('same.ts', text)];
    const other = await bundle('same.ts', 'export default function job() { return 1; }\n');
    assert.match(first.hash, /^[0-9a-f]{32}$/);
    assert.equal(first.path, second.path);
    assert.notEqual(first.hash, other.hash);
    assert.equal(readFileSync(first.path, 'utf8'), first.code);
    const map = Buffer.from(first.code.split('base64,')[1] ?? '', 'base64').toString();
    assert.deepEqual((JSON.parse(map) as { sourcesContent: string[] }).sourcesContent, [text]);
  });

  it('refuses a file that does not exist and says where it looked', async () => {
    await assert.rejects(bundleJob({ jobFile: 'none.ts', cwd, cacheDir }), {
      code: 'JOB_FILE_NOT_FOUND',
      message: `the job file does not exist: file=none.ts directory=${cwd}`,
    });
    await assert.rejects(bundleJob({ jobFile: '.', cwd, cacheDir }), {
      message: /^the job file is not a file: /,
    });
  });

  it('refuses code that does not compile with file, line, column and the text', async () => {
    await assert.rejects(bundle('broken.ts', 'const a = 1;\nexport default function (\n'), {
      code: 'JOB_NOT_COMPILED',
      message:
        /^the job does not compile: file=broken\.ts\n {2}broken\.ts:3:1: Expected .*\n {2}3 \| /,
    });
    await assert.rejects(
      bundle('missing.ts', "import './no-such.ts';\nexport default () => 1;\n"),
      {
        message:
          /missing\.ts:1:8: Could not resolve "\.\/no-such\.ts"\n {2}1 \| import '\.\/no-such/,
      },
    );
    await assert.rejects(
      bundle('typo.ts', "import { Tpyes } from 'sluice';\nexport default Tpyes;"),
      {
        code: 'JOB_NOT_COMPILED',
        message: /typo\.ts:1:10: No matching export in "sluice-engine:sluice" for import "Tpyes"/,
      },
    );
    await assert.rejects(bundle('job.py', 'print(1)'), { code: 'JOB_NOT_COMPILED' });
  });

  it('refuses a module without a default export and shows one', async () => {
    await assert.rejects(bundle('nothing.ts', 'export const a = 1;\n'), {
      code: 'NO_JOB_EXPORTED',
      message: /^the job file has no default export: write 'export default function job\(env/,
    });
  });
});
