/** Goal: a process that dies costs its slots, once. Method: a TaskManager that does as told. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { RegionLaunch, SlotHandle } from '../../jobmaster/index.ts';
import { type ProcessObservation, ProcessSlotLauncher } from './process-slot-launcher.ts';
import { SystemTimers } from './system-world.ts';

/** `start`: says which attempt it is; `cancel`: releases; `drain`: dies; terminates on demand. */
const TASK_MANAGER = `
process.on('disconnect', () => process.exit());
process.on('message', (m) => {
  const tell = (more) => process.send({ launchId: m.launchId, slotIndex: m.slotIndex, ...more });
  if (m.type === 'ping') process.send({ type: 'pong' });
  if (m.type === 'terminate') tell({ type: 'ended' });
  if (m.type !== 'command') return;
  if (m.command.type === 'start') {
    tell({ type: 'report', report: { type: 'print', id: 1, text: String(process.pid) } });
    tell({ type: 'report', report: { type: 'running' } });
  }
  if (m.command.type === 'cancel') tell({ type: 'report', report: { type: 'released' } });
  if (m.command.type === 'drain') process.abort();
});
`;

const ignore = (): void => {};
const unobserved: ProcessObservation = {
  place: { taskManagerId: 'localhost:1-a', endpoint: 'localhost:1' },
  ...{ launched: ignore, reported: ignore, ended: ignore, heartbeat: ignore },
  ...{ wrote: ignore, gone: ignore, closed: ignore },
};

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('ProcessSlotLauncher', () => {
  let directory = '';
  let launcher: ProcessSlotLauncher;
  let events: string[];
  let ask: () => Promise<unknown>;
  const onEvent: (() => void)[] = [];

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-launcher-'));
    writeFileSync(join(directory, 'task-manager.mjs'), TASK_MANAGER);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));
  beforeEach(() => {
    events = [];
    launcher = new ProcessSlotLauncher({
      taskManagerUrl: pathToFileURL(join(directory, 'task-manager.mjs')),
      slotWorkerUrl: pathToFileURL(join(directory, 'slot-worker.mjs')),
      observer: {
        started: ({ inspect }) => {
          ask = () => inspect({ type: 'statistics' });
          return unobserved;
        },
      },
      heartbeats: { intervalMs: 100, timeoutMs: 3000 },
      timers: new SystemTimers(),
      job: {
        jobId: '',
        bundlePath: '',
        args: [],
        configuration: {},
        checkpointing: true,
        metricsIntervalMs: 500,
      },
    });
  });
  afterEach(() => launcher.close());

  function note(event: string): void {
    events.push(event);
    for (const resolve of onEvent.splice(0)) resolve();
  }

  async function until(count: number): Promise<void> {
    while (events.length < count) await new Promise<void>((resolve) => onEvent.push(resolve));
  }

  function launch(...slotIndexes: number[]): readonly SlotHandle[] {
    const slots = slotIndexes.map((slotIndex) => ({
      slotIndex,
      restore: [],
      events: {
        onReport: (report: { type: string }) => note(`${slotIndex} ${report.type}`),
        onLost: (error: Error & { code?: string }) => note(`${slotIndex} lost ${error.code}`),
      },
    }));
    // The TaskManager of this test looks at no graph.
    const region = { executionGraph: {}, overrides: {}, attempt: 1, slots };
    return launcher.launch(region as unknown as RegionLaunch);
  }

  it('passes commands and reports on, in their order', async () => {
    const [first, second] = launch(0, 1);
    first?.send({ type: 'start' });
    second?.send({ type: 'start' });
    first?.send({ type: 'cancel' });
    await until(5);
    assert.deepEqual(events, ['0 print', '0 running', '1 print', '1 running', '0 released']);
  });

  it('tells slots that were not released that their process is gone', async () => {
    const [first, second] = launch(0, 1);
    const pid = launcher.pid;
    first?.send({ type: 'cancel' });
    await until(1);
    second?.send({ type: 'drain' });
    await until(2);
    assert.deepEqual(events, ['0 released', '1 lost TASK_MANAGER_LOST']);
    assert.ok(launcher.pid !== undefined && launcher.pid !== pid, 'I1');
    second?.send({ type: 'start' });
    await second?.terminate();
    const [third] = launch(1);
    third?.send({ type: 'start' });
    await until(4);
    assert.deepEqual(events.slice(2), ['1 print', '1 running']);
  });

  it('says nothing of a slot that is terminated', async () => {
    const [first, second] = launch(0, 1);
    await first?.terminate();
    second?.send({ type: 'drain' });
    await until(1);
    assert.deepEqual(events, ['1 lost TASK_MANAGER_LOST']);
  });

  it('kills a process that is frozen, tells its slots, and goes on with another', async () => {
    const [first] = launch(0);
    first?.send({ type: 'start' });
    await until(2);
    const pid = launcher.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    const asked = assert.rejects(ask(), { code: 'TASK_MANAGER_DOES_NOT_ANSWER' });
    await until(3);
    assert.deepEqual(events.slice(2), ['0 lost TASK_MANAGER_TIMED_OUT']);
    await asked;
    assert.notEqual(launcher.pid, pid);
    const [second] = launch(0);
    second?.send({ type: 'start' });
    await until(5);
    assert.deepEqual(events.slice(3), ['0 print', '0 running']);
    while (isThere(pid)) await new Promise((resolve) => setImmediate(resolve));
  });

  it('refuses what a process that is gone is asked', async () => {
    await launcher.close();
    launch(0);
    const asked = assert.rejects(ask(), { code: 'TASK_MANAGER_GONE' });
    await launcher.close();
    await asked;
    await assert.rejects(ask(), { code: 'TASK_MANAGER_GONE' });
  });

  it('ends its process, and says nothing of the slots', async () => {
    launch(0);
    await launcher.close();
    assert.equal(launcher.pid, undefined);
    assert.deepEqual(events, []);
  });

  it('tells slots whose process does not start', async () => {
    const missing = new ProcessSlotLauncher({
      taskManagerUrl: pathToFileURL(join(directory, 'missing.mjs')),
      slotWorkerUrl: pathToFileURL(join(directory, 'missing.mjs')),
      stdio: 'ignore',
      timers: new SystemTimers(),
      job: {
        ...{ jobId: '', bundlePath: '', args: [], configuration: {} },
        ...{ checkpointing: true, metricsIntervalMs: 500 },
      },
    });
    launcher = missing;
    launch(0);
    await until(1);
    assert.deepEqual(events, ['0 lost TASK_MANAGER_LOST']);
  });
});
