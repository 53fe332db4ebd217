/** What `sluice bundle` writes is what a cluster takes: bundled, uploaded as a form, run. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { main } from '../../scripts/cli/main.ts';
import { SpawnedCluster } from './spawned-cluster.ts';

const WORDS = `export const words: readonly string[] = ['one', 'two', 'three'];\n`;
const JOB = `import { fileSink, jsonLines, type StreamExecutionEnvironment } from 'sluice';
import { words } from './words/words.ts';

export default function job(env: StreamExecutionEnvironment, [directory = '']: string[]): void {
  const sink = fileSink<{ word: string }>({ directory, format: jsonLines() });
  env.fromData(...words).map((word) => ({ word })).sinkTo(sink);
}
`;

let cluster: SpawnedCluster;
before(async () => {
  cluster = await SpawnedCluster.start();
});
after(() => cluster.close());

describe('a bundle', () => {
  it('that the command line writes is uploaded and run, with what it imports', async () => {
    const { directory } = cluster;
    mkdirSync(join(directory, 'words'));
    writeFileSync(join(directory, 'words', 'words.ts'), WORDS);
    writeFileSync(join(directory, 'orders.ts'), JOB);
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) };
    const world = { cwd: directory, environment: {}, stdout: stream, stderr: stream };
    const code = await main(['bundle', 'orders.ts', '--json'], { ...world, engineRoot: '/' });
    assert.equal(code, 0, written.join(''));
    const { path } = JSON.parse(written.join('')) as { path: string };

    const form = new FormData();
    form.set('jarfile', new Blob([readFileSync(path)]), 'orders.mjs');
    const url = `http://${cluster.address}`;
    const uploaded = await fetch(`${url}/jars/upload`, { method: 'POST', body: form });
    const { filename } = (await uploaded.json()) as { filename: string };
    const programId = filename.split('/').at(-1) ?? '';
    assert.match(programId, /_orders\.mjs$/);
    const programArgsList = [join(directory, 'out')];
    const run = await cluster.json('POST', `/jars/${programId}/run`, { programArgsList });
    await cluster.untilEnded(String(run.jobid));
    const { text } = await cluster.send({ path: `/jobs/${run.jobid}/exceptions` });
    assert.equal((await cluster.json('GET', `/jobs/${run.jobid}/status`)).status, 'FINISHED', text);
    const [first] = outputOf(join(directory, 'out'));
    assert.equal(first, '{"word":"one"}\n{"word":"two"}\n{"word":"three"}\n');
  });
});

function outputOf(directory: string): readonly string[] {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && !file.name.startsWith('.') && !file.name.startsWith('_'))
    .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'));
}
