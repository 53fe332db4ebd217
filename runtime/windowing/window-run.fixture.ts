/** Drives a window operator as the scenarios of Flink's tests do, and shows what comes out. */
import type { OneInputOperator } from '../operators/index.ts';
import { type ProcessWindowLike, reduceAggregation } from './index.ts';

export type WindowEvent = readonly [key: string, value: number];
export const keySelector = (event: WindowEvent): string => event[0];
export const sum = reduceAggregation<WindowEvent>((a, b) => [a[0], a[1] + b[1]]);

/** `key-sum [start,end)`, as the session tests of Flink print it. */
export const spans: ProcessWindowLike<unknown, string, unknown> = (key, ctx, elements, out) => {
  let total = 0;
  for (const [, value] of elements as Iterable<WindowEvent>) total += value;
  out.collect(`${String(key)}-${total} [${ctx.window.start},${ctx.window.end})`);
};

/** What the run needs of an operator's harness. */
interface Harness {
  readonly operator: OneInputOperator<WindowEvent>;
  open(): Promise<unknown>;
  setProcessingTime(epochMs: number): void;
  take(): readonly {
    readonly type: string;
    readonly value?: unknown;
    readonly timestampMs?: number;
  }[];
  snapshot(mode?: 'full' | 'delta'): Promise<{
    readonly keyedStates: readonly {
      readonly meta: { readonly name: string };
      readonly entries: readonly unknown[];
    }[];
  }>;
}

type SnapshotOf<H extends Harness> = Awaited<ReturnType<H['snapshot']>>;

export class WindowRun<H extends Harness> {
  readonly #create: (restore?: SnapshotOf<H>) => H;
  #harness: H;

  constructor(create: (restore?: SnapshotOf<H>) => H) {
    this.#create = create;
    this.#harness = create();
  }

  get harness(): H {
    return this.#harness;
  }

  async open(): Promise<this> {
    await this.#harness.open();
    return this;
  }

  add(key: string, timestampMs: number, value = 1): void {
    this.#harness.operator.processElement([key, value], timestampMs, -1);
  }

  addAll(events: readonly (readonly [key: string, timestampMs: number])[]): void {
    for (const [key, timestampMs] of events) this.add(key, timestampMs);
  }

  watermark(watermarkMs: number): string[] {
    this.#harness.operator.processWatermark(watermarkMs);
    return this.take();
  }

  time(epochMs: number): string[] {
    this.#harness.setProcessingTime(epochMs);
    return this.take();
  }

  /** Results as `key=sum@timestamp` or `text@timestamp`, late ones after `late:`. */
  take(): string[] {
    return this.#harness.take().flatMap((one) => {
      if (one.type === 'record') return [`${shown(one.value)}@${String(one.timestampMs)}`];
      return one.type === 'side' ? [`late:${shown(one.value)}@${String(one.timestampMs)}`] : [];
    });
  }

  /** Takes a checkpoint and goes on from it in a new operator. */
  async restore(mode: 'full' | 'delta' = 'full'): Promise<void> {
    const snapshot = (await this.#harness.snapshot(mode)) as SnapshotOf<H>;
    await this.#harness.operator.close();
    this.#harness = this.#create(snapshot);
    await this.#harness.open();
  }

  /** Entries that a snapshot would hold, timers too. */
  async held(): Promise<Record<string, number>> {
    const { keyedStates } = await this.#harness.snapshot();
    const counts = keyedStates.map(({ meta, entries }) => [meta.name, entries.length] as const);
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }
}

function shown(value: unknown): string {
  return Array.isArray(value) ? value.join('=') : String(value);
}

/** The out-of-order input of Flink's scenarios. */
export const I1: readonly (readonly [key: string, timestampMs: number])[] = [
  ['key2', 3999],
  ['key2', 3000],
  ['key1', 20],
  ['key1', 0],
  ['key1', 999],
  ['key2', 1998],
  ['key2', 1999],
  ['key2', 1000],
];
