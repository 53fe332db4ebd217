import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { GetAccountSettingsCommand } from '@aws-sdk/client-lambda';
import { clientsOf } from '../clients.ts';
import { waitUntil } from '../wait-until.ts';
import { type Emulator, startEmulator } from './emulator.ts';

const PATIENCE_MS = 30_000;

describe('startEmulator', () => {
  const directories: string[] = [];
  after(() => {
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  });
  const directory = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'sluice-emulator-'));
    directories.push(made);
    return made;
  };
  const isUp = async (endpoint: string): Promise<boolean> => {
    const answer = await fetch(`${endpoint}/_ministack/health`).catch(() => undefined);
    return answer?.ok ?? false;
  };
  const isDown = (endpoint: string) => async () => ((await isUp(endpoint)) ? undefined : true);

  it('runs two at once, each on a port of its own, and ends both', async () => {
    const start = (accountConcurrency: number) =>
      startEmulator({ workDirectory: directory(), accountConcurrency });
    const both: readonly Emulator[] = await Promise.all([start(7), start(8)]);
    const limits = await Promise.all(
      both.map(async (emulator) => {
        const clients = clientsOf(emulator);
        const { AccountLimit } = await clients.lambda.send(new GetAccountSettingsCommand({}));
        clients.destroy();
        return AccountLimit?.ConcurrentExecutions;
      }),
    );
    assert.deepEqual(limits, [7, 8]);
    await Promise.all(both.map(({ stop }) => stop()));
    for (const { endpoint } of both) assert.equal(await isUp(endpoint), false);
  });

  it('ends with the process that started it, however that ends', async () => {
    const script = `
      import { startEmulator } from ${JSON.stringify(join(import.meta.dirname, 'emulator.ts'))};
      const { endpoint } = await startEmulator({ workDirectory: ${JSON.stringify(directory())} });
      process.stdout.write(endpoint);
      setInterval(() => {}, 1_000);`;
    const args = ['--conditions=sluice-source', '--input-type=module', '--eval', script];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    assert.ok(child.stdout !== null);
    const [printed] = await once(child.stdout, 'data');
    const endpoint = String(printed);
    assert.equal(await isUp(endpoint), true);
    child.kill('SIGKILL');
    await waitUntil('the emulator has ended', PATIENCE_MS, isDown(endpoint));
  });

  it('refuses a port that is taken', async () => {
    const first = await startEmulator({ workDirectory: directory() });
    const port = Number(new URL(first.endpoint).port);
    await assert.rejects(
      startEmulator({ workDirectory: directory(), port }),
      /the port is not free: .*EADDRINUSE/,
    );
    await first.stop();
  });
});
