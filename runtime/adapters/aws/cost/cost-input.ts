/** What the cost model is told of a job: the plan, what goes through it, how it is run. */
import { StreamError } from '../../../core/index.ts';
import type { ExecutionGraph } from '../../../graph/index.ts';
import { COST_ASSUMPTIONS } from './assumptions.ts';

/** What is known of one operator; what is left out has the default of {@link CostInput}. */
export interface OperatorFacts {
  /** Its uid, its name, or `<vertex id>`; the first that fits. */
  readonly operator: string;
  /** Of a source: records a second; without, sources share the job's rate. */
  readonly rateRecordsPerS?: number;
  /** Records it gives for one that it takes. Default: 1. */
  readonly selectivity?: number;
  /** Of a record that it gives. Default: as those it takes. */
  readonly recordBytes?: number;
  /** Of keyed state: keys, over all subtasks. An operator that has none has no keyed state. */
  readonly keys?: number;
  /** Of one key in a segment, compressed. */
  readonly stateBytesPerKey?: number;
  /** Keys that change between two checkpoints, 0 to 1. Default: records hit keys evenly. */
  readonly dirtyShare?: number;
}

/** A job on AWS, as far as its cost depends on it. JSON, but for the graph. */
export interface CostInput {
  readonly executionGraph: ExecutionGraph;
  /** `taskmanager.numberOfTaskSlots` */
  readonly taskSlots: number;
  /** Of the TaskManager's function. */
  readonly memoryMb: number;
  /** Of all sources without one of their own, together. */
  readonly rateRecordsPerS: number;
  readonly recordBytes: number;
  readonly operators: readonly OperatorFacts[];
  /** Of every keyed operator, unless it says otherwise. */
  readonly keys: number;
  readonly stateBytesPerKey: number;
  /** Absent: none, but for those that hand-overs ask for. */
  readonly checkpointIntervalMs?: number;
  readonly incremental: boolean;
  readonly retainedCheckpoints: number;
  /** `web.checkpoints.history`: they make the job's row larger, and each turn dearer. */
  readonly rememberedCheckpoints: number;
  readonly leaseMs: number;
  /** How long what is sent to another TaskManager waits for company (`PackingSettings.lingerMs`). */
  readonly lingerMs: number;
  /** A poll that finds messages, with what follows until the next. */
  readonly pollMs: number;
  /** `pipeline.auto-watermark-interval`; 0: no watermarks. */
  readonly watermarkIntervalMs: number;
  /** Of the time, 0 to 1, that the job does not hibernate. */
  readonly activeShare: number;
  /** From hibernation; failures, too: each begins an attempt. */
  readonly attemptsPerHour: number;
  readonly apiRequestsPerHour: number;
}

/** Lambda gives a whole vCPU for it, and as many for as many times of it. */
export const MB_PER_SLOT = 1_769;
/** Lambda's quota. */
export const MAX_MEMORY_MB = 10_240;

/** What of {@link CostInput} need not be said. */
export const COST_DEFAULTS = {
  taskSlots: 1,
  operators: [] as readonly OperatorFacts[],
  keys: 10_000,
  stateBytesPerKey: 100,
  incremental: true,
  retainedCheckpoints: 1,
  rememberedCheckpoints: COST_ASSUMPTIONS.turns.rememberedCheckpoints,
  leaseMs: 840_000,
  lingerMs: COST_ASSUMPTIONS.exchange.lingerMs,
  pollMs: COST_ASSUMPTIONS.exchange.pollMs,
  watermarkIntervalMs: 200,
  activeShare: 1,
  attemptsPerHour: 0,
  apiRequestsPerHour: 0,
} as const;

/** Memory of a TaskManager with so many slots, as `sluice/cdk` chooses it. */
export function memoryMbOf(taskSlots: number): number {
  return Math.min(MAX_MEMORY_MB, taskSlots * MB_PER_SLOT);
}

/** @throws {StreamError} `COST_INPUT_INVALID` */
export function checkCostInput(input: CostInput): void {
  const { operators, executionGraph: _, incremental: _i, ...numbers } = input;
  for (const [name, value] of Object.entries(numbers)) check(name, value);
  for (const { operator, ...facts } of operators) {
    for (const [name, value] of Object.entries(facts)) check(`${operator}: ${name}`, value);
    if ((facts.dirtyShare ?? 0) > 1) throw invalid(`${operator}: dirtyShare`, facts.dirtyShare);
  }
  if (input.activeShare > 1) throw invalid('activeShare', input.activeShare);
  for (const name of [
    'taskSlots',
    'memoryMb',
    'leaseMs',
    'checkpointIntervalMs',
    'pollMs',
  ] as const) {
    if (input[name] === 0) throw invalid(name, input[name]);
  }
}

function check(name: string, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return;
  throw invalid(name, value);
}

function invalid(name: string, value: unknown): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'COST_INPUT_INVALID',
    message: `what costs are estimated from is out of range: ${name}=${String(value)}`,
    details: { name, value: String(value) },
  });
}
