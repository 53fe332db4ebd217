import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamError } from './errors.ts';
import { failureTrace } from './failure-trace.ts';

function thrown(message: string, frames: readonly string[], cause?: unknown): Error {
  const error = new TypeError(message, cause === undefined ? {} : { cause });
  error.stack = [`TypeError: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n');
  return error;
}

function recorded(error: Error, stack?: string) {
  const failure = new StreamError({
    kind: 'user',
    code: 'USER_FUNCTION_FAILED',
    message: 'map function failed in operator "prices" (subtask 1/1): bad price',
    cause: error,
  });
  if (stack !== undefined) failure.stack = stack;
  return failure.toJSON();
}

const HEAD =
  'USER_FUNCTION_FAILED: map function failed in operator "prices" (subtask 1/1): bad price';

test('what user code threw is shown with its own frames, those of the engine are counted', () => {
  const error = thrown('bad price', [
    'toPrice (/jobs/prices.ts:9:11)',
    'map (/jobs/job.ts:4:73)',
    'MapOperator.processElement (file:///opt/sluice/dist/chunk-A.js:3477:24)',
    'SourcePoller.poll (file:///opt/sluice/dist/chunk-B.js:12:3)',
  ]);
  const stack = 'StreamError: x\n    at userFailure (file:///opt/sluice/dist/chunk-A.js:2773:12)';
  assert.equal(
    failureTrace(recorded(error, stack)),
    [
      HEAD,
      'Caused by: TypeError: bad price',
      '    at toPrice (/jobs/prices.ts:9:11)',
      '    at map (/jobs/job.ts:4:73)',
      '    ... 2 more',
    ].join('\n'),
  );
});

test('the engine is known by its sources, too', () => {
  const engine = 'ChainOutput.collect (file:///w/runtime/taskmanager/chain-output.ts:1:1)';
  const error = thrown('bad price', ['map (file:///w/examples/job.ts:4:73)', engine]);
  const stack = 'StreamError: x\n    at userFailure (file:///w/runtime/operators/user.ts:7:1)';
  assert.equal(
    failureTrace(recorded(error, stack)),
    [
      HEAD,
      'Caused by: TypeError: bad price',
      '    at map (file:///w/examples/job.ts:4:73)',
      '    ... 1 more',
    ].join('\n'),
  );
});

test('every cause in the chain is shown, also those of plain errors', () => {
  const root = thrown('not a number', ['parse (/jobs/parse.ts:2:9)']);
  const error = thrown('bad price', ['map (/jobs/job.ts:4:73)'], root);
  assert.equal(
    failureTrace(recorded(error)),
    [
      HEAD,
      'Caused by: TypeError: bad price',
      '    at map (/jobs/job.ts:4:73)',
      'Caused by: TypeError: not a number',
      '    at parse (/jobs/parse.ts:2:9)',
    ].join('\n'),
  );
});

test('causes survive being sent, and a circle of them ends', () => {
  const error = thrown('bad price', ['map (/jobs/job.ts:4:73)']);
  error.cause = error;
  const record = recorded(error);
  const sent = StreamError.fromJSON(JSON.parse(JSON.stringify(record))).toJSON();
  assert.equal(failureTrace(record).split('\n').length, 17);
  assert.equal(failureTrace(sent), failureTrace(record));
});

test('an error of the engine has its frames', () => {
  const error = new StreamError({ kind: 'internal', code: 'BROKEN', message: 'it is' });
  error.stack = 'StreamError: it is\n    at poll (file:///opt/sluice/dist/chunk-B.js:12:3)';
  assert.equal(
    failureTrace(error.toJSON()),
    'BROKEN: it is\n    at poll (file:///opt/sluice/dist/chunk-B.js:12:3)',
  );
});
