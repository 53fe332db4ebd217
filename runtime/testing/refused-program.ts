/** Programs that are refused, and what of a refusal is looked at. None of them runs. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type DataStream, type KeyedStream, StreamExecutionEnvironment } from '../api/index.ts';
import { isStreamError } from '../core/index.ts';
import { generateJobGraph } from '../graph/index.ts';
import { OutputTag } from '../operators/index.ts';
import { TumblingEventTimeWindows } from '../windowing/index.ts';

export interface Order {
  readonly shop: string;
  readonly cents: number;
}

/** What a program begins with. */
export class Program {
  readonly env = new StreamExecutionEnvironment().setParallelism(2);
  readonly orders: DataStream<Order> = this.env.fromData({ shop: 'a', cents: 1 }).name('orders');
  readonly keyed: KeyedStream<Order, string> = this.orders.keyBy('shop');
  readonly other: DataStream<Order> = this.env
    .fromData<Order>({ shop: 'b', cents: 2 })
    .name('other');
  readonly windows = this.keyed.window(TumblingEventTimeWindows.of(1000));
  readonly late = new OutputTag<Order>('late');

  /** As a client does before anything is submitted. */
  build(): void {
    generateJobGraph(this.env.getStreamGraph());
  }
}

export interface Refusal {
  /** What contradicts itself. */
  readonly what: string;
  readonly program: (of: Program) => unknown;
  readonly code: string;
  /** Of the operator, or of what is one of its settings and was made before it. */
  readonly names: string;
  readonly remedy: RegExp;
}

/** For what a user writes in JavaScript. */
export const nothing = undefined as never;

/** One test for each: code, operator, remedy. */
export function itRefuses(refusals: readonly Refusal[]): void {
  for (const refusal of refusals) {
    it(`refuses ${refusal.what}, names the operator and says what to do`, () => {
      const { code, message } = refusalOf(refusal);
      assert.equal(code, refusal.code, message);
      assert.ok(message.includes(refusal.names), message);
      assert.match(message, refusal.remedy);
    });
  }
}

function refusalOf({ program }: Refusal): Error & { readonly code: string } {
  try {
    program(new Program());
  } catch (thrown) {
    assert.ok(isStreamError(thrown), String(thrown));
    assert.equal(thrown.kind, 'invalid');
    return thrown;
  }
  return assert.fail('the program was taken');
}
