/** What our engine makes of a random pattern: the operator alone, as Flink's in its harness. */
import { isStreamError, StreamExecutionEnvironment } from 'sluice';
import {
  AfterMatchSkipStrategy,
  CEP,
  type IterativeContext,
  Pattern,
  type PatternMatch,
} from 'sluice/cep';
import { OperatorHarness } from 'sluice/testing';
import type { CepCase, CepPart } from './cep-cases.ts';

interface CepEvent {
  readonly index: number;
  readonly letter: string;
  readonly value: number;
  readonly atMs: number;
}

/**
 * A line for each match; `refused`: the pattern cannot be built.
 *
 * @param restores goes on from a snapshot behind every event and watermark.
 */
export function findInOurs(one: CepCase, restores = false): readonly string[] | 'refused' {
  const found: string[] = [];
  const factory = factoryOf(one, found);
  if (factory === 'refused') return 'refused';
  let harness = OperatorHarness.oneInput(factory);
  void harness.operator.open();
  let index = 0;
  for (const word of one.events.split(' ')) {
    if (word.startsWith('w')) harness.operator.processWatermark(Number(word.slice(1)));
    else {
      const atMs = Number(word.slice(word.indexOf('@') + 1));
      const event = { index, letter: word.charAt(0), value: Number(word.charAt(1)), atMs };
      harness.operator.processElement(event, atMs, -1);
      index += 1;
    }
    if (!restores) continue;
    const watermarkMs = harness.watermarks().at(-1);
    harness = OperatorHarness.oneInput(factory, { restore: harness.snapshotSync() });
    void harness.operator.open();
    if (watermarkMs !== undefined) harness.operator.processWatermark(watermarkMs);
  }
  return found;
}

function factoryOf(one: CepCase, found: string[]) {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const events = env.fromData<CepEvent>({ index: 0, letter: '', value: 0, atMs: 0 });
  const keyed = events.keyBy(() => 0);
  try {
    const matches = CEP.pattern(keyed, patternOf(one)).process<string>({
      processMatch: (match) => void found.push(shown(match)),
      processTimedOutMatch: (match, ctx) => void found.push(`!${shown(match)}@${ctx.timestamp}`),
    });
    matches.print();
  } catch (thrown) {
    if (isStreamError(thrown) && thrown.code === 'MALFORMED_PATTERN') return 'refused';
    throw thrown;
  }
  const node = env.getStreamGraph().nodes.find(({ operator }) => operator === 'CepOperator');
  if (node?.body.kind !== 'one-input') throw new Error('the graph has no CepOperator');
  return node.body.factory;
}

/** Matches as they were emitted; behind them what timed out, whose order depends on timers. */
export function comparableFinds(found: readonly string[] | string): readonly string[] | string {
  if (typeof found === 'string') return found;
  const isTimeout = (line: string): boolean => line.startsWith('!');
  return [...found.filter((line) => !isTimeout(line)), ...found.filter(isTimeout).sort()];
}

/** `A:0,1 B:2`: the events of each part. */
function shown(match: PatternMatch<CepEvent>): string {
  return [...match]
    .map(([name, events]) => `${name}:${events.map(({ index }) => index).join(',')}`)
    .sort()
    .join(' ');
}

function patternOf({ parts, skip, withinMs }: CepCase): Pattern<CepEvent> {
  const pattern = sequenceOf(parts, skip && skipOf(skip));
  return withinMs === undefined ? pattern : pattern.within(withinMs);
}

function skipOf([strategy, name = '']: readonly [string, string?]): AfterMatchSkipStrategy {
  switch (strategy) {
    case 'skipToNext':
      return AfterMatchSkipStrategy.skipToNext();
    case 'skipPastLastEvent':
      return AfterMatchSkipStrategy.skipPastLastEvent();
    case 'skipToFirst':
      return AfterMatchSkipStrategy.skipToFirst(name);
    default:
      return AfterMatchSkipStrategy.skipToLast(name);
  }
}

function sequenceOf(
  parts: readonly CepPart[],
  skip = AfterMatchSkipStrategy.noSkip(),
): Pattern<CepEvent> {
  let pattern: Pattern<CepEvent> | undefined;
  for (const part of parts) {
    pattern = added(pattern, part, skip);
    if (part.letters !== undefined) pattern.where(matching(part));
    if (part.times !== undefined) addTimes(pattern, part.times, part.timesMs);
    if (part.inner !== undefined) pattern[part.inner]();
    if (part.optional) pattern.optional();
    if (part.greedy) pattern.greedy();
    const { until, previousMs } = part;
    if (until !== undefined) pattern.until(({ letter }) => until.includes(letter));
    if (previousMs !== undefined) pattern.within(previousMs, 'PREVIOUS_AND_CURRENT');
  }
  if (pattern === undefined) throw new Error('a pattern has parts');
  return pattern;
}

function added(
  pattern: Pattern<CepEvent> | undefined,
  { name, strategy, group }: CepPart,
  skip: AfterMatchSkipStrategy,
): Pattern<CepEvent> {
  if (pattern === undefined || strategy === 'begin') {
    return group === undefined
      ? Pattern.begin<CepEvent>(name, skip)
      : Pattern.begin<CepEvent>(sequenceOf(group), skip);
  }
  if (strategy === 'notNext' || strategy === 'notFollowedBy') return pattern[strategy](name);
  return group === undefined ? pattern[strategy](name) : pattern[strategy](sequenceOf(group));
}

function addTimes(
  pattern: Pattern<CepEvent>,
  [from, to]: readonly [number, number?],
  _timesMs: number | undefined,
): void {
  if (to !== undefined) pattern.times(from, to);
  else if (from === 1) pattern.oneOrMore();
  else pattern.timesOrMore(from);
}

function matching({ name, letters = '', rising }: CepPart) {
  return ({ letter, value }: CepEvent, ctx: IterativeContext<CepEvent>): boolean => {
    if (!letters.includes(letter)) return false;
    const last = rising && ctx.getEventsForPattern(name).at(-1);
    return !last || value >= last.value;
  };
}
