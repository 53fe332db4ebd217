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

const PAUSE_MS = 10;

class Copier implements MapFunction<string, string> {
  readonly #linesAPause: number;
  #lines = 0;
  readonly #failAt: string | undefined;
  readonly #slowly = new Int32Array(new SharedArrayBuffer(4));
  #attempt = 0;

  constructor(linesAPause: number, failAt: string | undefined) {
    this.#linesAPause = linesAPause;
    this.#failAt = failAt;
  }

  open({ taskInfo }: RuntimeContext): void {
    this.#attempt = taskInfo.attempt;
  }

  map(line: string): string {
    this.#lines += 1;
    if (this.#lines % this.#linesAPause === 0) Atomics.wait(this.#slowly, 0, 0, PAUSE_MS);
    if (line === this.#failAt && this.#attempt === 0) throw new Error(`it fails once, at ${line}`);
    return line;
  }
}

/** `<input> <output> <lines between pauses> [<line to fail at>]` */
export default function copyLines(
  env: StreamExecutionEnvironment,
  [input = '', output = '', linesAPause = '1', failAt]: readonly string[],
): void {
  env
    .fromSource(
      fileSource({ paths: input, format: textLines() }),
      WatermarkStrategy.noWatermarks<string>(),
      'lines',
    )
    .map(new Copier(Number(linesAPause), failAt))
    .sinkTo(fileSink({ directory: output, format: textLines() }));
}
