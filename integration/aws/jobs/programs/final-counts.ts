/**
 * Counts what a paced source makes, by word, in keyed state, and says each word's count once, when
 * all has come: whatever is lost or counted twice on the way shows in the output.
 *
 * Arguments: records a second, how many, of how many different words, of how many bytes; how long
 * slots have to end when they are told to, in milliseconds.
 */
import {
  Configuration,
  generatorSource,
  type KeyedProcessFunction,
  MAX_WATERMARK_MS,
  RestartStrategies,
  type StreamExecutionEnvironment,
  type ValueState,
  ValueStateDescriptor,
  WatermarkStrategy,
} from 'sluice';

interface Word {
  readonly word: string;
  readonly index: number;
  readonly filler: string;
}

/** The sum tells a record that was lost from another one that came twice in its stead. */
interface Count {
  readonly word: string;
  readonly count: number;
  readonly sum: number;
}

const CHECKPOINT_MS = 500;
const RESTART_MS = 100;

export default function finalCounts(
  env: StreamExecutionEnvironment,
  args: readonly string[],
): void {
  const [ratePerSecond = 100, count = 1000, words = 20, sizeBytes = 50, cancelMs = 180_000] =
    args.map(Number);
  const filler = 'x'.repeat(sizeBytes);
  env.enableCheckpointing(CHECKPOINT_MS);
  env.configure(Configuration.fromRecord({ 'task.cancellation.timeout': `${cancelMs} ms` }));
  env.setRestartStrategy(RestartStrategies.fixedDelayRestart(5, RESTART_MS));
  env
    .fromSource(
      generatorSource<Word>({
        generate: (index) => ({ word: `word-${index % words}`, index, filler }),
        ...{ count, ratePerSecond },
      }),
      WatermarkStrategy.forMonotonousTimestamps<Word>().withTimestampAssigner(({ index }) => index),
      'words',
    )
    .uid('words')
    .keyBy('word')
    .process(countToTheEnd())
    .uid('counts')
    .print();
}

function countToTheEnd(): KeyedProcessFunction<string, Word, Count> {
  let counts: ValueState<Count>;
  return {
    open(ctx) {
      counts = ctx.getState(new ValueStateDescriptor<Count>('counts'));
    },
    processElement({ word, index }, ctx) {
      const { count, sum } = counts.value() ?? { count: 0, sum: 0 };
      counts.update({ word, count: count + 1, sum: sum + index });
      ctx.timerService.registerEventTimeTimer(MAX_WATERMARK_MS);
    },
    onTimer(_timestampMs, _ctx, out) {
      const result = counts.value();
      if (result !== undefined && result !== null) out.collect(result);
    },
  };
}
