import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ShownPage, showPage } from '../../browser.fixture.ts';
import { type CheckpointJson, ConsoleContext, type JobJson } from '../../data/index.ts';
import { CHECKPOINTS_TAB } from './checkpoints-tab.tsx';

const JOB_ID = 'a'.repeat(32);
const VERTEX_ID = 'b'.repeat(32);
const ROOT = `/jobs/${JOB_ID}/checkpoints`;
const JOB = { jid: JOB_ID, vertices: [{ id: VERTEX_ID, name: 'Count' }] } as unknown as JobJson;
const AT = Date.UTC(2026, 0, 2, 3, 4, 5);

const task = {
  ...{ latest_ack_timestamp: AT, end_to_end_duration: 40, state_size: 2000 },
  ...{ checkpointed_size: 1000, num_subtasks: 2, num_acknowledged_subtasks: 1 },
};

function checkpoint(id: number, changed: Partial<CheckpointJson> = {}): CheckpointJson {
  return {
    ...{ id, status: 'COMPLETED', is_savepoint: false, trigger_timestamp: AT + id * 1000 },
    ...{ end_to_end_duration: 1500, state_size: 2_000_000, checkpointed_size: 1_000_000 },
    ...{ processed_data: 0, persisted_data: 5000, checkpoint_type: 'SYNC_SAVEPOINT' },
    ...{ num_subtasks: 2, num_acknowledged_subtasks: 2, tasks: { [VERTEX_ID]: task } },
    ...changed,
  };
}

const failed = checkpoint(3, { status: 'FAILED', failure_message: 'the store is full' });
const ANSWERS = {
  [ROOT]: {
    counts: { restored: 0, total: 3, in_progress: 0, completed: 2, failed: 1 },
    latest: { completed: checkpoint(2), savepoint: null, failed },
    history: [failed, checkpoint(2), checkpoint(1)],
  },
  [`${ROOT}/config`]: {
    ...{ mode: 'exactly_once', interval: 10_000, timeout: 600_000, min_pause: 0 },
    ...{ max_concurrent: 1, tolerable_failed_checkpoints: 0, unaligned_checkpoints: false },
    externalization: { enabled: true, delete_on_cancellation: false },
    ...{ aligned_checkpoint_timeout: 0, checkpoints_after_tasks_finish: true },
  },
  [`${ROOT}/details/2`]: checkpoint(2),
  [`${ROOT}/details/2/subtasks/${VERTEX_ID}`]: {
    ...task,
    subtasks: [
      {
        ...{ index: 0, status: 'completed', ack_timestamp: AT, end_to_end_duration: 40 },
        ...{ state_size: 1, checkpointed_size: 1, start_delay: 7, unaligned_checkpoint: true },
        checkpoint: { sync: 2, async: 30 },
        alignment: { processed: 0, persisted: 0, duration: 123 },
      },
      { index: 1, status: 'pending_or_failed' },
    ],
  },
};

let page: ShownPage | undefined;
afterEach(() => page?.close());

async function shown(rest: string): Promise<ShownPage> {
  const { Component } = CHECKPOINTS_TAB;
  page = await showPage(ANSWERS, (services) => (
    <ConsoleContext.Provider value={services}>
      <Component job={JOB} rest={rest} />
    </ConsoleContext.Provider>
  ));
  return page;
}

describe('the checkpoints of a job', () => {
  it('are counted, charted, listed, and the last failure is said', async () => {
    const { text, root } = await shown('');
    assert.match(text(), /Completed2In progress0Failed1/);
    assert.match(text(), /Checkpoint 3 failed: the store is full/);
    assert.equal(root.querySelectorAll('.time-chart').length, 3);
    assert.match(text(), /Duration, end to endDuration 1\.5 s/);
    assert.match(text(), /Sync savepoint/);
    assert.equal(root.querySelectorAll('tbody tr').length, 3);
  });

  it('have their settings in words', async () => {
    const { text } = await shown('');
    assert.match(text(), /Interval10\.0 sModeexactly onceTimeout10 m 00 s/);
    assert.match(text(), /When the job is canceledthe newest is kept/);
  });

  it('are shown by vertex and by subtask', async () => {
    const { text, root } = await shown(`2/${VERTEX_ID}`);
    assert.match(text(), /Checkpoint 2/);
    assert.equal(
      root.querySelector('th a')?.getAttribute('href'),
      `#/jobs/${JOB_ID}/checkpoints/2/${VERTEX_ID}`,
    );
    assert.match(text(), /Count, subtask by subtask/);
    assert.match(text(), /7 ms123 ms2 ms30 ms1 B0 Bovertook records/);
    assert.match(text(), /2not yet/);
  });
});
