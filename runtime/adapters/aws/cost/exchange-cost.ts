/**
 * Messages between TaskManagers, and the polls that fetch them. Pure; for an hour.
 *
 *     messages/s      1 / (linger + 1 / words)         the oldest word waits that long for others;
 *                                                      words (flushes, watermarks) come by chance
 *     units of a send max(1, bytes / 64 KiB)           packed so that a unit is filled
 *     through S3      from `claimThresholdBytes` on: PUT, GET, and a message that names the object
 *     polls/s         1 / (poll + wait), M at most, and every 20 s at least; wait for M messages/s
 *                     of L lanes = (1 − poll·M/L)^L · (L/M − poll) / (L + 1): each lane's come
 *                     evenly, one after the other's linger; so an idle inbox is polled every 20 s,
 *                     a busy one all the time
 *     deletes/s       1 / (1.5 s + wait), wait = L / (L + 1) / M: messages of one lane come evenly
 *     commands        few, in bursts of a checkpoint: a poll each and a delete a burst, as far as
 *                     those that carry records do not take them along
 *
 * @see https://aws.amazon.com/sqs/pricing: each 64 KB chunk of a payload is billed as one request.
 */
import { type AwsPrices, claimThresholdBytes } from '../prices.ts';
import { COST_ASSUMPTIONS, MESSAGE_ENCODING_FACTOR } from './assumptions.ts';
import { type CostLine, line, mergeLines, times } from './billed-units.ts';
import type { CostLayout, Lane, Receivers } from './cost-layout.ts';

const HOUR_S = 3_600;

/** What goes through an edge, before it is spread over channels. */
export interface EdgeTraffic {
  readonly recordsPerS: number;
  readonly recordBytes: number;
}

export interface ExchangeFacts {
  readonly layout: CostLayout;
  /** By edge id. */
  readonly edges: ReadonlyMap<number, EdgeTraffic>;
  /** 0: none. */
  readonly watermarkIntervalMs: number;
  readonly lingerMs: number;
  /** Of a poll that finds messages, with what follows until the next. */
  readonly pollMs: number;
  readonly prices: AwsPrices;
}

/** What goes along one lane in a second. */
export interface LaneTraffic {
  readonly bytesPerS: number;
  readonly messagesPerS: number;
  readonly isClaimed: boolean;
  /** Messages back, with nothing but acknowledgements. */
  readonly acksPerS: number;
}

/** An hour of records, and of polls for them. */
export function exchangeLines(facts: ExchangeFacts): readonly CostLine[] {
  const { receivers, taskManagers } = facts.layout;
  const acks = receivers.reduce(
    (sum, { lanes, taskManagers: count }) =>
      sum +
      count * lanes.reduce((acksPerS, lane) => acksPerS + laneAcks(lane, facts) * lane.count, 0),
    0,
  );
  // Acknowledgements are spread over all inboxes.
  const others = acks / Math.max(1, taskManagers);
  return mergeLines(
    receivers.flatMap((group) =>
      times(group.taskManagers * HOUR_S, inboxASecond(group, others, facts)),
    ),
  );
}

function laneAcks(lane: Lane, facts: ExchangeFacts): number {
  return laneTraffic(lane, facts).acksPerS;
}

function inboxASecond(
  { lanes }: Receivers,
  othersPerS: number,
  facts: ExchangeFacts,
): readonly CostLine[] {
  const unitBytes = facts.prices.sqs.requestBytes;
  const lines: CostLine[] = [];
  let messagesPerS = othersPerS;
  let bytesPerS = othersPerS * COST_ASSUMPTIONS.exchange.messageBytes;
  for (const lane of lanes) {
    const traffic = laneTraffic(lane, facts);
    const { messagesPerS: sent, isClaimed, acksPerS } = traffic;
    const units = isClaimed ? sent : Math.max(sent, traffic.bytesPerS / unitBytes);
    const laneLines = [
      line('exchange', 'sqs:SendMessage', sent + acksPerS, {
        sqsStandardRequests: units + acksPerS,
      }),
      ...(isClaimed ? claims(sent) : []),
    ];
    lines.push(...times(lane.count, laneLines));
    messagesPerS += lane.count * sent;
    bytesPerS += lane.count * (isClaimed ? 0 : traffic.bytesPerS);
  }
  const laneCount = lanes.reduce((sum, { count }) => sum + count, 0);
  const inbox = { messagesPerS, bytesPerS, lanes: Math.max(1, laneCount), pollMs: facts.pollMs };
  return [...lines, ...pollsASecond(inbox, unitBytes)];
}

/** Commands of the coordinator, and those that come together. */
export interface Commands {
  readonly count: number;
  readonly bursts: number;
}

/** Polls and deletes for commands, spread over all inboxes, which no record takes along. */
export function commandPollLines(facts: ExchangeFacts, commands: Commands): readonly CostLine[] {
  const { receivers, taskManagers } = facts.layout;
  const { deleteLingerMs, messagesACall } = COST_ASSUMPTIONS.exchange;
  let polls = 0;
  let deletes = 0;
  for (const { lanes, taskManagers: count } of receivers) {
    const share = count / Math.max(1, taskManagers);
    const perS = lanes.reduce((sum, lane) => sum + lane.count * laneMessages(lane, facts), 0);
    polls += share * commands.count * Math.exp((-perS * facts.pollMs) / 1_000);
    // Alone they wait for each other; among records each is one of those that a delete takes.
    const alone = commands.bursts / (1 + (perS * deleteLingerMs) / 1_000);
    deletes += share * Math.max(alone, commands.count / messagesACall);
  }
  return [
    line('inboxes', 'sqs:ReceiveMessage', polls, { sqsStandardRequests: polls }),
    line('inboxes', 'sqs:DeleteMessageBatch', deletes, { sqsStandardRequests: deletes }),
  ];
}

function laneMessages(lane: Lane, facts: ExchangeFacts): number {
  return laneTraffic(lane, facts).messagesPerS;
}

function claims(count: number): readonly CostLine[] {
  return [
    line('exchange', 's3:PutObject', count, { s3WriteRequests: count }),
    line('exchange', 's3:GetObject', count, { s3ReadRequests: count }),
    line('exchange', 's3:DeleteObject', count, {}),
  ];
}

/** Of all messages with records; 0: there are none. */
export function meanMessageBytes(facts: ExchangeFacts): number {
  let bytesPerS = 0;
  let messagesPerS = 0;
  for (const { taskManagers, lanes } of facts.layout.receivers) {
    for (const lane of lanes) {
      const traffic = laneTraffic(lane, facts);
      bytesPerS += taskManagers * lane.count * traffic.bytesPerS;
      messagesPerS += taskManagers * lane.count * traffic.messagesPerS;
    }
  }
  return messagesPerS === 0 ? 0 : bytesPerS / messagesPerS;
}

/** Of the lane that carries most, with what packs its records; 0: nothing crosses. */
export function busiestLaneBytesPerS(facts: ExchangeFacts): number {
  const lanes = facts.layout.receivers.flatMap((group) => group.lanes);
  return lanes.reduce((most, lane) => Math.max(most, laneTraffic(lane, facts).bytesPerS), 0);
}

interface InboxTraffic {
  readonly messagesPerS: number;
  readonly bytesPerS: number;
  readonly lanes: number;
  readonly pollMs: number;
}

/** Of one inbox. */
function pollsASecond(
  { messagesPerS, bytesPerS, lanes, pollMs }: InboxTraffic,
  unitBytes: number,
): readonly CostLine[] {
  const { longPollS, messagesACall, maxCallBytes, deleteLingerMs } = COST_ASSUMPTIONS.exchange;
  const chance = pollsBy({ messagesPerS, lanes }, pollMs / 1_000, longPollS);
  const polls = Math.max(chance, messagesPerS / messagesACall, bytesPerS / maxCallBytes);
  const waiting = (messagesPerS * deleteLingerMs) / 1_000;
  const deletes = messagesPerS / meanBatch(waiting, messagesACall);
  return [
    line('inboxes', 'sqs:ReceiveMessage', polls, {
      sqsStandardRequests: Math.max(polls, bytesPerS / unitBytes),
    }),
    line('inboxes', 'sqs:DeleteMessageBatch', deletes, { sqsStandardRequests: deletes }),
  ];
}

function pollsBy(
  { messagesPerS, lanes }: Pick<InboxTraffic, 'messagesPerS' | 'lanes'>,
  pollS: number,
  longPollS: number,
): number {
  const idle = 1 / (pollS + longPollS);
  if (messagesPerS === 0) return idle;
  const periodS = lanes / messagesPerS;
  const noneYet = Math.max(0, 1 - pollS / periodS) ** lanes;
  const waitS = (noneYet * Math.max(0, periodS - pollS)) / (lanes + 1);
  return Math.max(idle, Math.min(messagesPerS, 1 / (pollS + waitS)));
}

/**
 * What goes together that waits for company: the first, and by chance so many more; at most `most`.
 * 1 + E[min(N, most − 1)], N of a Poisson distribution.
 */
function meanBatch(more: number, most: number): number {
  let chance = Math.exp(-more);
  let left = 1;
  let mean = 1;
  for (let count = 1; count < most; count++) {
    left -= chance;
    mean += left;
    chance *= more / count;
  }
  return mean;
}

/** How often something happens that waits this long after the first of events that come so often. */
function cyclesPerS(eventsPerS: number, waitS: number): number {
  return eventsPerS === 0 ? 0 : 1 / (waitS + 1 / eventsPerS);
}

/** What goes along a lane of this kind. */
export function laneTraffic(lane: Lane, facts: ExchangeFacts): LaneTraffic {
  const exchange = COST_ASSUMPTIONS.exchange;
  const { edges, watermarkIntervalMs, lingerMs, prices } = facts;
  let recordsPerS = 0;
  let payloadPerS = 0;
  for (const { edgeId, share } of lane.parts) {
    const edge = edges.get(edgeId);
    if (edge === undefined) continue;
    recordsPerS += edge.recordsPerS * share;
    payloadPerS += edge.recordsPerS * share * edge.recordBytes;
  }
  const flushes = Math.min(recordsPerS, exchange.flushesPerS * lane.fromSlots);
  // A slot's watermarks leave at one moment, on every channel.
  const watermarks =
    watermarkIntervalMs === 0
      ? 0
      : Math.min(recordsPerS, (1_000 / watermarkIntervalMs) * lane.fromSlots);
  const watermarkFrames = (watermarks * lane.channels) / Math.max(1, lane.fromSlots);
  const frames = flushes + payloadPerS / exchange.bufferBytes + watermarkFrames;
  const lingerS = lingerMs / 1_000;
  const packed = cyclesPerS(flushes + watermarks, lingerS);
  const wireBytes = payloadPerS + frames * exchange.frameBytes + packed * exchange.messageBytes;
  const bytesPerS = (wireBytes * MESSAGE_ENCODING_FACTOR) / exchange.fill;
  const claimBytes = claimThresholdBytes(prices);
  const isClaimed = packed > 0 && bytesPerS / packed >= claimBytes;
  const messagesPerS = isClaimed ? bytesPerS / claimBytes : packed;
  const owed = Math.max(
    cyclesPerS(messagesPerS, exchange.ackDelayMs / 1_000),
    frames / exchange.creditFrames,
    payloadPerS / exchange.creditBytes,
  );
  const acksPerS = lane.isAnswered ? 0 : cyclesPerS(owed, lingerS);
  return { bytesPerS, messagesPerS, isClaimed, acksPerS };
}
