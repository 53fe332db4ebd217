import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { JobLogFiles, logDirectory, logFilesOf, loggerToBoth } from './job-log-files.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-logs-'));
after(() => rmSync(root, { recursive: true }));
const jobId = 'a'.repeat(32);
const now = (): number => Date.UTC(2026, 0, 2, 3, 4, 5, 6);

describe('JobLogFiles', () => {
  it('writes lines that say whose they are, each job into its own file', () => {
    const directory = join(root, 'new', 'deep');
    const logs = new JobLogFiles(directory, now);
    logs.log('warn', 'it is late', { jobId, slot: 3 });
    logs.log('info', 'other', { jobId: 'b'.repeat(32) });
    logs.log('info', 'of nobody');
    logs.log('debug', 'too quiet', { jobId });
    const [, path = ''] = logFilesOf(directory, jobId);
    const line = { level: 'WARN', message: 'it is late', timestamp: '2026-01-02T03:04:05.006Z' };
    assert.equal(readFileSync(path, 'utf8'), `${JSON.stringify({ ...line, jobId, slot: 3 })}\n`);
    assert.equal(readdirSync(directory).length, 2);
    assert.equal(statSync(path).mode & 0o077, 0);
  });

  it('keeps a full file beside its successor, no more', () => {
    const directory = join(root, 'full');
    const logs = new JobLogFiles(directory, now, 100);
    for (let i = 0; i < 9; i += 1) logs.log('info', `line ${i}`, { jobId });
    const [older = '', path = ''] = logFilesOf(directory, jobId);
    const numbers = (file: string) => [...readFileSync(file, 'utf8').matchAll(/line (\d)/g)];
    const kept = [older, path].flatMap(numbers).map(([, number]) => Number(number));
    assert.deepEqual(kept, [6, 7, 8].slice(-kept.length));
    assert.deepEqual(readdirSync(directory).sort(), [`${jobId}.jsonl`, `${jobId}.jsonl.1`]);
  });

  it('keeps the newest files', () => {
    const directory = join(root, 'many');
    new JobLogFiles(directory, now).log('info', 'first', { jobId });
    for (let i = 0; i < 250; i += 1) {
      const path = join(directory, `${i}.jsonl`);
      writeFileSync(path, '');
      utimesSync(path, 1000 + i, 1000 + i);
    }
    new JobLogFiles(directory, now).log('info', 'later', { jobId });
    assert.ok(readdirSync(directory).length <= 200);
    assert.ok(existsSync(join(directory, '249.jsonl')) && !existsSync(join(directory, '0.jsonl')));
  });

  it('lets a job go on when nothing can be written', () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    new JobLogFiles(join(file, 'below'), now).log('info', 'lost', { jobId });
  });
});

describe('logDirectory', () => {
  it('is what is said, else in the user’s folder', () => {
    assert.equal(logDirectory({ SLUICE_LOG_DIR: '/l', HOME: '/h' }), '/l');
    assert.equal(logDirectory({ XDG_STATE_HOME: '/x', HOME: '/h' }), '/x/sluice/logs');
    assert.equal(logDirectory({ HOME: '/h' }), '/h/.local/state/sluice/logs');
    assert.equal(logDirectory({}), undefined);
  });
});

describe('loggerToBoth', () => {
  it('writes each line to both', () => {
    const lines: string[] = [];
    const to = (name: string) => ({
      log: (...[, text]: [unknown, string]) => lines.push(name + text),
    });
    loggerToBoth(to('a '), to('b ')).log('info', 'x');
    loggerToBoth(to('c '), undefined).log('info', 'y');
    assert.deepEqual(lines, ['a x', 'b x', 'c y']);
  });
});
