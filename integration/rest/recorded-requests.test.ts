/**
 * Goal: what Flink's own command line asks is answered as it was when it was recorded, without
 * Java. Method: the recorded requests, byte for byte but for ids and paths, over connections of
 * their own, against `sluice cluster`; each command that ends a job has one of its own.
 */
import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { filled, type RecordedCommand, readRecorded, shapeOf } from './recorded-exchanges.ts';
import { SpawnedCluster } from './spawned-cluster.ts';

const JOB = `const s = globalThis[Symbol.for('sluice.api')];
export default (env) => {
  env.enableCheckpointing('10 min');
  const events = s.generatorSource({ generate: (n) => ({ k: n % 3, n }), ratePerSecond: 500 });
  env.fromSource(events, s.WatermarkStrategy.noWatermarks(), 'events').filter(() => false).print();
};
`;

type Exchange = RecordedCommand['exchanges'][number];

const ENDING = /^(cancel|stop)$/;
const recorded = readRecorded().filter(({ exchanges }) => exchanges.length > 0);
let cluster: SpawnedCluster;
let jobid = '';
let savepoint = '';

before(async () => {
  cluster = await SpawnedCluster.start();
});
after(() => cluster?.close());

async function runningJob(): Promise<string> {
  const id = await cluster.run(JOB);
  await cluster.untilStatus(id, 'RUNNING');
  return id;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** As the client wrote it, over a connection of its own. */
function replay(
  { method, path, headers, body }: Exchange,
  values: Readonly<Record<string, string>>,
): Promise<Answer> {
  const sent = filled(body, values);
  const all = {
    ...headers,
    host: cluster.address,
    'content-length': String(Buffer.byteLength(sent)),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const head = [`${method} ${filled(path, values)} HTTP/1.1`, ...lines].join('\r\n');
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = createConnection(cluster.port, '127.0.0.1', () => {
      socket.write(`${head}\r\n\r\n${sent}`);
    });
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    // The client asks that the connection be closed.
    socket.on('close', () => {
      const [, status = '0'] = /^HTTP\/1\.1 (\d+)/.exec(text) ?? [];
      const json = text.slice(text.indexOf('\r\n\r\n') + 4);
      resolve({ status: Number(status), body: JSON.parse(json) });
    });
  });
}

describe('requests of Flink’s command line', () => {
  for (const { command, exchanges, exitCode } of recorded) {
    it(`are answered: ${command.join(' ')}`, async () => {
      if (jobid === '') jobid = await runningJob();
      let triggerid = '';
      for (const exchange of exchanges) {
        const values = {
          jobid,
          triggerid,
          savepoint,
          directory: join(cluster.directory, 'savepoints'),
        };
        let answer = await replay(exchange, values);
        // The last of the client's looks was recorded.
        while ((answer.body.status as { id?: string } | undefined)?.id === 'IN_PROGRESS') {
          answer = await replay(exchange, values);
        }
        assert.equal(answer.status, exchange.status, JSON.stringify(answer.body));
        assert.deepEqual(shapeOf(answer.body), exchange.shape);
        triggerid = String(answer.body['request-id'] ?? triggerid);
        const location = (answer.body.operation as { location?: string } | undefined)?.location;
        if (location !== undefined) savepoint = location;
      }
      const isOfJob = command.includes('{jobid}');
      if (isOfJob && exitCode === 0 && ENDING.test(command[0] ?? '')) jobid = '';
    });
  }

  it('are of every verb', () => {
    const verbs = new Set(recorded.map(({ command }) => command[0]));
    assert.deepEqual([...verbs].toSorted(), ['cancel', 'checkpoint', 'list', 'savepoint', 'stop']);
    assert.ok(recorded.length > 25, String(recorded.length));
  });
});
