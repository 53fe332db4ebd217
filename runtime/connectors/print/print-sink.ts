import type { Sink, SinkContext, SinkWriter } from '../sink.ts';
import { formatForPrint } from './format-for-print.ts';

/** Text that is printed without waiting for the end of the buffer. */
const MAX_BUFFERED_CHARS = 64 * 1024;

/**
 * Prints records, a line each, for people: texts as they are, objects as JSON. With more than one
 * subtask every line begins with `<subtask>> `, counted from 1; with a prefix, `<prefix>> ` or
 * `<prefix>:<subtask>> `.
 *
 * @see Flink PrintSink, PrintSinkOutputWriter
 */
export function printSink<T = unknown>(prefix = ''): Sink<T> {
  return {
    name: prefix === '' ? 'print' : `print(${prefix})`,
    guarantee: 'AT_LEAST_ONCE',
    createWriter: (ctx) => new PrintWriter(ctx, prefix),
  };
}

class PrintWriter<T> implements SinkWriter<T> {
  readonly #ctx: SinkContext;
  readonly #linePrefix: string;
  readonly #printing: Promise<void>[] = [];
  #text = '';

  constructor(ctx: SinkContext, prefix: string) {
    this.#ctx = ctx;
    const subtask = ctx.parallelism > 1 ? String(ctx.subtaskIndex + 1) : '';
    const parts = [prefix, subtask].filter((part) => part !== '');
    this.#linePrefix = parts.length === 0 ? '' : `${parts.join(':')}> `;
  }

  write(value: T): void {
    this.#text += `${this.#linePrefix}${formatForPrint(value)}\n`;
    if (this.#text.length >= MAX_BUFFERED_CHARS) this.#print();
  }

  suspension(): Promise<void> | undefined {
    this.#print();
    return this.#printing.length === 0 ? undefined : this.#settled();
  }

  async flush(): Promise<void> {
    this.#print();
    await this.#settled();
  }

  prepareCommit(): readonly never[] {
    return [];
  }

  close(): void {
    this.#text = '';
  }

  /** One call a buffer: a call a line costs more than the records themselves. */
  #print(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    const printed = this.#ctx.print(text);
    if (printed !== undefined) this.#printing.push(printed);
  }

  async #settled(): Promise<void> {
    await Promise.all(this.#printing.splice(0));
  }
}
