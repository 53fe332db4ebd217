import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReaderContext, ReaderOutput } from '../connectors/index.ts';
import { PieceReader } from './piece-reader.ts';
import type { PieceSplit } from './piece-source.ts';

/** A split of three pieces with four items each; its pieces are loaded one at a time. */
const SPLIT: PieceSplit = { id: 's', at: 0, done: 0 };

function setup(splits: readonly PieceSplit[]) {
  let loading = 0;
  const loaded: number[] = [];
  const requests: unknown[] = [];
  const ctx = { sendToEnumerator: (event: unknown) => requests.push(event) };
  const reader = new PieceReader<PieceSplit, string>(ctx as unknown as ReaderContext, {
    load: async ({ at }) => {
      assert.equal(++loading, 1, 'one piece at a time');
      await Promise.resolve();
      loading -= 1;
      loaded.push(at);
      if (at === 7) throw new Error('damaged');
      return {
        itemCount: 4,
        emit: (item, collect) => collect(`${at}/${item}`),
        nextAt: at < 2 ? at + 1 : undefined,
      };
    },
    close: () => {},
  });
  reader.handleEvent({ type: 'add-splits', splits });
  reader.handleEvent({ type: 'no-more-splits' });
  return { reader, loaded, requests };
}

async function read(
  reader: PieceReader<PieceSplit, string>,
  most = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const records: string[] = [];
  const output: ReaderOutput<string> = {
    collect: (value) => records.push(value),
    beginSplit: () => {},
    endSplit: () => {},
    collectSide: () => {},
  };
  reader.start();
  while (records.length < most) {
    const polled = reader.pollNext(output, 1);
    if (polled === 'end') break;
    if (polled === 'nothing') await reader.available();
  }
  await reader.close();
  return records;
}

const ALL = [0, 1, 2].flatMap((at) => [0, 1, 2, 3].map((item) => `${at}/${item}`));

describe('PieceReader', () => {
  it('reads each piece of each split', async () => {
    const { reader, loaded } = setup([SPLIT, { ...SPLIT, id: 't', at: 1 }]);
    assert.deepEqual(await read(reader), [...ALL, ...ALL.slice(4)]);
    assert.deepEqual(loaded, [0, 1, 2, 1, 2]);
  });

  it('goes on where a snapshot was taken, at every item', async () => {
    for (let most = 0; most <= ALL.length; most++) {
      const first = setup([SPLIT]);
      const before = await read(first.reader, most);
      const splits = JSON.parse(JSON.stringify(first.reader.snapshotState()));
      const after = await read(setup(splits).reader);
      assert.deepEqual([...before, ...after], ALL, `after ${most}`);
    }
  });

  it('fails with what cannot be loaded', async () => {
    await assert.rejects(read(setup([{ ...SPLIT, at: 7 }]).reader), /damaged/);
  });

  it('asks for a split when it has none, and at the end of each', async () => {
    const { reader, requests } = setup([]);
    await read(reader);
    assert.deepEqual(requests, [{ type: 'request-split' }]);
  });
});
