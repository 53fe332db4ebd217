import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../../runtime/core/index.ts';
import { errorText, userPlace } from './error-text.ts';

const options = { cwd: '/home/me', engineRoot: '/engine', verbose: false };

function failed(message: string, frames: readonly string[]): TypeError {
  const error = new TypeError(message);
  error.stack = [`TypeError: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n');
  return error;
}

describe('errorText', () => {
  const cause = failed('x is undefined', [
    'Object.map (node:internal/modules/run:1:2)',
    'call (/engine/dist/chunk-A.js:3:4)',
    'pkg (/home/me/node_modules/pkg/index.js:5:6)',
    'parse (file:///home/me/jobs/job.ts:12:7)',
    'other (/home/me/jobs/other.ts:1:1)',
  ]);
  const error = new StreamError({
    kind: 'user',
    code: 'USER_FUNCTION_FAILED',
    message: 'the map function failed: operator=Map subtask=0',
    cause,
  });

  it('shows message, code, the user’s line and the causes, and no stack', () => {
    assert.equal(
      errorText(error, options),
      [
        'error: the map function failed: operator=Map subtask=0',
        '  code: USER_FUNCTION_FAILED',
        '  at: jobs/job.ts:12:7',
        '  caused by: TypeError: x is undefined',
      ].join('\n'),
    );
  });

  it('adds the stacks when asked to', () => {
    const text = errorText(error, { ...options, verbose: true });
    assert.match(text, /\n {4}at call \(\/engine\/dist\/chunk-A\.js:3:4\)\n/);
  });

  it('does not repeat a cause whose message was wrapped', () => {
    const wrapped = new StreamError({
      kind: 'user',
      code: 'X',
      message: 'it failed: boom',
      cause: new Error('boom'),
    });
    assert.doesNotMatch(errorText(wrapped, options), /caused by/);
  });

  it('shows what is not an error too', () => {
    assert.equal(errorText('just text', options), 'error: just text');
  });
});

describe('userPlace', () => {
  it('counts the package’s own examples as the user’s', () => {
    const error = failed('x', ['run (/engine/runtime/a.ts:1:1)', '/engine/examples/a/job.ts:9:2']);
    assert.equal(userPlace(error, options), '/engine/examples/a/job.ts:9:2');
  });

  it('answers nothing when no frame is the user’s', () => {
    assert.equal(userPlace(failed('x', ['run (/engine/dist/cli.js:1:1)']), options), undefined);
  });
});
