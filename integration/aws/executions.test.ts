import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { countTransitions } from './executions.ts';

describe('countTransitions', () => {
  it('counts states that are entered, and tries after the first', () => {
    const types = [
      ...['ExecutionStarted', 'TaskStateEntered', 'TaskScheduled', 'TaskFailed', 'TaskScheduled'],
      ...['TaskSucceeded', 'TaskStateExited', 'PassStateEntered', 'PassStateExited'],
      ...['ChoiceStateEntered', 'ChoiceStateExited', 'ExecutionSucceeded'],
    ] as const;
    const history = types.map((type, id) => ({
      id,
      type,
      timestamp: new Date(0),
    })) as HistoryEvent[];
    assert.equal(countTransitions(history), 4);
  });
});
