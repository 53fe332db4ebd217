/**
 * Runs schedules by seed, each twice: what happens must depend on the seed alone.
 */
import type { PlantedBug } from './planted-bugs.ts';
import { runSchedule } from './scenario.ts';

export interface ScheduleFailure {
  readonly seed: number;
  readonly violations: readonly string[];
  /** The end of the event log. */
  readonly lines: readonly string[];
}

export interface SimulationOptions {
  readonly firstSeed: number;
  /** `Infinity`: until `isOver`. */
  readonly count: number;
  /** From one seed to the next. */
  readonly step: number;
  readonly isOver: () => boolean;
  readonly onFailure: (failure: ScheduleFailure) => void;
  /** Called after each seed. */
  readonly onDone?: (seed: number) => void;
}

export interface SimulationSummary {
  readonly schedules: number;
  readonly failed: number;
  readonly events: number;
  /** Of all schedules together, in whatever order they ran; 32 bits. */
  readonly traceHash: number;
}

/** What a seed came to. */
export interface SeedOutcome {
  readonly failure: ScheduleFailure | undefined;
  readonly events: number;
  /** 8 hex digits. */
  readonly traceHash: string;
}

/** Lines of the event log that a failure shows. */
const SHOWN_LINES = 60;

/** One schedule, run twice. */
export async function checkSeed(seed: number, planted?: PlantedBug): Promise<SeedOutcome> {
  const first = await runSchedule(seed, planted);
  const { violations, lines, events, traceHash } = first;
  if (violations.length > 0) {
    return { failure: { seed, violations, lines: shortened(lines) }, events, traceHash };
  }
  const second = await runSchedule(seed, planted);
  if (second.traceHash === traceHash) return { failure: undefined, events, traceHash };
  const at = second.lines.findIndex((line, index) => line !== lines[index]);
  const from = Math.max(0, at - SHOWN_LINES / 2);
  const what = `not deterministic: hash ${traceHash}, then ${second.traceHash}`;
  const failure = {
    seed,
    violations: [what, `first  ${lines[at]}`, `second ${second.lines[at]}`],
    lines: shortened(lines.slice(from, at + 1)),
  };
  return { failure, events, traceHash };
}

/** One after the other. */
export async function runSchedules(options: SimulationOptions): Promise<SimulationSummary> {
  const { firstSeed, count, step, isOver, onFailure, onDone } = options;
  let [schedules, failed, events, traceHash] = [0, 0, 0, 0];
  while (schedules < count && !isOver()) {
    const seed = firstSeed + schedules * step;
    const outcome = await checkSeed(seed);
    schedules += 1;
    events += outcome.events;
    traceHash = (traceHash + Number.parseInt(outcome.traceHash, 16)) >>> 0;
    if (outcome.failure !== undefined) {
      failed += 1;
      onFailure(outcome.failure);
    }
    onDone?.(seed);
  }
  return { schedules, failed, events, traceHash };
}

/** Without what says little: timers and deliveries. */
function shortened(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !/^\S+ (timer|deliver) /.test(line)).slice(-SHOWN_LINES);
}
