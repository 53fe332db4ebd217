import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HandOverVote } from './hand-over-vote.ts';

describe('HandOverVote', () => {
  it('lets slots leave when all may behind the same checkpoint', () => {
    const vote = new HandOverVote([0, 1, 2]);
    assert.deepEqual(vote.mayLeave(0, 7), { type: 'open' });
    assert.deepEqual(vote.mayLeave(2, 7), { type: 'open' });
    const outcome = vote.mayLeave(1, 7);
    assert.deepEqual(outcome, { type: 'leave', checkpointId: 7, slots: [0, 1, 2] });
  });

  it('waits while slots stand behind different checkpoints', () => {
    const vote = new HandOverVote([0, 1]);
    vote.mayLeave(0, 7);
    assert.deepEqual(vote.mayLeave(1, 8), { type: 'open' });
    assert.deepEqual(vote.mayLeave(0, 8), { type: 'leave', checkpointId: 8, slots: [0, 1] });
  });

  it('makes all go on when one cannot leave, also those that ask later', () => {
    const vote = new HandOverVote([0, 1, 2]);
    vote.mayLeave(0, 7);
    assert.deepEqual(vote.goesOn(7), { type: 'go-on', checkpointId: 7, slots: [0] });
    assert.deepEqual(vote.mayLeave(1, 7), { type: 'go-on', checkpointId: 7, slots: [1] });
    vote.mayLeave(0, 8);
    vote.mayLeave(1, 8);
    assert.deepEqual(vote.mayLeave(2, 8), { type: 'leave', checkpointId: 8, slots: [0, 1, 2] });
  });

  it('counts no more on a slot that was released', () => {
    const vote = new HandOverVote([0, 1]);
    vote.mayLeave(0, 7);
    assert.deepEqual(vote.released(1), { type: 'leave', checkpointId: 7, slots: [0] });
  });

  it('has nobody left to leave when all were released', () => {
    const vote = new HandOverVote([0]);
    assert.deepEqual(vote.released(0), { type: 'open' });
    assert.deepEqual(vote.mayLeave(0, 7), { type: 'open' });
  });
});
