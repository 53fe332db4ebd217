import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  agoText,
  coresText,
  countText,
  durationText,
  percentText,
  plural,
  rateText,
  sizeText,
  watermarkText,
} from './format.ts';

describe('format', () => {
  it('show parts of processors, and none where it is not known', () => {
    assert.deepEqual([8, 1.158, -1, undefined].map(coresText), ['8', '1.16', '–', '–']);
  });

  it('shows counts and rates in full while they are short', () => {
    assert.deepEqual([0, 999, 9999, 12_345, 1_234_567].map(countText), [
      ...['0', '999', '9,999', '12.3 k', '1.23 M'],
    ]);
    assert.deepEqual([0, 0.25, 12, 45_600, undefined].map(rateText), [
      ...['0/s', '0.3/s', '12/s', '45.6 k/s', '–'],
    ]);
  });

  it('shows sizes in powers of 1,000', () => {
    assert.deepEqual([0, 999, 1000, 1_250_000, 3e12, -1].map(sizeText), [
      ...['0 B', '999 B', '1.00 kB', '1.25 MB', '3.00 TB', '–'],
    ]);
  });

  it('shows durations with what matters at their length', () => {
    const shown = [-1, 0, 350, 12_340, 245_000, 12_000_000, 187_200_000].map(durationText);
    assert.deepEqual(shown, [
      ...['–', '0 ms', '350 ms', '12.3 s', '4 m 05 s', '3 h 20 m', '2 d 4 h'],
    ]);
    assert.deepEqual([agoText(1000, 1500), agoText(0, 12_900)], ['just now', '12 s ago']);
  });

  it('has words for watermarks that are no times', () => {
    assert.equal(watermarkText(-(2 ** 63)), 'none yet');
    assert.equal(watermarkText(2 ** 63), 'end of input');
    assert.equal(watermarkText(Date.UTC(2001, 0, 31, 12)), '2001-01-31 12:00:00.000');
    assert.equal(watermarkText(undefined), '–');
  });

  it('shows shares and numbers of things', () => {
    assert.deepEqual([percentText(0.374), percentText(undefined)], ['37 %', '–']);
    assert.deepEqual([plural(1, 'task'), plural(1200, 'task')], ['1 task', '1,200 tasks']);
  });
});
