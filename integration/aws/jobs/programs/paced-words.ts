/**
 * Words at a steady rate, counted: for runs whose requests are counted.
 *
 * Arguments: words a second, how many, of how many different ones.
 */
import { generatorSource, type StreamExecutionEnvironment, WatermarkStrategy } from 'sluice';

interface Word {
  readonly word: string;
  readonly count: number;
}

export default function pacedWords(env: StreamExecutionEnvironment, args: readonly string[]): void {
  const [ratePerSecond = 10, count = 100, words = 10] = args.map(Number);
  env
    .fromSource(
      generatorSource<Word>({
        generate: (index) => ({ word: `word-${index % words}`, count: 1 }),
        ...{ count, ratePerSecond },
      }),
      WatermarkStrategy.forMonotonousTimestamps<Word>(),
      'words',
    )
    .uid('words')
    .keyBy('word')
    .sum('count')
    .uid('counts')
    .print();
}
