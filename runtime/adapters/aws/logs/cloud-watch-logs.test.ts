/** Goal: whose lines are given, in which order, and what a refusal says. Method: SDK, fake service. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { SeededRng, VirtualTime } from '../../memory/virtual-time.ts';
import { AwsCalls } from '../aws-calls.ts';
import { awsClientConfig } from '../clients.ts';
import { CloudWatchLogs, filterPattern, type LogEvent } from './cloud-watch-logs.ts';

interface Asked {
  readonly logGroupName: string;
  readonly startTime: number;
  readonly filterPattern: string;
  readonly nextToken?: string;
}

type Answer = { readonly status?: number; readonly body: object };

/** A service that answers so; what it was asked. */
function service(answer: (asked: Asked) => Answer) {
  const asked: Asked[] = [];
  const requestHandler = {
    handle(request: unknown) {
      const { body } = request as { readonly body: Uint8Array };
      const input = JSON.parse(Buffer.from(body).toString()) as Asked;
      asked.push(input);
      const { status: statusCode = 200, body: answered } = answer(input);
      const bytes = Buffer.from(JSON.stringify(answered));
      const response = { statusCode, headers: {}, body: new Blob([bytes]).stream() };
      return Promise.resolve({ response: response as never });
    },
  };
  const time = new VirtualTime();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = { region: 'us-east-1', credentials, requestHandler };
  const logs = new CloudWatchLogs({
    logs: new CloudWatchLogsClient(awsClientConfig(client)),
    calls: new AwsCalls({ clock: time, timers: time, rng: new SeededRng(1) }),
  });
  return { logs, asked };
}

function event(timestamp: number, line: object | string) {
  const message = typeof line === 'string' ? line : `${JSON.stringify(line)}\n`;
  return { timestamp, message, logStreamName: 's', eventId: `e${timestamp}` };
}

async function read(logs: CloudWatchLogs, groups: readonly string[], level = 'info' as const) {
  const events: LogEvent[] = [];
  const query = { groups, jobId: 'j', sinceEpochMs: 100, level };
  for await (const one of logs.read(query)) events.push(one);
  return events;
}

describe('CloudWatchLogs', () => {
  it('gives the lines of a job of all groups and pages by time', async () => {
    const line = (message: string) => ({ level: 'INFO', jobId: 'j', message });
    const { logs, asked } = service(({ logGroupName, nextToken }) => {
      if (logGroupName === 'b') return { body: { events: [event(150, line('b1'))] } };
      if (nextToken === 't') return { body: { events: [event(160, line('a2'))] } };
      return { body: { events: [event(140, line('a1'))], nextToken: 't' } };
    });
    const events = await read(logs, ['a', 'b']);
    const texts = events.map(({ group, text }) => [group, JSON.parse(text).message]);
    assert.deepEqual(texts, [
      ['a', 'a1'],
      ['b', 'b1'],
      ['a', 'a2'],
    ]);
    assert.deepEqual(
      asked.map(({ logGroupName, startTime }) => [logGroupName, startTime]),
      [
        ['a', 100],
        ['b', 100],
        ['a', 100],
      ],
    );
    assert.equal(new Set(events.map(({ id }) => id)).size, 3);
  });

  it('gives no line of another job, of a lower level, or that is no JSON', async () => {
    const { logs } = service(() => ({
      body: {
        events: [
          event(1, 'START RequestId: j'),
          event(2, { level: 'INFO', jobId: 'k', message: 'of j' }),
          event(3, { level: 'DEBUG', jobId: 'j', message: 'quiet' }),
          event(4, '{"jobId":"j", cut'),
          event(5, { level: 'ERROR', jobId: 'j', message: 'loud' }),
        ],
      },
    }));
    const events = await read(logs, ['a']);
    assert.deepEqual(
      events.map(({ timestampEpochMs }) => timestampEpochMs),
      [5],
    );
  });

  it('lets the service filter', () => {
    assert.equal(filterPattern('j', 'debug'), '{ $.jobId = "j" }');
    assert.equal(
      filterPattern('j', 'warn'),
      '{ $.jobId = "j" && ($.level = "WARN" || $.level = "ERROR") }',
    );
  });

  it('says that there is no such cluster, or why its logs are not to be read', async () => {
    for (const [type, message] of [
      ['ResourceNotFoundException', /no cluster of this prefix .* group=a/],
      ['AccessDeniedException', /logs:FilterLogEvents/],
      ['ExpiredTokenException', /expired/],
    ] as const) {
      const { logs } = service(() => ({
        status: 400,
        body: { __type: type, message: 'not authorized to perform: logs:FilterLogEvents' },
      }));
      await assert.rejects(read(logs, ['a']), { code: 'LOGS_NOT_READ', message }, type);
    }
  });
});
