import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { REPOSITORY_ROOT } from './source-files.ts';
import { sourceText } from './tidy/source-text.ts';
import { findingText, tidySources, tidyTree } from './tidy.ts';

/** The rules that a file of this text breaks. */
function broken(path: string, text: string): string[] {
  return tidySources([sourceText(path, text)]).map(({ rule }) => rule);
}

function messages(path: string, text: string): string {
  return tidySources([sourceText(path, text)])
    .map(findingText)
    .join('\n');
}

const ENGINE = 'runtime/graph/x.ts';

describe('tidy', () => {
  it('finds nothing in this repository', () => {
    assert.deepEqual(tidyTree(REPOSITORY_ROOT).map(findingText), []);
  });
});

describe('sourceText', () => {
  it('tells the end of an element from a regular expression', () => {
    const { code } = sourceText('console/x.tsx', '<b>a</b>; f(/c/); <br />; x = 1 / 2; y();');
    assert.equal(code, '<b>a</b>; f(   ); <br />; x = 1 / 2; y();');
  });
});

describe('imports', () => {
  const imports = (path: string, from: string) => broken(path, `import { a } from '${from}';\n`);

  it('may lead to the own folder and to the index of a lower rank', () => {
    for (const [path, from] of [
      [ENGINE, './y.ts'],
      [ENGINE, '../core/index.ts'],
      ['runtime/connectors/files/x.ts', '../source.ts'],
      ['runtime/connectors/index.ts', './files/reader.ts'],
      ['runtime/graph/x.test.ts', '../testing/index.ts'],
      ['scripts/cli/x.ts', '../../runtime/core/index.ts'],
      ['runtime/graph/x.ts', 'node:util'],
    ] as const) {
      assert.deepEqual(imports(path, from), [], `${path} ${from}`);
    }
  });

  it('may not lead up, sideways, past an index, or out of the repository', () => {
    for (const [path, from] of [
      [ENGINE, '../api/index.ts'],
      ['runtime/taskmanager/x.ts', '../jobmaster/index.ts'],
      [ENGINE, '../core/errors.ts'],
      [ENGINE, '../testing/index.ts'],
      [ENGINE, '../../../elsewhere.ts'],
      [ENGINE, './y'],
      ['runtime/connectors/files/x.ts', '../sequence/reader.ts'],
      ['runtime/api/x.ts', '../index.ts'],
      ['runtime/adapters/local/x.ts', '../../index.ts'],
      ['runtime/api/x.ts', '@aws-sdk/client-s3'],
      [ENGINE, 'node:fs'],
      [ENGINE, 'node:worker_threads'],
    ] as const) {
      assert.deepEqual(imports(path, from), ['imports'], `${path} ${from}`);
    }
  });

  it('sees type imports, re-exports, several lines and dynamic imports', () => {
    for (const text of [
      "import type { A } from '../api/index.ts';",
      "export { a } from '../api/index.ts';",
      "import {\n  a,\n  b,\n} from '../api/index.ts';",
      "import '../api/index.ts';",
      "const m = await import('../api/index.ts');",
    ]) {
      assert.deepEqual(broken(ENGINE, `${text}\n`), ['imports'], text);
    }
    assert.deepEqual(broken(ENGINE, "// import { a } from '../api/index.ts';\n"), []);
  });

  it('may not run in a circle between folders', () => {
    const cycle = tidySources([
      sourceText('runtime/adapters/local/x.ts', "import { a } from '../memory/index.ts';\n"),
      sourceText('runtime/adapters/memory/index.ts', "export { b } from '../local/index.ts';\n"),
    ]).map(findingText);
    assert.match(
      cycle.join(),
      /adapters\/local → runtime\/adapters\/memory → runtime\/adapters\/lo/,
    );
  });
});

describe('banned globals', () => {
  it('are named with what to use instead', () => {
    for (const [text, instead] of [
      ['const now = Date.now();', 'Clock'],
      ['const now = new Date();', 'Clock'],
      ['const x = Math.random();', 'Rng'],
      ['setTimeout(run, 5);', 'Timers'],
      ['performance.now();', 'Clock.monotonicMs'],
      ["console.log('x');", 'Logger'],
      ['process.cwd();', 'a port or a setting'],
      ['const r = await fetch(url);', 'a port'],
      ["import { randomUUID } from 'node:crypto';", 'Rng'],
    ] as const) {
      assert.match(messages(ENGINE, `${text}\n`), new RegExp(`use ${instead}`), text);
    }
  });

  it('are not what merely looks like them', () => {
    for (const text of [
      "const a = 'Date.now()'; // console.log(Math.random())",
      `const b = \`console.log \${new Date(5).toISOString()}\`;`,
      'const c = /process.env/.test(x);',
      'stream.process(fn); this.fetch(x); this.#fetch(x); view.performance.mark();',
      'class A {\n  fetch(split: Split): Batch {\n    return a;\n  }\n}',
      'const d = { process };',
    ]) {
      assert.equal(messages(ENGINE, `${text}\n`), '', text);
    }
  });

  it('are allowed in adapters, tests and scripts; the environment only in scripts', () => {
    const text = 'const now = Date.now();\n';
    for (const path of ['runtime/adapters/local/x.ts', 'runtime/graph/x.test.ts', 'scripts/x.ts']) {
      assert.deepEqual(broken(path, text), [], path);
    }
    assert.deepEqual(broken('runtime/adapters/local/x.ts', 'process.env.HOME;\n'), ['environment']);
    assert.deepEqual(broken('scripts/x.ts', 'process.env.HOME;\n'), []);
  });

  it('are seen inside templates', () => {
    assert.deepEqual(broken(ENGINE, `const a = \`\${ { b: \`\${Date.now()}\` }.b } x\`;\n`), [
      'banned-global',
    ]);
  });
});

describe('length', () => {
  const lines = (count: number) => 'const a = 1;\n'.repeat(count);

  it('of files ends at 500 lines, and above 300 asks for a header', () => {
    assert.deepEqual(broken(ENGINE, `/** Header. */\n${lines(499)}`), []);
    assert.deepEqual(broken(ENGINE, `/** Header. */\n${lines(500)}`), ['file-length']);
    assert.deepEqual(broken(ENGINE, lines(301)), ['header']);
  });

  it('of lines ends at 100 characters, but for one long text', () => {
    const long = 'a + '.repeat(30);
    assert.deepEqual(broken(ENGINE, `const x = ${long}1;\n`), ['line-length']);
    assert.deepEqual(broken(ENGINE, `const x =\n  '${long}';\n`), []);
  });

  it('of functions ends at 70 lines; suites are no functions', () => {
    const body = lines(70);
    for (const head of [
      'function f(a: () => void): Map<string, number> {',
      'const f = (a: number) => {',
      'class A {\n  private async run({ a } = { a: 1 }) {',
      'call(function () {',
    ]) {
      const rules = broken(ENGINE, `${head}\n${body}}\n`);
      assert.deepEqual(rules, ['function-length'], head);
    }
    for (const head of [
      "describe('x', () => {",
      'class A {',
      'for (const a of b()) {',
      'if (a) {',
    ]) {
      assert.deepEqual(broken('runtime/graph/x.test.ts', `${head}\n${body}}\n`), [], head);
    }
  });
});

describe('names and comments', () => {
  it('of files are kebab-case and say something', () => {
    assert.deepEqual(broken('runtime/graph/jobGraph.ts', ''), ['file-name']);
    assert.deepEqual(broken('runtime/graph/utils.ts', ''), ['file-name']);
    assert.deepEqual(broken('runtime/graph/string-utils.ts', ''), ['file-name']);
    assert.deepEqual(broken('runtime/graph/job-graph.property.test.ts', ''), []);
  });

  it('of numbers carry their unit', () => {
    assert.match(messages(ENGINE, 'const timeout: number = 5;\n'), /end it in Ms/);
    assert.match(messages(ENGINE, 'interface A { bufferSize: number }\n'), /end it in Bytes or/);
    assert.deepEqual(broken(ENGINE, 'function f(pollInterval?: number) {}\n'), ['units']);
    const good = 'const timeoutMs: number = 5; get size(): number; const delay: number | string;\n';
    assert.deepEqual(broken(ENGINE, good), []);
  });

  it('export by name, and by default only a job', () => {
    assert.deepEqual(broken(ENGINE, "export * from './y.ts';\n"), ['exports']);
    assert.deepEqual(broken(ENGINE, 'export default 1;\n'), ['exports']);
    assert.deepEqual(broken('examples/a/job.ts', 'export default function job() {}\n'), []);
  });

  it('skip no test, name the issue of a TODO, and bear no banner', () => {
    assert.deepEqual(broken('runtime/graph/x.test.ts', "it.only('x', () => {});\n"), ['tests']);
    assert.deepEqual(broken('runtime/graph/x.test.ts', "it('x', { skip: true }, f);\n"), ['tests']);
    assert.deepEqual(broken(ENGINE, '// TODO later\n// TODO(#12) later\n'), ['todo']);
    assert.deepEqual(broken(ENGINE, '// Copyright somebody\n'), ['header']);
  });

  it('say what an invariant is that is asserted', () => {
    assert.deepEqual(broken(ENGINE, "assert(ok, 'I3: never');\n"), ['header']);
    assert.deepEqual(broken(ENGINE, "/** I3  It is so. */\nassert(ok, 'I3: never');\n"), []);
  });
});
