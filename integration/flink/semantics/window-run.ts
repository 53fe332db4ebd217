/** What our window operators make of a random case. */
import {
  ContinuousEventTimeTrigger,
  CountEvictor,
  CountTrigger,
  type DataStream,
  DeltaEvictor,
  DeltaTrigger,
  EventTimeSessionWindows,
  EventTimeTrigger,
  type Evictor,
  GlobalWindows,
  OutputTag,
  PurgingTrigger,
  SlidingEventTimeWindows,
  StreamExecutionEnvironment,
  TimeEvictor,
  type Trigger,
  TumblingEventTimeWindows,
  type WindowedStream,
} from 'sluice';
import { OperatorHarness } from 'sluice/testing';
import type { WindowCase } from './window-cases.ts';

interface Rec {
  readonly key: string;
  readonly id: number;
  readonly value: number;
}

const late = new OutputTag<Rec>('late');
const differ = (before: Rec, now: Rec): number => Math.abs(now.value - before.value);

/**
 * A line for each result; those of one step sorted.
 *
 * @param restores goes on from a snapshot behind every step.
 */
export function windowsOfOurs(one: WindowCase, restores = false): readonly string[] {
  const factory = factoryOf(one);
  let harness = OperatorHarness.oneInput(factory);
  void harness.operator.open();
  const found: string[] = [];
  let watermarkMs: number | undefined;
  for (const [step, word] of one.steps.split(' ').entries()) {
    if (word.startsWith('w')) {
      watermarkMs = Number(word.slice(1));
      harness.operator.processWatermark(watermarkMs);
    } else {
      const rec: Rec = { key: word.charAt(0), id: step, value: Number(word.charAt(1)) };
      harness.operator.processElement(rec, Number(word.slice(3)), -1);
    }
    found.push(...linesOf(harness.take(), step));
    if (!restores) continue;
    harness = OperatorHarness.oneInput(factory, { restore: harness.snapshotSync() });
    void harness.operator.open();
    // A window that was due has fired: nothing may come of the watermark that is sent again.
    if (watermarkMs !== undefined) harness.operator.processWatermark(watermarkMs);
    found.push(...linesOf(harness.take(), step));
  }
  return found;
}

type Taken = ReturnType<OperatorHarness<never, unknown>['take']>;

function linesOf(taken: Taken, step: number): string[] {
  const lines = taken.flatMap((one) => {
    if (one.type === 'side') return [`${step}: late ${(one.value as Rec).id}`];
    return one.type === 'record' ? [`${step}: ${one.value} @${shownTime(one.timestampMs)}`] : [];
  });
  return lines.sort();
}

/** Of a global window, it is the end of all time. */
function shownTime(timestampMs = Number.MAX_SAFE_INTEGER): string {
  return timestampMs > 1e12 ? 'end' : String(timestampMs);
}

function factoryOf(one: WindowCase) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const records = env.fromData<Rec>({ key: '', id: 0, value: 0 });
  resultsOf(one, windowed(one, records)).print();
  const nodes = env.getStreamGraph().nodes;
  const node = nodes.find(({ keyed, isSink }) => keyed === true && isSink !== true);
  if (node?.body.kind !== 'one-input') throw new Error('the graph has no window operator');
  return node.body.factory;
}

function windowed(one: WindowCase, records: DataStream<Rec>): WindowedStream<Rec, string> {
  const [kind, size = 1, other = 0] = one.assigner;
  const keyed = records.keyBy('key');
  let stream: WindowedStream<Rec, string>;
  if (kind === 'tumbling') stream = keyed.window(TumblingEventTimeWindows.of(size, other));
  else if (kind === 'sliding') stream = keyed.window(SlidingEventTimeWindows.of(size, other));
  else if (kind === 'session') stream = keyed.window(EventTimeSessionWindows.withGap(size));
  else if (kind === 'dynamic') {
    const gap = ({ value }: Rec): number => value + 1;
    stream = keyed.window(EventTimeSessionWindows.withDynamicGap(gap));
  } else if (kind === 'global') stream = keyed.window(GlobalWindows.create());
  else return other === 0 ? keyed.countWindow(size) : keyed.countWindow(size, other);
  if (one.trigger !== undefined) {
    const trigger = triggerOf(one.trigger);
    stream = stream.trigger(one.purging ? PurgingTrigger.of(trigger) : trigger);
  }
  if (one.evictor !== undefined) stream = stream.evictor(evictorOf(one.evictor));
  if (one.latenessMs !== undefined) stream = stream.allowedLateness(one.latenessMs);
  return kind === 'global' ? stream : stream.sideOutputLateData(late);
}

function triggerOf([kind, of]: NonNullable<WindowCase['trigger']>): Trigger<Rec> {
  if (kind === 'count') return CountTrigger.of(of);
  if (kind === 'continuous') return ContinuousEventTimeTrigger.of(of);
  return kind === 'delta' ? DeltaTrigger.of(of, differ) : EventTimeTrigger.create();
}

function evictorOf([kind, of, after]: NonNullable<WindowCase['evictor']>): Evictor<Rec> {
  if (kind === 'count') return CountEvictor.of(of, after);
  return kind === 'time' ? TimeEvictor.of(of, after) : DeltaEvictor.of(of, differ, after);
}

function resultsOf(one: WindowCase, stream: WindowedStream<Rec, string>): DataStream<string> {
  const [kind] = one.assigner;
  const span = (window: { readonly start: number; readonly end: number }): string =>
    kind === 'global' || kind === 'count' ? '' : `[${window.start},${window.end}) `;
  const ids = (all: Iterable<Rec>): string => {
    const list = Array.from(all, ({ id }) => id);
    const merges = kind === 'session' || kind === 'dynamic';
    return (merges ? list.sort((a, b) => a - b) : list).join(',');
  };
  // Refused here, where nothing can be folded as it comes: the window function folds.
  if (one.evictor !== undefined && (one.fn === 'reduce' || one.fn === 'aggregate')) {
    return stream.apply((key, window, all, out) => {
      const values = Array.from(all, ({ value }) => value);
      const sum = values.reduce((left, right) => left + right, 0);
      // Nothing is reduced to nothing, and aggregated to what it begins with.
      const isNothing = one.fn === 'reduce' && values.length === 0;
      out.collect(`${key} ${span(window)}${isNothing ? undefined : sum}`);
    });
  }
  switch (one.fn) {
    case 'process':
      return stream.process((key, ctx, all, out) =>
        out.collect(
          `${key} ${span(ctx.window)}${ids(all)} wm ${shownMark(ctx.currentWatermark())}`,
        ),
      );
    case 'apply':
      return stream.apply((key, window, all, out) =>
        out.collect(`${key} ${span(window)}${ids(all)}`),
      );
    case 'reduce':
      return stream.reduce<string>(
        (left, right) => ({ key: left.key, id: left.id, value: left.value + right.value }),
        (key, ctx, [sum], out) => out.collect(`${key} ${span(ctx.window)}${sum?.value}`),
      );
    case 'aggregate':
      return stream.aggregate<number, number, string>(
        {
          createAccumulator: () => 0,
          add: ({ value }, sum) => sum + value,
          getResult: (sum) => sum,
          merge: (left, right) => left + right,
        },
        (key, ctx, [sum], out) => out.collect(`${key} ${span(ctx.window)}${sum}`),
      );
  }
}

function shownMark(watermarkMs: number): string {
  return watermarkMs < 0 ? 'none' : String(watermarkMs);
}
