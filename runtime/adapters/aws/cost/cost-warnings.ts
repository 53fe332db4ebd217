/** What makes a design a bad idea on AWS, each with the number and what to do. Pure. */

import { COST_ASSUMPTIONS } from './assumptions.ts';
import { type CostLine, usdOf } from './billed-units.ts';
import {
  type CostEstimate,
  type CostModel,
  edgesOf,
  exchangeFacts,
  HOURS_A_MONTH,
  sourceBytesPerS,
  sourceRecordsPerS,
} from './cost-model.ts';
import { busiestLaneBytesPerS, meanMessageBytes } from './exchange-cost.ts';
import type { BreakEven } from './managed-flink.ts';
import { bytesText, durationText, moneyText, percentText } from './quantity-text.ts';

export type CostWarningCode =
  | 'HOP_EXPENSIVE'
  | 'LANE_OVERLOADED'
  | 'CHECKPOINTS_EXPENSIVE'
  | 'CHECKPOINTS_TOO_CLOSE'
  | 'CHECKPOINTS_TOO_RARE'
  | 'NO_CHECKPOINTS'
  | 'SLOTS_IDLE'
  | 'SLOTS_UNUSED'
  | 'SLOTS_OVERLOADED'
  | 'STATE_TOO_LARGE'
  | 'TOO_MANY_TASK_MANAGERS'
  | 'MANAGED_FLINK_CHEAPER';

export interface CostWarning {
  readonly code: CostWarningCode;
  /** What is wrong, with its number. */
  readonly message: string;
  /** What to do. */
  readonly advice: string;
}

/** Of a job's slots: from a run, what they were busy. */
export interface CostWarningFacts {
  readonly model: CostModel;
  readonly estimate: CostEstimate;
  readonly breakEven: BreakEven;
  /** Busy time of all slots together, in slots; without, from what a slot usually gets done. */
  readonly busySlots?: number;
}

/** A hop that costs more than this part of what invocations do is worth a thought. */
const HOP_SHARE = 0.25;
const CHECKPOINT_SHARE = 0.1;
const IDLE_SHARE = 0.1;
const OVERLOAD_SHARE = 0.8;
/** Time between checkpoints, in turns of the coordinator for one of them. */
const CHECKPOINT_ROOM = 4;
/** Heap of a slot that state may fill; the rest is records under way and garbage. */
const STATE_HEAP_SHARE = 0.7;
/** As `taskmanager/memory-pressure.ts` splits the memory of a function. */
const OVERHEAD_MB = 96;
const SLOT_HEAP_SHARE = 0.75;
const MIB = 1024 * 1024;
/** What an account may run at once, until it asks for more, and functions beside TaskManagers. */
const USUAL_MAX_TASK_MANAGERS = 900;

/** The gravest first. */
export function costWarnings(facts: CostWarningFacts): readonly CostWarning[] {
  return [
    ...stateWarnings(facts),
    ...taskManagerWarnings(facts),
    ...laneWarnings(facts),
    ...managedWarnings(facts),
    ...hopWarnings(facts),
    ...checkpointWarnings(facts),
    ...slotWarnings(facts),
  ];
}

function hopWarnings({ model, estimate }: CostWarningFacts): readonly CostWarning[] {
  const { input, layout } = model;
  const { jobGraph } = input.executionGraph;
  const names = new Map(jobGraph.vertices.map(({ id, name }) => [id, name]));
  const exchangeUsd =
    usdFor(estimate.lines, model, 'exchange') + usdFor(estimate.lines, model, 'inboxes');
  const messageBytes = bytesText(meanMessageBytes(exchangeFacts(model)));
  const slotsUsd = usdFor(estimate.lines, model, 'slots');
  const edges = edgesOf(model);
  const bytesPerS = jobGraph.edges.map(({ id }) => {
    const { recordsPerS = 0, recordBytes = 0 } = edges.get(id) ?? {};
    return recordsPerS * recordBytes * (layout.crossShares.get(id) ?? 0);
  });
  const allBytes = bytesPerS.reduce((sum, one) => sum + one, 0);
  return jobGraph.edges.flatMap((edge, i): readonly CostWarning[] => {
    const share = allBytes === 0 ? 0 : (bytesPerS[i] ?? 0) / allBytes;
    const hopUsd = exchangeUsd * share;
    if (hopUsd === 0 || hopUsd <= HOP_SHARE * slotsUsd) return [];
    const [from, to] = [names.get(edge.sourceVertexId), names.get(edge.targetVertexId)];
    return [
      {
        code: 'HOP_EXPENSIVE',
        message:
          `${edge.partitioner} from '${from}' to '${to}' sends ` +
          `${bytesText(bytesPerS[i] ?? 0)}/s ` +
          `between TaskManagers, in messages of ${messageBytes}: ${againstSlots(hopUsd, slotsUsd)}`,
        advice:
          'aggregate or filter before it, send fewer fields, lower the parallelism, let messages ' +
          'wait longer for company (--linger), or host more slots in a TaskManager (--slots): ' +
          'inside one nothing is sent',
      },
    ];
  });
}

function laneWarnings({ model }: CostWarningFacts): readonly CostWarning[] {
  const bytesPerS = busiestLaneBytesPerS(exchangeFacts(model));
  const { laneBytesPerS: most } = COST_ASSUMPTIONS.exchange;
  if (bytesPerS <= OVERLOAD_SHARE * most) return [];
  return [
    {
      code: 'LANE_OVERLOADED',
      message:
        `one TaskManager would have to send ${bytesText(bytesPerS)}/s to one other, ` +
        `where about ${bytesText(most)}/s get through`,
      advice:
        `raise the parallelism to ${parallelismForLanes(model, bytesPerS)}, as lanes are the ` +
        'square of TaskManagers, aggregate or filter before the hop, send fewer fields, or host ' +
        'more slots in a TaskManager (--slots): inside one nothing is sent',
    },
  ];
}

/** A lane's part of what crosses falls with the square of TaskManagers. */
function parallelismForLanes({ layout, input }: CostModel, bytesPerS: number): number {
  const load = bytesPerS / (OVERLOAD_SHARE * COST_ASSUMPTIONS.exchange.laneBytesPerS);
  return Math.ceil(layout.taskManagers * Math.sqrt(load)) * input.taskSlots;
}

function checkpointWarnings(facts: CostWarningFacts): readonly CostWarning[] {
  const { model, estimate } = facts;
  const { checkpointIntervalMs: intervalMs, leaseMs } = model.input;
  if (intervalMs === undefined) {
    return [
      {
        code: 'NO_CHECKPOINTS',
        message: 'the job takes no checkpoints but those that hand-overs ask for',
        advice: `after a failure it begins anew: set execution.checkpointing.interval`,
      },
    ];
  }
  return [
    ...expensiveCheckpoints(facts, intervalMs),
    ...(checkpointSeconds(estimate.checkpointLines) * 1_000 * CHECKPOINT_ROOM > intervalMs
      ? [tooClose(estimate, intervalMs)]
      : []),
    ...(intervalMs > leaseMs
      ? [
          {
            code: 'CHECKPOINTS_TOO_RARE' as const,
            message: `checkpoints every ${durationText(intervalMs)} are rarer than leases of ${durationText(leaseMs)}`,
            advice: `each hand-over asks for one of its own: an interval of ${durationText(leaseMs / 2)} costs no more`,
          },
        ]
      : []),
  ];
}

function expensiveCheckpoints(
  { model, estimate }: CostWarningFacts,
  intervalMs: number,
): readonly CostWarning[] {
  const slotsUsd = usdFor(estimate.lines, model, 'slots');
  const dueUsd =
    (usdOf(estimate.checkpointLines, model.prices) * 3_600_000 * model.input.activeShare) /
    intervalMs;
  if (dueUsd <= CHECKPOINT_SHARE * slotsUsd) return [];
  const enoughMs = intervalMs * (dueUsd / (CHECKPOINT_SHARE * slotsUsd));
  return [
    {
      code: 'CHECKPOINTS_EXPENSIVE',
      message: `checkpoints every ${durationText(intervalMs)} cost ${againstSlots(dueUsd, slotsUsd)}`,
      advice: `with an interval of ${durationText(enoughMs)} they are about a tenth of it`,
    },
  ];
}

function againstSlots(usdPerHour: number, slotsUsdPerHour: number): string {
  const [part, slots] = [usdPerHour, slotsUsdPerHour].map((usd) => moneyText(usd * HOURS_A_MONTH));
  return `$${part} a month, against $${slots} for the slots`;
}

/** What the coordinator is busy with one. */
function checkpointSeconds(lines: readonly CostLine[]): number {
  const { memoryMb } = COST_ASSUMPTIONS.turns;
  const gbSeconds = lines.reduce((sum, { units }) => sum + (units.lambdaGbSeconds ?? 0), 0);
  return gbSeconds / (memoryMb / 1024);
}

function tooClose({ checkpointLines: lines }: CostEstimate, intervalMs: number): CostWarning {
  const busyMs = checkpointSeconds(lines) * 1_000;
  return {
    code: 'CHECKPOINTS_TOO_CLOSE',
    message:
      `the coordinator works ${durationText(busyMs)} for a checkpoint, and has ` +
      `${durationText(intervalMs)} until the next`,
    advice: `give it ${durationText(busyMs * CHECKPOINT_ROOM)} or more: messages through queues take their time`,
  };
}

/** What of their time slots are busy, and what says so: the most of records, bytes and lanes. */
function busyShare({ model, busySlots }: CostWarningFacts): {
  readonly share: number;
  /** Of all slots together, without the lanes between them. */
  readonly busy: number;
  readonly from: string;
} {
  const { input, layout, traffic } = model;
  const { slotRecordsPerS, slotBytesPerS, exchange } = COST_ASSUMPTIONS;
  const records = sourceRecordsPerS(input, traffic) / slotRecordsPerS;
  const bytes = sourceBytesPerS(input, traffic) / slotBytesPerS;
  const [busy, from] =
    busySlots !== undefined
      ? [busySlots, 'by the run']
      : bytes > records
        ? [bytes, `as a slot gets ${bytesText(slotBytesPerS)} a second done`]
        : [records, 'as a slot gets 50,000 records a second done'];
  const lane = busiestLaneBytesPerS(exchangeFacts(model)) / exchange.laneBytesPerS;
  if (lane <= busy / layout.slots) return { share: busy / layout.slots, busy, from };
  const laneText = `as about ${bytesText(exchange.laneBytesPerS)}/s get from one TaskManager to another`;
  return { share: lane, busy, from: laneText };
}

function slotWarnings(facts: CostWarningFacts): readonly CostWarning[] {
  const { input, layout } = facts.model;
  const { taskSlots } = input;
  const { share, busy, from } = busyShare(facts);
  const isLane = share > busy / layout.slots;
  const needed = Math.max(1, Math.ceil(busy / OVERLOAD_SHARE));
  const unused = layout.taskManagers * taskSlots - layout.slots;
  return [
    ...(layout.slots > needed && share < IDLE_SHARE
      ? [
          {
            code: 'SLOTS_IDLE' as const,
            message: `${layout.slots} slots are busy ${percentText(share)} of the time, ${from}`,
            advice: `parallelism ${needed} is enough; a slot that waits costs as much as one that works`,
          },
        ]
      : []),
    ...(share > OVERLOAD_SHARE && !isLane
      ? [
          {
            code: 'SLOTS_OVERLOADED' as const,
            message: `${layout.slots} slots would be busy ${percentText(share)} of the time, ${from}`,
            advice: `raise the parallelism to ${needed}, or measure: --from-run`,
          },
        ]
      : []),
    ...(unused > 0
      ? [
          {
            code: 'SLOTS_UNUSED' as const,
            message: `${layout.slots} slots leave ${unused} of ${layout.taskManagers} TaskManagers with ${taskSlots} empty`,
            advice: `they are paid for: choose a parallelism that is a multiple of ${taskSlots}, or --slots that divide it`,
          },
        ]
      : []),
  ];
}

function stateWarnings({ model }: CostWarningFacts): readonly CostWarning[] {
  const { input, layout, state } = model;
  const { heapFactor } = COST_ASSUMPTIONS.state;
  // A vertex's subtasks are in as many slots; the first slot has one of each.
  const slotBytes = state.reduce((sum, { plan }) => sum + plan.liveBytes * heapFactor, 0);
  const heapBytes = ((input.memoryMb - OVERHEAD_MB) * SLOT_HEAP_SHARE * MIB) / input.taskSlots;
  const roomBytes = heapBytes * STATE_HEAP_SHARE;
  if (slotBytes <= roomBytes) return [];
  const parallelism = Math.ceil((layout.slots * slotBytes) / roomBytes);
  return [
    {
      code: 'STATE_TOO_LARGE',
      message:
        `the state of a slot takes about ${bytesText(slotBytes)} of memory, ` +
        `where ${bytesText(roomBytes)} are free for it`,
      advice: `raise the parallelism to ${parallelism}, or give keys a time to live; state has to fit into memory`,
    },
  ];
}

function taskManagerWarnings({ model }: CostWarningFacts): readonly CostWarning[] {
  const { taskManagers } = model.layout;
  if (taskManagers <= USUAL_MAX_TASK_MANAGERS) return [];
  return [
    {
      code: 'TOO_MANY_TASK_MANAGERS',
      message: `${taskManagers} TaskManagers run at once; an account has 1,000 invocations for all its functions`,
      advice:
        'host more slots in each (--slots), or ask for a higher quota and raise maxTaskManagers',
    },
  ];
}

function managedWarnings({ model, estimate, breakEven }: CostWarningFacts): readonly CostWarning[] {
  const { managedUsdPerMonth, rateRecordsPerS } = breakEven;
  const monthUsd = estimate.usdPerHour * HOURS_A_MONTH;
  if (monthUsd <= managedUsdPerMonth) return [];
  const limit =
    typeof rateRecordsPerS === 'number'
      ? `below ${rateRecordsPerS.toPrecision(2)} records a second it would not be`
      : 'at this parallelism it is at any rate';
  const { activeShare } = model.input;
  return [
    {
      code: 'MANAGED_FLINK_CHEAPER',
      message:
        `$${moneyText(monthUsd)} a month is more than the smallest application of Managed ` +
        `Service for Apache Flink, $${moneyText(managedUsdPerMonth)}; ${limit}`,
      advice:
        'if one KPU manages it, take that, or be active less than ' +
        `${percentText(breakEven.activeShare)} of the time ` +
        (activeShare < 1 ? `(now ${percentText(activeShare)})` : 'and hibernate'),
    },
  ];
}

function usdFor(
  lines: readonly CostLine[],
  { prices }: CostModel,
  reason: CostLine['reason'],
): number {
  return usdOf(
    lines.filter((line) => line.reason === reason),
    prices,
  );
}
