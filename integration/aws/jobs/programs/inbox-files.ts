/**
 * Files that somebody puts into a directory, `0.txt`, `1.txt` and so on, line by line. Its source
 * says what wakes a job that hibernates: an event of the application's own. With `--after`, so many
 * milliseconds after a line has come, it is due: by a timer of processing time.
 *
 *     npx sluice run integration/aws/jobs/programs/inbox-files.ts --directory in --files 2
 */
import { parseArgs } from 'node:util';
import {
  type FileSystem,
  type KeyedProcessFunction,
  type ReaderContext,
  type Source,
  type SourceReader,
  type StreamExecutionEnvironment,
  WatermarkStrategy,
} from 'sluice';
import { handOut } from './hand-out.ts';

/** Of the event that tells of a file. */
export const EVENT_SOURCE = 'sluice.test.inbox';
const LOOK_MS = 200;
const CHUNK_BYTES = 65_536;

interface InboxSplit {
  readonly id: string;
  /** The first file that was not emitted. */
  readonly next: number;
}

const OPTIONS = {
  directory: { type: 'string', default: '' },
  files: { type: 'string', default: '1' },
  after: { type: 'string', default: '0' },
} as const;

export default async function inboxFiles(
  env: StreamExecutionEnvironment,
  args: readonly string[],
): Promise<void> {
  const { directory, files, after } = parseArgs({ args: [...args], options: OPTIONS }).values;
  env.enableCheckpointing('1 s');
  env
    .fromSource(inbox(directory, Number(files)), WatermarkStrategy.noWatermarks(), 'inbox')
    .uid('inbox')
    .setParallelism(1)
    .map((line) => ({ line }))
    .keyBy('line')
    .process(saying(Number(after)))
    .uid('saying')
    .print();
  await env.execute('Inbox');
}

function saying(afterMs: number): KeyedProcessFunction<string, { line: string }, string> {
  return {
    processElement: ({ line }, { timerService }, out) => {
      out.collect(`line ${line}`);
      if (afterMs === 0) return;
      timerService.registerProcessingTimeTimer(timerService.currentProcessingTime() + afterMs);
    },
    onTimer: (_, ctx, out) => out.collect(`due ${ctx.getCurrentKey()}`),
  };
}

function inbox(
  directory: string,
  fileCount: number,
): Source<string, InboxSplit, readonly InboxSplit[]> {
  return {
    name: `inbox(${directory})`,
    boundedness: 'CONTINUOUS_UNBOUNDED',
    wakeOffers: () => [
      { kind: 'events', pattern: { source: [EVENT_SOURCE], detail: { directory: [directory] } } },
    ],
    createEnumerator: (ctx, state) => handOut(ctx, state ?? [{ id: 'all', next: 0 }]),
    createReader: (ctx) => inboxReader(ctx, directory, fileCount),
  };
}

function inboxReader(
  ctx: ReaderContext,
  directory: string,
  fileCount: number,
): SourceReader<string, InboxSplit> {
  let split: InboxSplit | undefined;
  let lines: readonly string[] | undefined;
  let arrived = Promise.withResolvers<void>();
  let isClosed = false;
  /** Until there is a file, and it has been taken. */
  const look = (): void => {
    if (split === undefined || isClosed) return;
    textOf(ctx.fileSystem, `${directory}/${split.next}.txt`).then(
      (text) => {
        if (text === undefined) {
          ctx.timers.schedule(LOOK_MS, look);
          return;
        }
        lines = text.split('\n').filter((line) => line !== '');
        arrived.resolve();
      },
      (thrown: unknown) => arrived.reject(thrown),
    );
  };
  return {
    start: () => {
      if (split === undefined) ctx.sendToEnumerator({ type: 'request-split' });
    },
    handleEvent: (event) => {
      if (event.type !== 'add-splits') return;
      split = event.splits[0] as InboxSplit;
      if (split.next === fileCount) arrived.resolve();
      else look();
    },
    pollNext: (output) => {
      if (split?.next === fileCount) return 'end';
      if (split === undefined || lines === undefined) return 'nothing';
      for (const line of lines) output.collect(line, 0);
      split = { ...split, next: split.next + 1 };
      lines = undefined;
      if (split.next === fileCount) return 'more';
      arrived = Promise.withResolvers<void>();
      look();
      return 'more';
    },
    available: () => arrived.promise,
    snapshotState: () => (split === undefined ? [] : [split]),
    close: () => {
      isClosed = true;
    },
  };
}

/** Undefined: there is no such file yet. */
async function textOf(fileSystem: FileSystem, path: string): Promise<string | undefined> {
  if ((await fileSystem.stat(path)) === undefined) return undefined;
  const reader = await fileSystem.openRead(path, 0);
  try {
    const parts: Uint8Array[] = [];
    for (
      let part = await reader.read(CHUNK_BYTES);
      part.length > 0;
      part = await reader.read(CHUNK_BYTES)
    ) {
      parts.push(part.slice());
    }
    return Buffer.concat(parts).toString('utf8');
  } finally {
    await reader.close();
  }
}
