/** Goal: logs are split, bounded, and nothing else is served. Method: a real folder, attacked. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { BoundedLogFile } from './bounded-log-file.ts';
import { type ProcessLog, ProcessLogs } from './process-logs.ts';

let root = '';
let logs: ProcessLogs;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-logs-'));
  logs = new ProcessLogs(join(root, 'log'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function textOf(log: ProcessLog, name: string): string | undefined {
  const content = log.read(name)?.content;
  return content === undefined ? undefined : Buffer.from(content).toString();
}

describe('ProcessLogs', () => {
  it('keeps what each process says apart from the others, and its log from its output', () => {
    const [one, two] = [logs.open('tm-1', 'taskmanager'), logs.open('tm-2', 'taskmanager')];
    one.line(0, 'warn', 'first');
    one.printed('1> x\n');
    two.line(1, 'info', 'second');
    assert.equal(textOf(one, 'taskmanager.log'), '1970-01-01 00:00:00.000 WARN  first\n');
    assert.equal(textOf(one, 'taskmanager.out'), '1> x\n');
    assert.equal(textOf(two, 'taskmanager.log'), '1970-01-01 00:00:00.001 INFO  second\n');
    assert.deepEqual(
      two.files().map(({ name }) => name),
      ['taskmanager.log'],
    );
  });

  it('are empty before anything is written to them', () => {
    const log = logs.open('tm-1', 'taskmanager');
    assert.equal(textOf(log, 'taskmanager.out'), '');
    assert.equal(textOf(log, 'taskmanager.log'), '');
    assert.equal(log.read('taskmanager.log.1'), undefined);
    assert.deepEqual(log.files(), []);
  });

  it('finds the logs of a process that is gone', () => {
    const log = logs.open('tm-1', 'taskmanager');
    log.line(0, 'info', 'bye');
    log.close();
    const found = new ProcessLogs(join(root, 'log')).find('tm-1');
    assert.match((found && textOf(found, 'taskmanager.log')) ?? '', /bye/);
  });

  it('finds nothing outside of its folders, whatever the name', () => {
    writeFileSync(join(root, 'secret'), 'hush');
    mkdirSync(join(root, 'other'));
    logs.open('tm-1', 'taskmanager').line(0, 'info', 'x');
    for (const name of ['..', '.', '', '../other', 'tm-1/..', '/etc', 'tm-1\0', '../log/tm-1']) {
      assert.equal(logs.find(name), undefined, JSON.stringify(name));
    }
  });

  it('reads no file that it has not written, whatever its name', () => {
    const log = logs.open('tm-1', 'taskmanager');
    log.line(0, 'info', 'x');
    log.files();
    const folder = join(root, 'log', 'tm-1');
    writeFileSync(join(root, 'log', 'secret'), 'hush');
    writeFileSync(join(folder, 'notes.txt'), 'hush');
    symlinkSync(join(root, 'log', 'secret'), join(folder, 'taskmanager.out'));
    mkdirSync(join(folder, 'taskmanager.log.1'));
    for (const name of [
      ...['../secret', '..', '.', '', 'notes.txt', 'taskmanager.out', 'taskmanager.log.1'],
      ...[join(folder, 'taskmanager.log'), 'taskmanager.log/', 'taskmanager.log\0', 'profiler'],
      ...['./taskmanager.log', '..\\secret', 'TASKMANAGER.LOG'],
    ]) {
      assert.equal(log.read(name), undefined, JSON.stringify(name));
    }
    assert.notEqual(log.read('taskmanager.log'), undefined);
  });

  it('keeps what a process writes that runs for long, however many come after it', () => {
    const long = logs.open('tm-long', 'taskmanager');
    long.line(0, 'info', 'early');
    assert.equal(long.files().length, 1);
    for (let i = 0; i < 60; i += 1) {
      const short = logs.open(`tm-${i}`, 'taskmanager');
      short.line(0, 'info', 'x');
      short.close();
    }
    long.line(1, 'info', 'late');
    assert.match(textOf(long, 'taskmanager.log') ?? '', /early[\s\S]*late/);
  });

  it('keeps the newest fifty processes and the JobManager', () => {
    logs.open('jobmanager', 'jobmanager').line(0, 'info', 'x');
    for (let i = 0; i < 60; i += 1) mkdirSync(join(root, 'log', `tm-${i}`), { recursive: true });
    logs.open('tm-60', 'taskmanager');
    const left = Array.from({ length: 60 }, (_, i) => logs.find(`tm-${i}`)).filter(Boolean);
    assert.equal(left.length, 49);
  });
});

describe('BoundedLogFile', () => {
  it('keeps a full file beside its successor, and no older one', () => {
    const log = logs.open('tm-1', 'taskmanager');
    const file = new BoundedLogFile(join(root, 'log', 'tm-1', 'taskmanager.log'), 3);
    for (const text of ['aaaa', 'bbbb', 'cccc']) {
      file.append(text);
      file.flush();
    }
    assert.deepEqual(
      [textOf(log, 'taskmanager.log'), textOf(log, 'taskmanager.log.1')],
      ['cccc', 'bbbb'],
    );
  });

  it('is no reason to fail where nothing can be written', () => {
    writeFileSync(join(root, 'log'), 'a file, no folder');
    const file = new BoundedLogFile(join(root, 'log', 'x', 'y.log'));
    file.append('lost');
    file.flush();
    file.close();
    file.append('after its end');
  });
});
