/** What our operators of two inputs make of a random case. */
import {
  type Collector,
  type DataStream,
  type KeyedCoProcessFunction,
  type KeyedProcessContext,
  type OnTimerContext,
  OutputTag,
  StreamExecutionEnvironment,
} from 'sluice';
import { OperatorHarness } from 'sluice/testing';
import type { TwoInputCase } from './two-input-cases.ts';

interface Rec {
  readonly key: string;
  readonly id: number;
  readonly value: number;
}

const lateLeft = new OutputTag<Rec>('late left');
const lateRight = new OutputTag<Rec>('late right');

/**
 * A line for each result; those of one step sorted.
 *
 * @param restores goes on from a snapshot behind every step.
 */
export function twoInputsOfOurs(one: TwoInputCase, restores = false): readonly string[] {
  const factory = factoryOf(one);
  const marksMs: { l?: number; r?: number } = {};
  const found: string[] = [];
  let harness = opened(OperatorHarness.twoInput(factory), marksMs);
  for (const [step, word] of one.steps.split(' ').entries()) {
    const { first, second } = harness.operator;
    const mark = word.charAt(0);
    if (mark === 'l' || mark === 'r') {
      marksMs[mark] = Number(word.slice(1));
      (mark === 'l' ? first : second).processWatermark(Number(word.slice(1)));
    } else {
      const rec: Rec = { key: word.charAt(1), id: step, value: Number(word.charAt(2)) };
      (mark === 'L' ? first : second).processElement(rec, Number(word.slice(4)), -1);
    }
    const lines = harness.take().flatMap((taken) => {
      if (taken.type === 'side') return [`${step}: ${taken.tagId} ${(taken.value as Rec).id}`];
      if (taken.type !== 'record') return [];
      return [`${step}: ${String(taken.value)} @${taken.timestampMs}`];
    });
    found.push(...lines.sort());
    if (!restores) continue;
    const restore = harness.snapshotSync();
    harness = opened(OperatorHarness.twoInput(factory, { restore }), marksMs);
  }
  return found;
}

type Harness = ReturnType<typeof OperatorHarness.twoInput<unknown, unknown, unknown>>;

function opened(harness: Harness, { l, r }: { readonly l?: number; readonly r?: number }): Harness {
  void harness.operator.open();
  if (l !== undefined) harness.operator.first.processWatermark(l);
  if (r !== undefined) harness.operator.second.processWatermark(r);
  return harness;
}

function factoryOf(one: TwoInputCase) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const records = (): DataStream<Rec> => env.fromData<Rec>({ key: '', id: 0, value: 0 });
  const [left, right] = [records().keyBy('key'), records().keyBy('key')];
  if (one.kind === 'timers') left.connect(right).process(new Timers()).print();
  else {
    const joined = left.intervalJoin(right).between(...one.between);
    if (one.lowerExclusive) joined.lowerBoundExclusive();
    if (one.upperExclusive) joined.upperBoundExclusive();
    joined
      .sideOutputLeftLateData(lateLeft)
      .sideOutputRightLateData(lateRight)
      .process((first, second, ctx, out: Collector<string>) =>
        out.collect(`${first.key} ${first.id} ${second.id} of ${ctx.getTimestamp()}`),
      )
      .print();
  }
  for (const { body } of env.getStreamGraph().nodes) {
    if (body.kind === 'two-input') return body.factory;
  }
  throw new Error('the graph has no operator of two inputs');
}

class Timers implements KeyedCoProcessFunction<string, Rec, Rec, string> {
  processElement1({ value }: Rec, { timerService, timestamp }: KeyedProcessContext<string>): void {
    timerService.registerEventTimeTimer((timestamp ?? 0) + value);
  }

  processElement2({ value }: Rec, { timerService, timestamp }: KeyedProcessContext<string>): void {
    timerService.deleteEventTimeTimer((timestamp ?? 0) + value);
  }

  onTimer(atMs: number, ctx: OnTimerContext<string>, out: Collector<string>): void {
    out.collect(`${ctx.getCurrentKey()} wm ${ctx.timerService.currentWatermark()}`);
    if (atMs % 2 === 0) ctx.timerService.registerEventTimeTimer(atMs + 5);
  }
}
