/** Copies lines from files to files, slowly; at a line that it is told, it fails once. */
import {
  fileSink,
  fileSource,
  type MapFunction,
  type RuntimeContext,
  type StreamExecutionEnvironment,
  textLines,
  WatermarkStrategy,
} from 'sluice';

/** So slow that checkpoints fall between the first line and the last. */
const LINE_MS = 4;

/** A line of text, and of which file it is not known. */
class Copier implements MapFunction<string, string> {
  readonly #failAt: string | undefined;
  readonly #slowly = new Int32Array(new SharedArrayBuffer(4));
  #attempt = 0;

  constructor(failAt: string | undefined) {
    this.#failAt = failAt;
  }

  open({ taskInfo }: RuntimeContext): void {
    this.#attempt = taskInfo.attempt;
  }

  map(line: string): string {
    Atomics.wait(this.#slowly, 0, 0, LINE_MS);
    if (line === this.#failAt && this.#attempt === 0) throw new Error(`it fails once, at ${line}`);
    return line;
  }
}

/** `<input> <output> [<line to fail at>]` */
export default function copyLines(
  env: StreamExecutionEnvironment,
  [input = '', output = '', failAt]: readonly string[],
): void {
  env
    .fromSource(
      fileSource({ paths: input, format: textLines() }),
      WatermarkStrategy.noWatermarks<string>(),
      'lines',
    )
    .map(new Copier(failAt))
    .sinkTo(fileSink({ directory: output, format: textLines() }));
}
