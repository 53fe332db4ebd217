import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FileSystem } from '../core/index.ts';
import { GraphFixture } from './graph-fixture.ts';
import { validateSinks } from './validate-sinks.ts';

describe('validateSinks', () => {
  it('asks every sink with the file system and passes on the first refusal', async () => {
    const asked: string[] = [];
    const fileSystem = {} as FileSystem;
    const sink = (name: string, refuses: boolean) => ({
      name,
      guarantee: 'NONE' as const,
      createWriter: () => assert.fail('is not run'),
      validate: (ctx: { readonly fileSystem: FileSystem }) => {
        assert.equal(ctx.fileSystem, fileSystem);
        asked.push(name);
        if (refuses) throw new Error(`${name} would be overwritten`);
      },
    });
    const g = new GraphFixture();
    const source = g.source();
    g.sink(source, 'Sink: print');
    g.sink(source, 'Sink: a', { sink: sink('a', false) });
    g.sink(source, 'Sink: b', { sink: sink('b', true) });
    await assert.rejects(validateSinks(g.build(), { fileSystem }), /b would be overwritten/);
    assert.deepEqual(asked, ['a', 'b']);
  });
});
