/** What the jobs have in common: their input, and how they are run. */
import {
  type DataStream,
  fileSource,
  jsonLines,
  MAX_WATERMARK_MS,
  MIN_TIMESTAMP_MS,
  type StreamExecutionEnvironment,
  textLines,
  WatermarkStrategy,
} from 'sluice';
import type { Event } from './events.ts';

export type SemanticsJob = (
  events: DataStream<Event>,
  text: DataStream<string>,
) => DataStream<string>;

/** Reads the input files and prints what the job answers. */
export function semanticsJob(
  job: SemanticsJob,
  folder: string,
): (env: StreamExecutionEnvironment) => void {
  return (env) => {
    const events = env
      .fromSource(
        fileSource({ paths: [`${folder}/events.jsonl`], format: jsonLines<Event>() }),
        WatermarkStrategy.noWatermarks(),
        'events',
      )
      .assignTimestampsAndWatermarks(punctuated);
    const text = env.fromSource(
      fileSource({ paths: [`${folder}/text.txt`], format: textLines() }),
      WatermarkStrategy.noWatermarks(),
      'text',
    );
    job(events, text).print();
  };
}

const punctuated = WatermarkStrategy.forGenerator<Event>(() => ({
  onEvent: ({ watermark }, _timestampMs, output) => {
    if (watermark !== null) output.emitWatermark(watermark);
  },
  onPeriodicEmit: () => {},
})).withTimestampAssigner(({ at }) => at);

export function wordsOf(text: DataStream<string>) {
  return text.flatMap((line) =>
    line
      .toLowerCase()
      .split(/\W+/)
      .filter((word) => word !== '')
      .map((word) => ({ word, count: 1 })),
  );
}

export function shownWatermark(watermarkMs: number): string {
  if (watermarkMs === MIN_TIMESTAMP_MS) return 'none';
  return watermarkMs === MAX_WATERMARK_MS ? 'end' : String(watermarkMs);
}
