import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Source } from '../connectors/index.ts';
import type { FileSystem } from '../core/index.ts';
import { GraphFixture } from './graph-fixture.ts';
import { validateSources } from './validate-sources.ts';

it('asks every source with the file system and passes on the first refusal', async () => {
  const ctx = { fileSystem: {} as FileSystem, restoring: true };
  const asked: string[] = [];
  const g = new GraphFixture();
  for (const name of ['a', 'b', 'c']) g.source(name);
  const graph = g.build();
  const bodies = graph.nodes.flatMap(({ body }) => (body.kind === 'source' ? [body.source] : []));
  for (const [index, source] of bodies.slice(1).entries()) {
    const validate: Source<unknown, unknown, unknown>['validate'] = (given) => {
      assert.equal(given, ctx);
      asked.push(source.name);
      if (index === 1) throw new Error(`${source.name} has no input`);
    };
    Object.assign(source, { validate });
  }
  await assert.rejects(validateSources(graph, ctx), /c has no input/);
  assert.deepEqual(asked, ['b', 'c']);
});
