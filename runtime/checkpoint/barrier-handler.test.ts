import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckpointBarrier } from '../protocol/index.ts';
import {
  type BarrierCommand,
  type BarrierEvent,
  blockedChannels,
  decideBarrier,
  initialBarrierState,
} from './barrier-handler.ts';

type Overrides = Partial<CheckpointBarrier>;

const ALIGNED: Overrides = {};
const AT_LEAST_ONCE: Overrides = { mode: 'AT_LEAST_ONCE' };
const UNALIGNED: Overrides = { unalignedAfterMs: 0 };
const TIMEOUT: Overrides = { unalignedAfterMs: 100 };

/** A subtask whose decisions are written down as `trigger 1`, `subsumed 2`, … */
function subtask(channelCount: number, kind: Overrides = ALIGNED, calls: readonly number[] = []) {
  let state = initialBarrierState(channelCount, calls);
  let nowMs = 0;
  const log: string[] = [];
  const commands: BarrierCommand[] = [];
  const take = (event: BarrierEvent): void => {
    const decision = decideBarrier(state, event);
    state = decision.state;
    commands.push(...decision.commands);
    for (const command of decision.commands) {
      const text = textOf(command);
      if (text !== undefined) log.push(text);
    }
  };
  const barrierOf = (checkpointId: number): CheckpointBarrier => ({
    checkpointId,
    triggeredAtEpochMs: 0,
    type: 'CHECKPOINT',
    full: false,
    mode: 'EXACTLY_ONCE',
    unalignedAfterMs: -1,
    directory: 'd',
    ...kind,
  });
  return {
    log,
    commands,
    blocked: () => blockedChannels(state),
    barrier: (checkpointId: number, channel: number) =>
      take({ type: 'barrier', channel, barrier: barrierOf(checkpointId), nowMs }),
    announced: (checkpointId: number) =>
      take({ type: 'announced', barrier: barrierOf(checkpointId), nowMs }),
    endOfPartition: (channel: number) => take({ type: 'end-of-partition', channel, nowMs }),
    aborted: (checkpointId: number) => take({ type: 'aborted', checkpointId }),
    alignFrom: (checkpointId: number) => take({ type: 'align-from', checkpointId }),
    clock: (to: number) => {
      nowMs = to;
      take({ type: 'time', nowMs });
    },
  };
}

function textOf(command: BarrierCommand): string | undefined {
  switch (command.type) {
    case 'trigger': {
      const { barrier, unaligned, overtaken } = command;
      return `trigger ${barrier.checkpointId}${unaligned ? ` overtaking ${overtaken}` : ''}`;
    }
    case 'subsumed':
      return `subsumed ${command.checkpointId} by ${command.byCheckpointId}`;
    case 'channel-recorded':
      return `end of ${command.channel} for ${command.checkpointId}`;
    case 'recorded':
      return `recorded ${command.checkpointId}`;
    case 'alarm':
      return `alarm ${command.atMs}`;
    default:
      return undefined;
  }
}

describe('aligned barriers', () => {
  it('hold a channel until all have delivered, then trigger and let all go', () => {
    const s = subtask(3);
    s.barrier(1, 1);
    assert.deepEqual(s.blocked(), [1]);
    s.barrier(1, 2);
    assert.deepEqual(s.blocked(), [1, 2]);
    assert.deepEqual(s.log, []);
    s.barrier(1, 0);
    assert.deepEqual(s.blocked(), []);
    assert.deepEqual(s.log, ['trigger 1']);
  });

  it('never hold the only channel', () => {
    const s = subtask(1);
    s.barrier(1, 0);
    s.barrier(2, 0);
    assert.deepEqual(s.log, ['trigger 1', 'trigger 2']);
    assert.equal(
      s.commands.some(({ type }) => type === 'block'),
      false,
    );
  });

  it('block and unblock by commands what is blocked', () => {
    const s = subtask(2);
    s.barrier(1, 0);
    assert.deepEqual(s.commands, [{ type: 'block', channel: 0 }]);
    s.barrier(1, 1);
    assert.deepEqual(s.commands[1], { type: 'unblock', channel: 0 });
    assert.equal(s.commands.length, 3);
  });

  it('give up a checkpoint when a later barrier jumps over it (fact 59)', () => {
    const s = subtask(3);
    s.barrier(2, 1);
    s.barrier(2, 0);
    assert.deepEqual(s.blocked(), [0, 1]);
    s.barrier(3, 2);
    assert.deepEqual(s.log, ['subsumed 2 by 3']);
    assert.deepEqual(s.blocked(), [2]);
    s.barrier(3, 0);
    assert.deepEqual(s.blocked(), [0, 2]);
    s.barrier(4, 1);
    assert.deepEqual(s.log, ['subsumed 2 by 3', 'subsumed 3 by 4']);
    assert.deepEqual(s.blocked(), [1]);
    s.endOfPartition(0);
    assert.deepEqual(s.blocked(), [1]);
    s.barrier(4, 2);
    assert.equal(s.log.at(-1), 'trigger 4');
    assert.deepEqual(s.blocked(), []);
  });

  it('ignore a late barrier of an aborted checkpoint and keep its channel open (fact 61)', () => {
    const s = subtask(3);
    s.barrier(1, 1);
    s.aborted(1);
    assert.deepEqual(s.blocked(), []);
    s.barrier(2, 1);
    s.barrier(1, 2);
    assert.deepEqual(s.blocked(), [1]);
    s.barrier(2, 0);
    s.barrier(2, 2);
    assert.deepEqual(s.log, ['trigger 2']);
  });

  it('ignore the late barrier of a subsumed checkpoint and its abortion (fact 61)', () => {
    const s = subtask(3);
    s.barrier(3, 0);
    s.barrier(5, 1);
    s.aborted(3);
    s.barrier(3, 2);
    assert.deepEqual(s.blocked(), [1]);
    s.barrier(5, 0);
    s.barrier(5, 2);
    assert.deepEqual(s.log, ['subsumed 3 by 5', 'trigger 5']);
  });

  it('ignore barriers of a checkpoint that was triggered or aborted before it started', () => {
    const s = subtask(2);
    s.barrier(1, 0);
    s.barrier(1, 1);
    s.barrier(1, 0);
    s.aborted(2);
    s.barrier(2, 0);
    s.barrier(2, 1);
    s.announced(2);
    assert.deepEqual(s.blocked(), []);
    assert.deepEqual(s.log, ['trigger 1']);
  });

  it('start no checkpoint that a channel has gone past, aborted or not', () => {
    const s = subtask(2, UNALIGNED);
    s.aborted(5);
    s.barrier(5, 1);
    s.barrier(3, 0);
    s.announced(4);
    assert.deepEqual(s.log, []);
    s.barrier(6, 0);
    assert.deepEqual(s.log, ['trigger 6 overtaking 1']);
  });

  it('give up what an aborted one has jumped over', () => {
    const s = subtask(2);
    s.aborted(2);
    s.barrier(1, 0);
    s.barrier(2, 1);
    assert.deepEqual(s.log, ['subsumed 1 by 2']);
    assert.deepEqual(s.blocked(), []);
  });

  it('abort one checkpoint without touching the one being aligned', () => {
    const s = subtask(2);
    s.barrier(3, 0);
    s.aborted(2);
    s.aborted(4);
    assert.deepEqual(s.blocked(), [0]);
    s.barrier(3, 1);
    s.barrier(4, 0);
    s.barrier(4, 1);
    s.barrier(5, 0);
    s.barrier(5, 1);
    assert.deepEqual(s.log, ['trigger 3', 'trigger 5']);
  });

  it('count an ended channel as one that delivered every barrier', () => {
    const s = subtask(2);
    s.barrier(1, 0);
    s.endOfPartition(1);
    s.endOfPartition(1);
    s.barrier(2, 0);
    assert.deepEqual(s.log, ['trigger 1', 'trigger 2']);
    assert.deepEqual(s.blocked(), []);
  });

  it('say how long they took, from the first barrier to the last', () => {
    const s = subtask(2);
    s.announced(1);
    s.clock(10);
    s.barrier(1, 0);
    s.clock(35);
    s.barrier(1, 1);
    const trigger = s.commands.find((command) => command.type === 'trigger');
    assert.deepEqual(
      { ...trigger, barrier: undefined },
      {
        type: 'trigger',
        barrier: undefined,
        seenAtMs: 0,
        firstBarrierAtMs: 10,
        alignmentMs: 25,
        unaligned: false,
        overtaken: [],
      },
    );
  });
});

describe('announced checkpoints', () => {
  it('trigger at once without channels and when all channels have ended', () => {
    const source = subtask(0);
    source.announced(1);
    source.announced(1);
    source.announced(2);
    assert.deepEqual(source.log, ['trigger 1', 'trigger 2']);
    const ended = subtask(2);
    ended.endOfPartition(0);
    ended.endOfPartition(1);
    ended.announced(4);
    assert.deepEqual(ended.log, ['trigger 4']);
  });

  it('trigger when the last channel ends before any barrier came, oldest first', () => {
    const s = subtask(2);
    s.announced(1);
    s.announced(2);
    s.endOfPartition(0);
    assert.deepEqual(s.log, []);
    s.endOfPartition(1);
    assert.deepEqual(s.log, ['trigger 1', 'trigger 2']);
  });

  it('leave the checkpoint being aligned alone', () => {
    const s = subtask(2);
    s.announced(1);
    s.barrier(1, 0);
    s.announced(2);
    s.barrier(1, 1);
    s.barrier(2, 1);
    s.barrier(2, 0);
    assert.deepEqual(s.log, ['trigger 1', 'trigger 2']);
  });

  it('are given up when a later barrier shows that the sender skipped them', () => {
    const s = subtask(2);
    s.announced(1);
    s.barrier(2, 0);
    assert.deepEqual(s.log, ['subsumed 1 by 2']);
  });
});

describe('at-least-once barriers', () => {
  it('never hold a channel and trigger when all have delivered', () => {
    const s = subtask(3, AT_LEAST_ONCE);
    for (const channel of [0, 1, 2]) s.barrier(1, channel);
    s.barrier(2, 0);
    s.barrier(2, 1);
    assert.deepEqual(s.blocked(), []);
    s.barrier(2, 2);
    assert.deepEqual(s.log, ['trigger 1', 'trigger 2']);
  });

  it('may skip ids', () => {
    const s = subtask(2, AT_LEAST_ONCE);
    for (const id of [1, 2, 4]) for (const channel of [1, 0]) s.barrier(id, channel);
    assert.deepEqual(s.log, ['trigger 1', 'trigger 2', 'trigger 4']);
  });

  it('leave out aborted ids on a single channel: 1 2 C4 5 C6', () => {
    const s = subtask(1, AT_LEAST_ONCE);
    s.barrier(1, 0);
    s.barrier(2, 0);
    s.aborted(4);
    s.barrier(5, 0);
    s.aborted(6);
    s.barrier(6, 0);
    s.barrier(4, 0);
    assert.deepEqual(s.log, ['trigger 1', 'trigger 2', 'trigger 5']);
  });

  it('track several at a time; the newest that an end completes counts (fact 69)', () => {
    const s = subtask(3, AT_LEAST_ONCE);
    for (const [id, channel] of [
      [1, 0],
      [2, 0],
      [2, 1],
      [3, 0],
      [4, 0],
      [4, 1],
      [5, 1],
    ] as const) {
      s.barrier(id, channel);
    }
    s.endOfPartition(2);
    assert.deepEqual(s.log, ['subsumed 1 by 4', 'subsumed 2 by 4', 'subsumed 3 by 4', 'trigger 4']);
    s.barrier(5, 0);
    assert.equal(s.log.at(-1), 'trigger 5');
  });

  it('do not turn unaligned', () => {
    const s = subtask(2, { ...AT_LEAST_ONCE, unalignedAfterMs: 0 });
    s.barrier(1, 0);
    s.clock(1000);
    assert.deepEqual(s.log, []);
  });
});

describe('unaligned barriers', () => {
  it('start the checkpoint with the first and record the other channels (fact 63)', () => {
    const s = subtask(3, UNALIGNED);
    s.barrier(1, 1);
    assert.deepEqual(s.log, ['trigger 1 overtaking 0,2']);
    s.barrier(1, 2);
    assert.deepEqual(s.log.slice(1), ['end of 2 for 1']);
    assert.deepEqual(s.blocked(), []);
    s.barrier(1, 0);
    assert.deepEqual(s.log.slice(2), ['end of 0 for 1', 'recorded 1']);
    s.barrier(1, 0);
    assert.equal(s.log.length, 4);
  });

  it('start with the announcement', () => {
    const s = subtask(2, UNALIGNED);
    s.announced(1);
    assert.deepEqual(s.log, ['trigger 1 overtaking 0,1']);
    s.barrier(1, 1);
    s.endOfPartition(0);
    assert.deepEqual(s.log.slice(1), ['end of 1 for 1', 'end of 0 for 1', 'recorded 1']);
  });

  it('never start a checkpoint that was aborted before; others go on (fact 65)', () => {
    const s = subtask(2, UNALIGNED);
    s.barrier(1, 0);
    s.aborted(2);
    s.aborted(3);
    s.barrier(1, 1);
    s.barrier(2, 0);
    s.barrier(3, 0);
    assert.deepEqual(s.log, ['trigger 1 overtaking 1', 'end of 1 for 1', 'recorded 1']);
  });

  it('stop recording when aborted or jumped over', () => {
    const s = subtask(2, UNALIGNED);
    s.barrier(1, 0);
    s.aborted(1);
    s.barrier(1, 1);
    s.barrier(2, 1);
    s.barrier(3, 1);
    assert.deepEqual(s.log, [
      'trigger 1 overtaking 1',
      'trigger 2 overtaking 0',
      'subsumed 2 by 3',
      'trigger 3 overtaking 0',
    ]);
  });

  it('align calls before they overtake anything', () => {
    const s = subtask(3, UNALIGNED, [2]);
    s.announced(1);
    s.barrier(1, 0);
    assert.deepEqual(s.log, []);
    assert.deepEqual(s.blocked(), [0]);
    s.barrier(1, 2);
    assert.deepEqual(s.log, ['trigger 1 overtaking 1']);
    assert.deepEqual(s.blocked(), []);
  });
});

describe('aligned barriers with a timeout', () => {
  it('overtake once it has passed since the first barrier (fact 67)', () => {
    const s = subtask(2, TIMEOUT);
    s.barrier(1, 0);
    assert.deepEqual(s.log, ['alarm 100']);
    s.clock(99);
    assert.deepEqual(s.blocked(), [0]);
    s.clock(101);
    assert.deepEqual(s.log, ['alarm 100', 'trigger 1 overtaking 1']);
    assert.deepEqual(s.blocked(), []);
    s.clock(102);
    s.barrier(1, 1);
    assert.deepEqual(s.log.slice(2), ['end of 1 for 1', 'recorded 1']);
    const recorded = s.commands.find(({ type }) => type === 'recorded');
    assert.deepEqual(recorded, { type: 'recorded', checkpointId: 1, alignmentMs: 102 });
  });

  it('count from the announcement', () => {
    const s = subtask(1, TIMEOUT);
    s.announced(1);
    s.clock(100);
    assert.deepEqual(s.log, ['alarm 100', 'trigger 1 overtaking 0']);
  });

  it('stay aligned when the barriers are in time', () => {
    const s = subtask(2, TIMEOUT);
    s.barrier(1, 0);
    s.clock(50);
    s.barrier(1, 1);
    s.clock(200);
    assert.deepEqual(s.log, ['alarm 100', 'trigger 1']);
  });

  it('overtake at the first barrier that is late already', () => {
    const s = subtask(3, TIMEOUT, [0]);
    s.announced(1);
    s.clock(150);
    assert.deepEqual(s.log, ['alarm 100']);
    s.barrier(1, 0);
    assert.deepEqual(s.log, ['alarm 100', 'trigger 1 overtaking 1,2']);
  });
});

describe('barriers of a subtask that is handed over', () => {
  it('are aligned from that checkpoint on, also at least once', () => {
    const s = subtask(2, AT_LEAST_ONCE);
    s.alignFrom(2);
    s.barrier(1, 0);
    assert.deepEqual(s.blocked(), []);
    s.barrier(1, 1);
    s.barrier(2, 0);
    assert.deepEqual(s.blocked(), [0]);
    s.barrier(2, 1);
    assert.deepEqual(s.blocked(), []);
    s.barrier(3, 0);
    s.barrier(4, 1);
    assert.deepEqual(s.blocked(), [1]);
    assert.deepEqual(s.log, ['trigger 1', 'trigger 2', 'subsumed 3 by 4']);
  });

  it('are, for its successor, those behind the checkpoint, of channels that go on', () => {
    const state = initialBarrierState(3, [], { checkpointId: 4, endedChannels: [1] });
    const barrier = (checkpointId: number, channel: number): BarrierEvent => ({
      ...{ type: 'barrier', channel, nowMs: 0 },
      barrier: {
        ...{ checkpointId, triggeredAtEpochMs: 0, type: 'CHECKPOINT', full: false },
        ...{ mode: 'EXACTLY_ONCE', unalignedAfterMs: -1, directory: 'd' },
      },
    });
    const old = decideBarrier(decideBarrier(state, barrier(4, 0)).state, barrier(3, 2)).state;
    assert.deepEqual(blockedChannels(old), []);
    const one = decideBarrier(old, barrier(5, 0)).state;
    assert.deepEqual(blockedChannels(one), [0]);
    const both = decideBarrier(one, barrier(5, 2));
    assert.equal(both.commands.filter(({ type }) => type === 'trigger').length, 1);
  });
});
