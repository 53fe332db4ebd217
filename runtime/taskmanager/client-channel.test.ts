import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlotReport } from '../protocol/index.ts';
import { ClientChannel } from './client-channel.ts';

function channelOf(): { client: ClientChannel; reports: SlotReport[] } {
  const reports: SlotReport[] = [];
  return { client: new ClientChannel({ report: (record) => reports.push(record) }), reports };
}

describe('ClientChannel', () => {
  it('collects delivered values into one batch for each collect sink until flushed', () => {
    const { client, reports } = channelOf();
    void client.deliver('a', 1);
    void client.deliver('b', 2);
    void client.deliver('a', 3);
    assert.equal(reports.length, 0);
    assert.equal(client.flush(), true);
    assert.equal(client.flush(), false);
    assert.deepEqual(
      reports.map((report) => (report.type === 'deliver' ? [report.collectId, report.values] : [])),
      [
        ['a', [1, 3]],
        ['b', [2]],
      ],
    );
  });

  it('holds writers back while 64 batches are not received', async () => {
    const { client } = channelOf();
    for (let i = 0; i < 63; i += 1) assert.equal(client.print(`${i}`), undefined);
    const held = client.print('63');
    assert.ok(held instanceof Promise);
    client.received(0);
    await held;
    assert.equal(client.deliver('a', 1), undefined);
  });

  it('lets everybody go when nobody will receive any more', async () => {
    const { client } = channelOf();
    for (let i = 0; i < 63; i += 1) void client.print(`${i}`);
    const held = client.print('63');
    client.release();
    await held;
    assert.ok(held instanceof Promise);
  });
});
