import { StreamError } from '../core/index.ts';
import type { Collector } from './functions.ts';
import type { Output } from './operator.ts';
import type { OutputTag } from './output-tag.ts';

/**
 * Gives what a function collects the timestamp of the record or timer it was called for. The
 * operator sets the timestamp before each call.
 */
export class TimestampedCollector<O> implements Collector<O> {
  readonly #output: Output<O>;
  timestampMs = 0;
  /** True while a result is downstream: an exception that arrives then is not this function's. */
  downstream = false;

  constructor(output: Output<O>) {
    this.#output = output;
  }

  collect(value: O): void {
    this.downstream = true;
    this.#output.collect(value, this.timestampMs);
    this.downstream = false;
  }

  collectSide<X>(tag: OutputTag<X>, value: X): void {
    if (typeof tag?.id !== 'string') {
      throw new StreamError({
        kind: 'invalid',
        code: 'OUTPUT_TAG_INVALID',
        message: 'output needs an OutputTag as its first argument: new OutputTag("name")',
      });
    }
    this.downstream = true;
    this.#output.collectSide(tag.id, value, this.timestampMs);
    this.downstream = false;
  }
}
