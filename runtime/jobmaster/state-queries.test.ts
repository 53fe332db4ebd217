import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError, StreamError } from '../core/index.ts';
import type { ExecutionGraph } from '../graph/index.ts';
import type { SlotCommand } from '../protocol/index.ts';
import { DeployedRegions } from './deployed-regions.ts';
import type { JobState, RegionPhase } from './job-state.ts';
import { ManualTime } from './manual-time.conformance.ts';
import { StateQueries } from './state-queries.ts';

type Query = Extract<SlotCommand, { readonly type: 'query-state' }>;

const SUBTASKS = [0, 1].map((subtaskIndex) => ({
  ...{ subtaskIndex, slotIndex: subtaskIndex },
  keyGroups: { start: subtaskIndex * 64, end: subtaskIndex * 64 + 63 },
}));
/** One keyed vertex at parallelism 2. */
const GRAPH = {
  jobGraph: {
    vertices: [
      {
        ...{
          id: 'v',
          name: 'Sum',
          parallelism: 2,
          maxParallelism: 128,
          slotSharingGroup: 'default',
        },
        operators: [{ nodeId: 1, operatorId: 'op', uid: 'sum', name: 'Sum', operator: 'Sum' }],
      },
    ],
    edges: [],
  },
  vertices: [{ vertexId: 'v', subtasks: SUBTASKS }],
} as unknown as ExecutionGraph;

class World {
  readonly sent: (readonly [slotIndex: number, command: Query])[] = [];
  readonly timers = new ManualTime();
  phase: RegionPhase = 'RUNNING';
  status: JobState['status'] = 'RUNNING';
  readonly queries: StateQueries;

  constructor() {
    const regions = new DeployedRegions();
    regions.send = (slotIndex, command) => {
      if (command.type === 'query-state') this.sent.push([slotIndex, command]);
    };
    this.queries = new StateQueries({
      ...{ timers: this.timers, regions, graph: () => GRAPH },
      state: () => this.#state(),
    });
  }

  ask(key: string, uid = 'sum') {
    return this.queries.ask(uid, { name: 'total', key: { type: 'string', text: key } });
  }

  #state(): JobState {
    const slots = [0, 1].map((slotIndex) => ({ slotIndex, status: 'RUNNING' as const }));
    return {
      ...{ status: this.status, attempt: 0, isReplanning: false, restart: {} },
      regions: [{ phase: this.phase, attempt: 0, isDue: false, slots }],
    } as unknown as JobState;
  }
}

const value = { kind: 'value', value: 7 };

describe('StateQueries', () => {
  it('asks the slot of each key, and gives each who asks its own answer', async () => {
    const world = new World();
    const asked = Array.from({ length: 1000 }, (_, i) => world.ask(`k${i}`));
    assert.deepEqual(new Set(world.sent.map(([slotIndex]) => slotIndex)), new Set([0, 1]));
    for (const [slotIndex, command] of world.sent.toReversed()) {
      assert.deepEqual([command.operatorId, command.task.subtaskIndex], ['op', slotIndex]);
      const { queryId, query } = command;
      const answer = { kind: 'value', value: query.key.text };
      const type = 'state-answer';
      world.queries.answered({
        ...{ type, queryId },
        answer: { type: 'value', value: answer, asOfEpochMs: 5 },
      });
    }
    const answers = await Promise.all(asked);
    assert.deepEqual(
      answers.map((answer) => answer?.value.value),
      Array.from({ length: 1000 }, (_, i) => `k${i}`),
    );
    assert.deepEqual(world.timers.pending, 0);
  });

  it('does not wait for a slot that does not run, goes, or takes too long', async () => {
    const world = new World();
    world.phase = 'DEPLOYING';
    assert.equal(await world.ask('a'), undefined);
    world.phase = 'RUNNING';
    world.status = 'RESTARTING';
    assert.equal(await world.ask('a'), undefined);
    assert.equal(world.sent.length, 0);
    world.status = 'RUNNING';
    const gone = world.ask('a');
    world.queries.gone(world.sent[0]?.[0] ?? -1);
    assert.equal(await gone, undefined);
    const slow = world.ask('a');
    await world.timers.advance(5_000);
    assert.equal(await slow, undefined);
    const unknown = world.ask('a');
    const queryId = world.sent.at(-1)?.[1].queryId ?? -1;
    world.queries.answered({ type: 'state-answer', queryId, answer: { type: 'unknown' } });
    assert.equal(await unknown, undefined);
    // Late, and of nobody.
    const answer = { type: 'value', value, asOfEpochMs: 5 } as const;
    world.queries.answered({ type: 'state-answer', queryId, answer });
  });

  it('fails as the slot says, and for an operator that is not there', async () => {
    const world = new World();
    const asked = world.ask('a');
    const error = new StreamError({ kind: 'invalid', code: 'STATE_NOT_FOUND', message: 'no' });
    const queryId = world.sent[0]?.[1].queryId ?? -1;
    const answer = { type: 'refused', error: error.toJSON() } as const;
    world.queries.answered({ type: 'state-answer', queryId, answer });
    await assert.rejects(asked, (thrown) => isStreamError(thrown) && thrown.code === error.code);
    await assert.rejects(world.ask('a', 'smu'), { code: 'OPERATOR_NOT_FOUND' });
  });
});
