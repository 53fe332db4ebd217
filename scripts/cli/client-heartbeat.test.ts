import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { ConfigOptions, Configuration, StreamError } from '../../runtime/core/index.ts';
import { beatFor } from './client-heartbeat.ts';

const WATCHED = Configuration.fromRecord({
  [ConfigOptions.EXECUTION_ATTACHED.key]: true,
  [ConfigOptions.SHUTDOWN_ON_ATTACHED_EXIT.key]: true,
  [ConfigOptions.CLIENT_HEARTBEAT_INTERVAL_MS.key]: 1000,
});

function refusal(code: string, message: string): StreamError {
  return new StreamError({ kind: 'invalid', code, message });
}

/** Beats thrice. @returns how often it was sent, and what was said. */
async function beaten(answer: () => Promise<object>, configuration = WATCHED) {
  mock.timers.enable({ apis: ['setInterval'] });
  const said: string[] = [];
  let sent = 0;
  const send = async () => {
    sent += 1;
    return (await answer()) as never;
  };
  try {
    const stop = beatFor('a'.repeat(32), { send }, configuration, (text) => void said.push(text));
    for (let beat = 0; beat < 3; beat++) {
      mock.timers.tick(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    stop();
    mock.timers.tick(1000);
    return { sent, said };
  } finally {
    mock.timers.reset();
  }
}

describe('beatFor', () => {
  it('tells the cluster that the client lives, until it is ended', async () => {
    assert.deepEqual(await beaten(async () => ({})), { sent: 3, said: [] });
    const plain = Configuration.fromRecord({});
    assert.deepEqual(await beaten(async () => ({}), plain), { sent: 0, said: [] });
  });

  it('says once that a cluster watches over nobody, and asks it no more', async () => {
    const refused = () => Promise.reject(refusal('REQUEST_REFUSED', 'it does not watch'));
    assert.deepEqual(await beaten(refused), { sent: 1, said: ['Warning: it does not watch'] });
  });

  it('goes on when the cluster is away, or what stands before it has no way through', async () => {
    for (const error of [
      refusal('CLUSTER_UNREACHABLE', 'away'),
      refusal('REQUEST_REFUSED', '503 Service Unavailable'),
    ]) {
      assert.deepEqual(await beaten(() => Promise.reject(error)), { sent: 3, said: [] });
    }
  });
});
