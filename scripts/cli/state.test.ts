import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { capturedCommand } from './captured-command.fixture.ts';

const ID = 'fd72014d4c864993a2e5a9287b4a9c5d';
const BASE = `/v1/jobs/${ID}/state/totals`;
const AT_SLOT = { name: 'total', kind: 'value', value: { n: 1 }, source: 'slot', ageMs: 0 };
const AT_CHECKPOINT = {
  ...{ name: 'mean', kind: 'aggregating', accumulator: [1, 2], source: 'checkpoint' },
  ...{ ageMs: 1_200, checkpointId: 7 },
};
const TYPED = '?keyType=json&mapKey=x+y&mapKeyType=string&window=0%2C10&accumulator=true' as const;
const ANSWERS: Readonly<Record<string, unknown>> = {
  [`${BASE}/total/Biel%2FBienne`]: AT_SLOT,
  [`${BASE}/mean/%7B%22id%22%3A1%7D${TYPED}`]: AT_CHECKPOINT,
};

let server: Server;
before(async () => {
  server = createServer((request, response) => {
    const known = ANSWERS[request.url ?? ''];
    const body = known ?? { errors: [`nothing at ${request.url}`, 'code: STATE_KEY_NOT_FOUND'] };
    response.writeHead(known === undefined ? 404 : 200).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.close();
  server.closeAllConnections();
});

async function state(...args: readonly string[]) {
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return await capturedCommand(['state', '-m', address, ...args], '/here');
}

describe('sluice state', () => {
  it('shows the value of a key, slashes and all, and how old it is', async () => {
    const { code, out } = await state(ID, 'totals', 'total', 'Biel/Bienne');
    assert.equal(code, 0);
    assert.deepEqual(out.trimEnd().split('\n'), ['value: {"n":1}', 'from the slot, 0 ms ago']);
  });

  it('asks for typed keys, entries of maps, windows and accumulators', async () => {
    const types = ['--key-type', 'json', '--map-key', 'x y', '--map-key-type', 'string'];
    const more = ['--window', '0,10', '--accumulator'];
    const { out } = await state(ID, 'totals', 'mean', '{"id":1}', ...types, ...more);
    const [accumulator, age] = out.trimEnd().split('\n');
    assert.equal(accumulator, 'accumulator: [1,2]');
    assert.match(age ?? '', /^from checkpoint 7, 1 s ago$/);
  });

  it('prints the answer of the cluster with --json', async () => {
    const { out } = await state(ID, 'totals', 'total', 'Biel/Bienne', '--json');
    assert.deepEqual(JSON.parse(out), AT_SLOT);
  });

  it('fails with what the cluster says, and without its arguments', async () => {
    const unknown = await state(ID, 'totals', 'total', 'Bern');
    assert.equal(unknown.code, 1);
    assert.match(unknown.err, /nothing at .*total\/Bern/);
    const { code, out } = await state(ID, 'totals');
    assert.equal(code, 1);
    assert.match(out, /Missing name, key\./);
  });
});
