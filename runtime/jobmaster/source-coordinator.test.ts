import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EnumeratorContext, Source } from '../connectors/index.ts';
import type { SourceEvent } from '../protocol/index.ts';
import { MemoryFileSystem, runJob } from '../testing/index.ts';
import { SourceCoordinator } from './source-coordinator.ts';

interface Setup {
  readonly coordinator: SourceCoordinator;
  readonly heard: string[];
  readonly sent: (readonly [number, SourceEvent])[];
  readonly failures: Error[];
  readonly finishStart: () => void;
}

function setup(
  startFails = false,
  handleEvent: () => void | Promise<void> = () => undefined,
): Setup {
  const heard: string[] = [];
  const sent: (readonly [number, SourceEvent])[] = [];
  const failures: Error[] = [];
  const started = Promise.withResolvers<void>();
  let assigned = 0;
  const source: Source<number, { id: string }, null> = {
    name: 'scripted',
    boundedness: 'BOUNDED',
    createEnumerator: (ctx: EnumeratorContext<{ id: string }>) => ({
      start: async () => {
        await started.promise;
        heard.push('started');
        if (startFails) throw new Error('no such bucket');
      },
      addReader: (subtaskIndex) => heard.push(`reader ${subtaskIndex}`),
      handleSplitRequest: (subtaskIndex) => {
        heard.push(`request ${subtaskIndex}`);
        ctx.assignSplits(subtaskIndex, [{ id: `s${assigned}` }]);
        assigned += 1;
      },
      addSplitsBack: (splits, subtaskIndex) => {
        heard.push(`back from ${subtaskIndex}: ${splits.map(({ id }) => id).join(' ')}`);
      },
      handleEvent,
      snapshotState: () => null,
      close: () => {
        heard.push('closed');
      },
    }),
    createReader: () => {
      throw new Error('not used');
    },
  };
  const coordinator = new SourceCoordinator({
    source: source as Source<unknown, unknown, unknown>,
    parallelism: 2,
    clock: { nowEpochMs: () => 0, monotonicMs: () => 0 },
    timers: { schedule: () => () => undefined },
    logger: { log: () => undefined },
    fileSystem: new MemoryFileSystem(),
    send: (subtaskIndex, event) => sent.push([subtaskIndex, event]),
    fail: (error) => failures.push(error),
  });
  return { coordinator, heard, sent, failures, finishStart: () => started.resolve() };
}

describe('SourceCoordinator', () => {
  it('lets the enumerator start before it hears of readers and their requests', async () => {
    const { coordinator, heard, sent, finishStart } = setup();
    const start = coordinator.start();
    coordinator.readerStarted(0);
    coordinator.readerStarted(1);
    coordinator.handle(1, { type: 'request-split' });
    assert.deepEqual(heard, []);
    finishStart();
    await start;
    assert.deepEqual(heard, ['started', 'reader 0', 'reader 1', 'request 1']);
    assert.deepEqual(sent, [[1, { type: 'add-splits', splits: [{ id: 's0' }] }]]);
  });

  it('fails the job when the enumerator cannot start', async () => {
    const { coordinator, failures, finishStart } = setup(true);
    finishStart();
    await coordinator.start();
    assert.deepEqual(
      failures.map(({ message }) => message),
      ['the enumerator of source "scripted" failed: no such bucket'],
    );
  });

  it('waits for what an event has set off, and fails the job when that fails', async () => {
    const opened = Promise.withResolvers<void>();
    const { coordinator, failures, finishStart } = setup(false, () => opened.promise);
    finishStart();
    await coordinator.start();
    await coordinator.quiet();
    coordinator.handle(0, { type: 'custom', payload: null });
    let isQuiet = false;
    const quiet = coordinator.quiet().then(() => {
      isQuiet = true;
    });
    await Promise.resolve();
    assert.equal(isQuiet, false);
    opened.reject(new Error('no such topic'));
    await quiet;
    assert.deepEqual(
      failures.map(({ message }) => message),
      ['the enumerator of source "scripted" failed: no such topic'],
    );
  });

  it('closes the enumerator once and passes nothing on after that', async () => {
    const { coordinator, heard, sent, finishStart } = setup();
    finishStart();
    await coordinator.start();
    await coordinator.close();
    await coordinator.close();
    coordinator.handle(0, { type: 'request-split' });
    assert.equal(heard.filter((text) => text === 'closed').length, 1);
    assert.deepEqual(sent, []);
  });
});

describe('SourceCoordinator and checkpoints', () => {
  async function running(): Promise<Setup & { readonly request: (subtask: number) => void }> {
    const made = setup();
    made.finishStart();
    await made.coordinator.start();
    for (const subtask of [0, 1]) made.coordinator.readerStarted(subtask);
    const request = (subtask: number): void =>
      made.coordinator.handle(subtask, { type: 'request-split' });
    return { ...made, request };
  }

  it('refuses a snapshot before the enumerator has started', () => {
    assert.throws(() => setup().coordinator.snapshot(1), { code: 'ENUMERATOR_NOT_READY' });
  });

  it('gives back what a reader got since the checkpoint it goes back to', async () => {
    const { coordinator, heard, request } = await running();
    request(0);
    coordinator.snapshot(1);
    request(0);
    request(1);
    coordinator.snapshot(2);
    request(0);
    coordinator.checkpointComplete(1);
    coordinator.readerReset(0, 1);
    assert.equal(heard.at(-1), 'back from 0: s1 s3');
  });

  it('gives back everything to a reader that begins anew', async () => {
    const { coordinator, heard, request } = await running();
    request(1);
    coordinator.snapshot(1);
    request(1);
    coordinator.readerReset(1, undefined);
    assert.equal(heard.at(-1), 'back from 1: s0 s1');
  });

  it('gives nothing back twice, and nothing that a completed checkpoint covers', async () => {
    const { coordinator, heard, request } = await running();
    request(0);
    coordinator.snapshot(1);
    coordinator.checkpointComplete(1);
    coordinator.readerReset(0, 1);
    assert.equal(heard.at(-1), 'request 0');
    coordinator.readerStarted(0);
    request(0);
    coordinator.readerReset(0, 1);
    coordinator.readerReset(0, 1);
    assert.deepEqual(heard.slice(-2), ['request 0', 'back from 0: s1']);
  });
});

describe('a job', () => {
  it('fails with what opening an operator threw, and closes what was opened', async () => {
    const closed: string[] = [];
    const { result } = await runJob((env) => {
      env
        .fromData(1)
        .map({
          open: () => {
            throw new Error('no connection');
          },
          map: (n: number) => n,
          close: () => {
            closed.push('map');
          },
        })
        .print();
    });
    assert.equal(result.status, 'FAILED');
    assert.match(result.error?.message ?? '', /open of map function.*no connection/);
    assert.deepEqual(closed, ['map']);
  });
});
