import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { countText, listText, shareText, spanText, timeText } from './diagnosis-text.ts';

describe('the texts of a diagnosis', () => {
  it('say spans in two units', () => {
    const texts = [0, 340, 1500, 12_000, 185_000, 7_500_000, 100 * 3_600_000].map(spanText);
    assert.deepEqual(texts, [
      '0 ms',
      '340 ms',
      '1.5 s',
      '12 s',
      '3 min 5 s',
      '2 h 5 min',
      '4 d 4 h',
    ]);
  });

  it('say counts, shares and lists', () => {
    assert.equal(countText(1_234_567), '1,234,567');
    assert.deepEqual([0, 0.001, 0.999, 1, 2].map(shareText), [
      '0 %',
      '<1 %',
      '99 %',
      '100 %',
      '100 %',
    ]);
    assert.equal(listText(['a', 'b', 'c']), 'a, b and c');
    assert.equal(listText([...'abcdefgh']), 'a, b, c, d, e and 3 more');
    assert.equal(listText([]), '');
  });

  it('say times as the calendar does', () => {
    const epochMs = fc.integer({ min: -30_000_000_000_000, max: 250_000_000_000_000 });
    fc.assert(
      fc.property(epochMs, (ms) => {
        const iso = new Date(ms)
          .toISOString()
          .replace('T', ' ')
          .replace(/(\.000)?Z$/, '');
        assert.equal(timeText(ms), iso);
      }),
    );
  });
});
