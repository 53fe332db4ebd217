/** Goal: TaskManagers are what their processes tell. Method: told by hand. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { SlotReport } from '../../protocol/index.ts';
import { LocalTaskManagers } from './local-task-managers.ts';
import { ProcessLogs } from './process-logs.ts';
import type { ProcessObservation } from './process-slot-launcher.ts';

const JOB = 'a'.repeat(32);
const settings = { isEnabled: true, maxDurationS: 10, historyCount: 2 };

describe('LocalTaskManagers', () => {
  let root = '';
  let written: string[];
  let taskManagers: LocalTaskManagers;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sluice-tm-'));
    written = [];
    let ids = 0;
    taskManagers = new LocalTaskManagers({
      logs: new ProcessLogs(root),
      clock: { nowEpochMs: () => 1000, monotonicMs: () => 0 },
      profiling: settings,
      newId: () => String(ids++).padStart(6, '0'),
      onOutput: (stream, bytes) => written.push(`${stream}: ${Buffer.from(bytes)}`),
    });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function started(pid: number): ProcessObservation {
    const inspect = () => Promise.reject(new Error('nobody asks'));
    return taskManagers.ofJob(JOB).started({ pid, inspect });
  }

  function logOf(id: string, name: string): string {
    const content = taskManagers.find(id)?.log.read(name)?.content ?? '';
    return Buffer.from(content).toString();
  }

  it('have ids of their own, slots of their jobs, and places that vertices show', () => {
    const process = started(7);
    assert.deepEqual(
      taskManagers.all.map(({ view }) => [view.slotCount, view.heartbeatAtEpochMs]),
      [[0, undefined]],
    );
    process.launched([0, 1], 0);
    process.reported(1, { type: 'released' });
    const [view] = taskManagers.all.map((one) => one.view);
    assert.deepEqual(
      [view?.taskManagerId, view?.endpoint, view?.slotCount, view?.jobIdsOfSlots],
      ['localhost-7-000000', 'localhost:7', 2, [JOB]],
    );
    assert.equal(taskManagers.of(JOB, 1)?.place.taskManagerId, 'localhost-7-000000');
    assert.equal(taskManagers.of(JOB, 2), undefined);
  });

  it('log what their own slots say, and nothing of the others', () => {
    const [one, two] = [started(7), started(7)];
    const log: SlotReport = { type: 'log', level: 'warn', message: 'careful', fields: { n: 1 } };
    one.reported(0, log);
    one.reported(0, { type: 'print', id: 1, text: '1> a' });
    one.wrote('stderr', Buffer.from('from user code\n'));
    two.reported(0, { type: 'print', id: 1, text: 'b\n' });
    assert.match(logOf('localhost-7-000000', 'taskmanager.log'), / WARN {2}slot-0 careful n=1\n/);
    assert.equal(logOf('localhost-7-000000', 'taskmanager.out'), '1> a\nfrom user code\n');
    assert.doesNotMatch(logOf('localhost-7-000001', 'taskmanager.log'), /careful/);
    assert.equal(logOf('localhost-7-000001', 'taskmanager.out'), 'b\n');
    assert.deepEqual(written, ['stderr: from user code\n']);
  });

  it('cannot forge a line of the log by a line break', () => {
    const message = 'a\n2026-01-01 00:00:00.000 ERROR b';
    started(7).reported(0, { type: 'log', level: 'info', message, fields: {} });
    assert.doesNotMatch(logOf('localhost-7-000000', 'taskmanager.log'), /^2026/m);
  });

  it('are listed until they are gone; their logs stay', () => {
    const process = started(7);
    process.launched([0], 0);
    process.gone('signal=SIGKILL');
    process.wrote('stdout', Buffer.from('last words\n'));
    process.closed();
    assert.deepEqual(taskManagers.all, []);
    assert.equal(taskManagers.find('localhost-7-000000')?.isGone, true);
    assert.match(logOf('localhost-7-000000', 'taskmanager.log'), /ended signal=SIGKILL/);
    assert.match(logOf('localhost-7-000000', 'taskmanager.out'), /last words/);
    // Where it ran last.
    assert.equal(taskManagers.of(JOB, 0)?.id, 'localhost-7-000000');
  });
});
