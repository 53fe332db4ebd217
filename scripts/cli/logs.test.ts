/** Goal: what a person sees of a job's log. Method: the command on files, the rest on a fake. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { LogEvent, LogQuery } from '../../runtime/adapters/aws/logs/index.ts';
import { capturedCommand } from './captured-command.fixture.ts';
import { logsOf } from './deployed-logs.ts';
import { JobLogFiles } from './job-log-files.ts';
import { parseSince } from './logs-options.ts';
import { tailLines } from './tail-lines.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-logs-'));
after(() => rmSync(directory, { recursive: true }));
const JOB_ID = 'c0ffee'.padEnd(32, '0');

async function logs(...args: readonly string[]) {
  return await capturedCommand(['logs', ...args], '/nowhere', { SLUICE_LOG_DIR: directory });
}

const files = new JobLogFiles(directory, () => Date.now());
files.log('info', 'the job is RUNNING', { jobId: JOB_ID, attempt: 0 });
files.log('warn', 'a commit failed', { jobId: JOB_ID, slot: 1, attempt: 0 });

describe('sluice logs of a local job', () => {
  it('shows its lines', async () => {
    const { code, out, err } = await logs(JOB_ID.toUpperCase());
    assert.deepEqual([code, err], [0, '']);
    assert.match(
      out,
      /^\S+Z INFO {2}attempt=0 the job is RUNNING\n\S+Z WARN {2}attempt=0 slot=1 a commit failed\n$/,
    );
  });

  it('shows what is loud enough and new enough, as it was written if asked', async () => {
    const { out } = await logs(JOB_ID, '--level', 'warn', '--json');
    assert.equal(JSON.parse(out).message, 'a commit failed');
    assert.equal((await logs(JOB_ID, '--since', '2100-01-01')).out, '');
    const elsewhere = await logs(JOB_ID, '--log-dir', directory, '--since', '1h');
    assert.equal(elsewhere.out.split('\n').length, 3);
  });

  it('says where it has looked, and how to look on a cluster', async () => {
    const { code, err } = await logs('f'.repeat(32));
    assert.equal(code, 1);
    assert.match(err, /--prefix <name>: job=f{32} directory=/);
    assert.match(err, /code: LOG_NOT_FOUND/);
  });

  it('refuses what it cannot take', async () => {
    for (const [args, said] of [
      [[], /One job id/],
      [['x'], /32 hexadecimal digits: x/],
      [[JOB_ID, '--level', 'loud'], /must be one of debug/],
      [[JOB_ID, '--since', 'noon'], /--since must be a duration/],
      [[JOB_ID, '--region', 'eu-west-1'], /give --prefix/],
      [
        ['-m', 'https://x.example', JOB_ID],
        /'jobmanager' is not taken by logs: .* --prefix <name>/,
      ],
      [[JOB_ID, '--prefix', 'p', '--log-dir', 'd'], /exclude each other/],
    ] as const) {
      const { code, out } = await logs(...args);
      assert.equal(code, 1);
      assert.match(out, said);
    }
  });
});

describe('parseSince', () => {
  it('takes a duration back from now, or a time', () => {
    assert.equal(parseSince('10min', 1_000_000), 400_000);
    assert.equal(parseSince('1970-01-01T00:00:01Z', 5), 1000);
  });
});

describe('tailLines', () => {
  it('goes on with what is appended, and with the file that replaces it', async () => {
    const path = join(directory, 'tailed');
    writeFileSync(path, 'one\ntw');
    const steps = [
      () => appendFileSync(path, 'o\nthree\n'),
      () => {
        appendFileSync(path, 'four\n');
        renameSync(path, `${path}.1`);
        writeFileSync(path, 'five\n');
      },
    ];
    const lines: string[] = [];
    const wait = () => Promise.resolve(steps.shift()?.());
    for await (const line of tailLines(path, wait)) {
      lines.push(line);
      if (line === 'five') break;
    }
    assert.deepEqual(lines, ['one', 'two', 'three', 'four', 'five']);
  });
});

describe('logsOf a deployed cluster', () => {
  const event = (id: string, timestampEpochMs: number): LogEvent => ({
    ...{ id, timestampEpochMs, group: '/aws/lambda/p-plan', text: `{"message":"${id}"}` },
  });

  /** Answers that follow one another; what was asked. */
  function service(...answers: readonly (readonly LogEvent[])[]) {
    const asked: LogQuery[] = [];
    let isClosed = false;
    return {
      asked,
      get isClosed() {
        return isClosed;
      },
      async *read(query: LogQuery) {
        yield* answers[asked.push(query) - 1] ?? [];
      },
      close: () => {
        isClosed = true;
      },
    };
  }
  const settings = { jobId: JOB_ID, level: 'info', sinceEpochMs: 1_000 } as const;

  it('asks the groups of the cluster once, and says which function a line is of', async () => {
    const fake = service([event('a', 1_500)]);
    const lines = [];
    const source = logsOf(fake, 'p', () => Promise.reject(new Error('nobody waits')));
    for await (const line of source({ ...settings, follow: false })) lines.push(line);
    assert.deepEqual(lines, [{ text: '{"message":"a"}', source: 'plan' }]);
    assert.deepEqual(
      fake.asked.map(({ groups, sinceEpochMs }) => [groups[3], sinceEpochMs]),
      [['/aws/lambda/p-taskmanager', 1_000]],
    );
    assert.ok(fake.isClosed);
  });

  it('follows: gives late lines, and no line twice', async () => {
    const fake = service(
      [event('a', 100_000)],
      [event('late', 90_000), event('a', 100_000), event('b', 300_000)],
      [event('b', 300_000), event('c', 300_001)],
    );
    const ids: string[] = [];
    for await (const { text } of logsOf(
      fake,
      'p',
      async () => undefined,
    )({
      ...settings,
      follow: true,
    })) {
      ids.push(JSON.parse(text).message);
      if (ids.at(-1) === 'c') break;
    }
    assert.deepEqual(ids, ['a', 'late', 'b', 'c']);
    assert.deepEqual(
      fake.asked.map(({ sinceEpochMs }) => sinceEpochMs),
      [1_000, 40_000, 240_000],
    );
    assert.ok(fake.isClosed);
  });
});
