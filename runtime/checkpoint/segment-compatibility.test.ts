/** Bytes of version 1, checked in: every later version must still read them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodecCache } from '../exchange/index.ts';
import type {
  KeyedSegmentRecord,
  RestoredListRecord,
  SegmentChunkRecord,
} from '../protocol/index.ts';
import { loadList } from './operator-state-codec.ts';
import { FixtureBlobs, FixtureTable } from './segment-fixture.ts';
import { loadSegment } from './segment-reader.ts';

const BASE_BYTES = [
  'U0xVSUNFU0cBAAEAgAAAAAEAAAAAAAAAAADwP++KFawotS/9YO8DNQ0A9tNCM3DFSQfEhU5/nYfy',
  'of///wcEJDaStvdVdm+SaD+xQmzad9ah4ofLhT9EHfBZ9fp+kwWyMjEAMQA1AE3jXJe1H2I7En3n',
  'qll/sMnYl/Oh1yaDOkIQ+/rzWnS+lKj8ekvsnVrvyaY8JdllLARv51D4WOo8fz4KKY/rVjl/gpFa',
  'nxRW5k5J1uWj8exYl32BUsczwrqc1HJu6VjFofIcXDWQx0HzWmrX51cWI5MQm5Mx6LU45WOCz2sT',
  'Vw8VnSeVY90xJXqeEyDrsmdtmCBXE4lKrqpN7aipHe0SCNgdGMDYXUZj4bAISosVASYWuysQMdht',
  '7BZENsOAyQDALATFRhx2ovCI/V47v53DnKMvPyCQApGxIT798EKQM/mc5+wqUZclW65ADoBxZ1Bt',
  'gIA4iQWLLMD2A0nxYC+DgtdwICAFgAQArserTGkibgfC8S9yW18EFcQptUdGk7FUNPPjAKvmcilY',
  'l/ynYY+MAKwAnBn8PQPqAIQYJbAemiq85mtRH4MZ5OxS63L0YKUTLtPssztWwmjQKJeAVc0ru1AI',
  'e79OSiVDjwI=',
].join('');

const DELTA_BYTES = [
  'U0xVSUNFU0cBAAIAgAAAAAEAAAAAAAAAAAAAQJ3alZIotS/9YIYBdQgAMo4sJZCn6f////9gO+kT',
  'u6Ud7G4TOsSkf0acv1dUeMzqcdFirMdv1smItA5iwIKBiAYAIgoYxwJM3gE5IrasJspHsEzOM3mH',
  '/miF7edhQM/bkkHE8iWQ43zv+yiOLQqpn+/lWMLybJN4PmJt0rdjkno+IfS83C4YtO2J6Lmd4rn8',
  'qITi+LmutZ6lPWirQG49H6JfrOG2i+eZ1bRitjGMun5ZjfM8Q46vX0itT/pt1fwJgWhACCMAKyXA',
  'xbgxsN3Cyixagxp8/tthjzsCcAvAbQZ/iwHNAIRklEDqIQDZVClr80JUHobKINUu1VyOOViZhMU3',
  '+wR3LBVGUxqlJmBZ84pxoSj230CWl9yVDNMM',
].join('');

const LIST_BYTES = [
  'U0xVSUNFT0wBAAAAAwAAAC8AAABSAAAA5VuZB6r1/d8otS/9IFJNAgByhA8XgKvGS3yUN19nYPXn',
  'g7uRYhKlzU74JimvPadu98GF2pBVDk12mxkhuRhxMs4joyL4E/sT8QvAr/7F/vWrIQIAIICRTD0B',
].join('');

const BASE_CHUNK: SegmentChunkRecord = {
  firstKeyGroup: 29,
  lastKeyGroup: 127,
  entryCount: 6,
  offsetBytes: 32,
  sizeBytes: 432,
  rawSizeBytes: 1263,
  crc32: 3983405086,
};

const DELTA_CHUNK: SegmentChunkRecord = {
  firstKeyGroup: 29,
  lastKeyGroup: 127,
  entryCount: 3,
  offsetBytes: 32,
  sizeBytes: 280,
  rawSizeBytes: 646,
  crc32: 2261815728,
};

const SEGMENTS: readonly KeyedSegmentRecord[] = [
  { kind: 'BASE', checkpointId: 1, bytes: { inlineBase64: BASE_BYTES }, chunks: [BASE_CHUNK] },
  { kind: 'DELTA', checkpointId: 2, bytes: { inlineBase64: DELTA_BYTES }, chunks: [DELTA_CHUNK] },
];

async function restored(segments: readonly KeyedSegmentRecord[]): Promise<unknown[][]> {
  const tables = [new FixtureTable('sums', 'aggregating'), new FixtureTable('windows', 'window')];
  for (const record of segments) {
    const segment = await loadSegment(record, new FixtureBlobs(), { start: 0, end: 127 });
    for (const table of tables) segment.fill(table.meta, table, new CodecCache());
  }
  return tables.map((table) =>
    [...table.entries.values()]
      .map(({ key, subKey, value }) => [key, subKey, value])
      .sort(([a], [b]) => Number(a) - Number(b)),
  );
}

describe('stored state of version 1', () => {
  it('is read: a base', async () => {
    assert.deepEqual(await restored(SEGMENTS.slice(0, 1)), [
      [
        [-1, undefined, { count: -1, sum: -1.5 }],
        [1, undefined, { count: 1, sum: 1.5 }],
        [2, undefined, { count: 2, sum: 3 }],
        [42, undefined, { count: 42, sum: 63 }],
      ],
      [
        ['key1', 1000, { name: 'zürich', at: new Date(5), tags: ['a', 'b'] }],
        ['key1', 2000, null],
      ],
    ]);
  });

  it('is read: a base and the delta on it', async () => {
    assert.deepEqual(await restored(SEGMENTS), [
      [
        [-1, undefined, { count: -1, sum: -1.5 }],
        [1, undefined, { count: 1, sum: 1.5 }],
        [2, undefined, { count: 9, sum: 9 }],
      ],
      [['key1', 1000, { name: 'zürich', at: new Date(5), tags: ['a', 'b'] }]],
    ]);
  });

  it('is read: an operator state', async () => {
    const record: RestoredListRecord = {
      ...{ name: 'offsets', mode: 'SPLIT_DISTRIBUTE', itemCount: 3, from: 0, to: 3 },
      bytes: { inlineBase64: LIST_BYTES },
    };
    assert.deepEqual(await loadList(record, new FixtureBlobs()), [
      { split: 'a.csv', at: 10 },
      new Map([['k', 2n ** 70n]]),
      -0,
    ]);
  });
});
