/**
 * Counts words, as Flink's WordCount does: a line for every word with its count so far.
 *
 *     npx sluice run examples/word-count/job.ts
 *     npx sluice run examples/word-count/job.ts --input README.md --output out/words
 */
import {
  type DataStream,
  fileSink,
  fileSource,
  jsonLines,
  type StreamExecutionEnvironment,
  textLines,
  WatermarkStrategy,
} from 'sluice';
import { parseOptions } from '../options.ts';
import { SONNET } from './text.ts';

export interface WordCount {
  readonly word: string;
  readonly count: number;
}

const OPTIONS = {
  input: { type: 'string', multiple: true },
  output: { type: 'string' },
} as const;
const USAGE =
  'usage: sluice run examples/word-count/job.ts [--input <file, directory or glob>]... ' +
  '[--output <directory>]';

export default async function wordCount(
  env: StreamExecutionEnvironment,
  args: readonly string[],
): Promise<void> {
  const { input, output } = parseOptions(args, OPTIONS, USAGE);
  const counts = countWords(
    input === undefined
      ? env.fromData(SONNET)
      : env.fromSource(
          fileSource({ paths: input, format: textLines() }),
          WatermarkStrategy.noWatermarks(),
          'text',
        ),
  );
  if (output === undefined) counts.print();
  else counts.sinkTo(fileSink({ directory: output, format: jsonLines<WordCount>() }));
  await env.execute('Word count');
}

/** The count of each word so far, every time it appears. */
export function countWords(lines: DataStream<string>): DataStream<WordCount> {
  return lines
    .flatMap<WordCount>((line) => wordsOf(line).map((word) => ({ word, count: 1 })))
    .name('words')
    .keyBy('word')
    .sum('count')
    .name('counts')
    .uid('counts');
}

/** Lower-case runs of letters and digits, an apostrophe within them kept. */
function wordsOf(line: string): string[] {
  return line.toLowerCase().match(/[\p{L}\p{N}]+(?:'[\p{L}\p{N}]+)*/gu) ?? [];
}
