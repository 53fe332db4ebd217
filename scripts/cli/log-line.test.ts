import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { levelOf, logLineText, parseLogLine } from './log-line.ts';

describe('logLineText', () => {
  it('tells time, level, function, place, message and fields', () => {
    const line = {
      ...{ level: 'WARN', message: 'it is late', timestamp: '2026-01-02T03:04:05.006Z' },
      ...{ service: 'sluice-taskmanager', prefix: 'orders', jobId: 'j', xray_trace_id: '1-2' },
      ...{ slot: 3, lease: 0, attempt: 1, checkpoint: 7, taskManager: 2 },
      ...{ delayMs: 20, details: { a: 1 } },
    };
    assert.equal(
      logLineText(line, 'taskmanager'),
      '2026-01-02T03:04:05.006Z WARN  [taskmanager] attempt=1 taskManager=2 lease=0 slot=3 ' +
        'checkpoint=7 it is late delayMs=20 details={"a":1}',
    );
  });

  it('leaves out what is of the invocation, and a break at the end of what is printed', () => {
    const invocation = {
      cold_start: false,
      function_name: 'f',
      function_request_id: 'r',
      _aws: {},
    };
    const line = { level: 'info', message: '1> {"a":1}\n', timestamp: 't', slot: 0, ...invocation };
    assert.equal(logLineText(line), 't INFO  slot=0 1> {"a":1}');
  });

  it('shows a stack below', () => {
    const stack = 'Error: x\n    at f (job.ts:3:1)';
    assert.equal(
      logLineText({ level: 'error', message: 'm', timestamp: 't', stack }),
      't ERROR m\n    Error: x\n    at f (job.ts:3:1)',
    );
  });
});

describe('parseLogLine', () => {
  it('takes objects only', () => {
    assert.deepEqual(parseLogLine('{"a":1}'), { a: 1 });
    for (const text of ['START RequestId', '3', '{"cut']) {
      assert.equal(parseLogLine(text), undefined);
    }
  });
});

describe('levelOf', () => {
  it('reads any case, and takes what is not said for info', () => {
    assert.deepEqual([{ level: 'WARN' }, { level: 'debug' }, { level: 'Error' }, {}].map(levelOf), [
      'warn',
      'debug',
      'error',
      'info',
    ]);
  });
});
