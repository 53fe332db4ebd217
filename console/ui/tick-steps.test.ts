import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countText, durationText, percentText, rateText, sizeText } from './format.ts';
import { tickSteps } from './tick-steps.ts';

describe('tickSteps', () => {
  it('are whole where no fraction is told', () => {
    for (const format of [sizeText, countText, durationText]) {
      assert.deepEqual(tickSteps(format).slice(0, 4), [1, 2, 5, 10]);
    }
  });

  it('are as small as a text tells them apart', () => {
    assert.equal(tickSteps(rateText)[0], 0.1);
    assert.equal(tickSteps(percentText)[0], 0.01);
  });

  it('are there for whatever is large', () => {
    assert.equal(tickSteps(sizeText).at(-1), 5e15);
  });
});
