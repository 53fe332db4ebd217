import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileSink, fileSource, generatorSource, jsonLines } from './index.ts';

describe('checkKnownOptions', () => {
  it('refuses a misspelled option with the nearest name', () => {
    const wrong = { generate: (i: number) => i, ratePerSeconds: 5 };
    assert.throws(() => generatorSource(wrong), {
      code: 'UNKNOWN_CONNECTOR_OPTION',
      message: /generatorSource has no option 'ratePerSeconds': did you mean 'ratePerSecond'\?/,
    });
    const source = { path: 'x', paths: 'x', format: jsonLines() };
    assert.throws(() => fileSource(source), { message: /did you mean 'paths'/ });
  });

  it('names what there is when nothing is near', () => {
    const sink = { directory: 'out', format: jsonLines(), everything: true };
    assert.throws(() => fileSink(sink), { message: /no option 'everything': known: directory, / });
  });
});
