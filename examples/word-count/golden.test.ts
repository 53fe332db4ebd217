import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { linesBelow, linesOf, PARALLELISMS, runGolden } from '../golden.ts';
import wordCount from './job.ts';

const INPUTS = ['first.txt', 'second.txt'].map((name) =>
  fileURLToPath(new URL(`./golden/${name}`, import.meta.url)),
);

describe('word-count', () => {
  for (const parallelism of PARALLELISMS) {
    it(`counts the words of files as they come at parallelism ${parallelism}`, async () => {
      const lines = await runGolden(
        wordCount,
        (output) => [...INPUTS.flatMap((path) => ['--input', path]), '--output', output],
        parallelism,
        linesBelow,
      );
      const golden = await linesOf(new URL('./golden/counts.jsonl', import.meta.url));
      assert.deepEqual(lines.sort(), golden);
    });
  }

  it('prints the counts of its own text when no input and no output is given', async () => {
    const printed = await runGolden(
      wordCount,
      () => [],
      1,
      async (_directory, text) => text.trim().split('\n'),
    );
    assert.equal(printed.length, 114);
    assert.deepEqual(printed.slice(0, 2), ['{"word":"shall","count":1}', '{"word":"i","count":1}']);
    assert.ok(printed.includes('{"word":"thee","count":2}'));
  });
});
