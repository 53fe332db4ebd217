/**
 * Goal: the model is what a reader computes by hand from the prices and the assumptions; figures
 * are written out in the comments.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { US_EAST_1_PRICES as PRICES } from '../prices.ts';
import { type CostLine, mergeLines, serviceOf, usdByService, usdOf } from './billed-units.ts';
import { costInput } from './cost-graph.conformance.ts';
import {
  activeHour,
  type CostEvents,
  clusterLines,
  costModel,
  estimateCost,
  expectedCounts,
} from './cost-model.ts';

const NOTHING: CostEvents = {
  activeS: 0,
  checkpoints: 0,
  wantedCheckpoints: 0,
  handOvers: 0,
  attempts: 0,
  jobs: 0,
  takeOvers: 0,
  metricsReports: 0,
  apiRequests: 0,
};

function near(actual: number | undefined, expected: number, what = ''): void {
  const isNear = actual !== undefined && Math.abs(actual - expected) <= Math.abs(expected) * 1e-9;
  assert.ok(isNear, `${what} ${actual} is not ${expected}`);
}

describe('expectedCounts', () => {
  it('counts the calls of a checkpoint of one slot', () => {
    // FORWARD: no keyed state, so no segments.
    const input = costInput({ partitioner: 'FORWARD' });
    assert.deepEqual(expectedCounts(input, { ...NOTHING, checkpoints: 1 }), {
      // A tick there and back; "it begins" and "it is complete" to the one inbox.
      'sqs:SendMessage': { calls: 4, units: { sqsStandardRequests: 3, sqsFifoRequests: 1 } },
      'sqs:SendMessageBatch': { calls: 1, units: { sqsFifoRequests: 1 } },
      // Each command is polled for; a delete takes both, if 250 ms are less than 1.5 s.
      'sqs:ReceiveMessage': { calls: 2, units: { sqsStandardRequests: 2 } },
      'sqs:DeleteMessageBatch': {
        calls: 1 + (1 / 6) ** 2,
        units: { sqsStandardRequests: 1 + (1 / 6) ** 2 },
      },
      // The tick's turn and that of the acknowledgement claim the job, and read nothing.
      'dynamodb:PutItem': { calls: 2, units: { dynamoWriteUnits: 2 } },
      // Who is in charge, by the collector.
      'dynamodb:GetItem': { calls: 1, units: { dynamoReadUnits: 1 } },
      // 15,168 bytes of JSON, compressed 3,034: 3 units, at the end of both turns; with both
      // acknowledgements, before they are stored, 3,154: 4. Each with a check; then the log's two
      // rows and the one that goes, with a check each.
      'dynamodb:TransactWriteItems': {
        calls: 5,
        units: { dynamoWriteUnits: 2 * (3 + 1 + (3 + 1) + (4 + 1) + (2 + 1) + (1 + 1)) },
      },
      // What is shown after each: 8 KiB, compressed 1,639 bytes.
      'dynamodb:UpdateItem': { calls: 2, units: { dynamoWriteUnits: 4 } },
      'dynamodb:Query': { calls: 17, units: { dynamoReadUnits: 17 } },
      's3:PutObject': { calls: 1, units: { s3WriteRequests: 1 } },
      's3:ListObjectsV2': { calls: 2, units: { s3WriteRequests: 2 } },
      's3:DeleteObject': { calls: 1, units: {} },
    });
  });

  it('counts what twelve slots acknowledge in turns of ten messages', () => {
    const input = costInput({ parallelism: 12, partitioner: 'FORWARD' }, { taskSlots: 6 });
    const counts = expectedCounts(input, { ...NOTHING, checkpoints: 1 });
    // One for the tick; the first acknowledgement; the others by tens: 1 + 1 + 2.
    assert.equal(counts['dynamodb:PutItem']?.calls, 4);
    // Shown is that it begins, the first acknowledgement, and that it is complete.
    assert.equal(counts['dynamodb:UpdateItem']?.calls, 3);
    // Two TaskManagers: a batch each; two commands each, and the tick's two.
    assert.equal(counts['sqs:SendMessageBatch']?.calls, 2);
    assert.equal(counts['sqs:SendMessage']?.calls, 6);
  });

  it('counts acknowledgements behind a hop in turns of their own', () => {
    const [inside, across] = [2, 1].map((taskSlots) => {
      const input = costInput({ parallelism: 2 }, { taskSlots });
      return expectedCounts(input, { ...NOTHING, checkpoints: 1 });
    });
    // A tick, two turns of acknowledgements; behind the hop two turns more.
    assert.equal(inside?.['dynamodb:PutItem']?.calls, 3);
    assert.equal(across?.['dynamodb:PutItem']?.calls, 5);
    assert.equal(across?.['sqs:SendMessageBatch']?.calls, 4);
  });

  it('counts what another process of the coordinator reads and sends again', () => {
    const given = { rememberedCheckpoints: 1 };
    const input = costInput({ parallelism: 2, partitioner: 'FORWARD' }, given);
    const counts = expectedCounts(input, { ...NOTHING, takeOvers: 2 });
    // The job twice, who is in charge, its record, its plan, the log's head.
    assert.equal(counts['dynamodb:GetItem']?.calls, 12);
    // The claim that is refused; the one that is not is of the turn. What lists show.
    assert.equal(counts['dynamodb:PutItem']?.calls, 2);
    assert.equal(counts['dynamodb:UpdateItem']?.calls, 2);
    assert.equal(counts['s3:GetObject']?.calls, 1);
    // Commands to both inboxes, twice; one tick, there and back.
    assert.equal(counts['sqs:SendMessage']?.calls, 6);
    const assumed = expectedCounts(input, { ...NOTHING, takeOvers: undefined, checkpoints: 1 });
    // None: the claims of three turns.
    assert.equal(assumed['dynamodb:PutItem']?.calls, 3);
  });

  it('counts the record that a take-over reads by its size, as an object if it is one', () => {
    const readOf = (rememberedCheckpoints: number) => {
      const input = costInput(
        { parallelism: 2, partitioner: 'FORWARD' },
        { rememberedCheckpoints },
      );
      const { 'dynamodb:GetItem': rows, 's3:GetObject': objects } = expectedCounts(input, {
        ...NOTHING,
        takeOvers: 1,
      });
      return [rows?.units.dynamoReadUnits, objects?.calls];
    };
    assert.deepEqual(readOf(1), [6, 0.5]);
    // Far above 4 KB, from which an object costs less than a row.
    assert.deepEqual(readOf(1_000), [6, 1.5]);
  });

  it('shows nothing of turns that nobody expected', () => {
    const input = costInput({ partitioner: 'FORWARD' });
    const counts = expectedCounts(input, { ...NOTHING, turns: 3 });
    assert.equal(counts['dynamodb:PutItem']?.calls, 3);
    assert.equal(counts['dynamodb:UpdateItem'], undefined);
  });

  it('counts what is done once for a job, in inboxes', () => {
    const given = { rememberedCheckpoints: 1 };
    const input = costInput({ parallelism: 3, partitioner: 'FORWARD' }, given);
    const once = expectedCounts(input, { ...NOTHING, jobs: 1, attempts: 1 });
    assert.equal(once['sqs:CreateQueue']?.calls, 3);
    assert.equal(once['sqs:DeleteQueue']?.calls, 3);
    assert.equal(once['states:StartExecution']?.calls, 1);
    // The upload, the program, the attempt; read by the API, plan, each TaskManager twice.
    assert.equal(once['s3:PutObject']?.calls, 3);
    assert.equal(once['s3:GetObject']?.calls, 2 + 3 * 2);
    // The upload, and that it runs; plan asks what the account lets run.
    assert.equal(once['execute-api:Request']?.calls, 2);
    assert.deepEqual(once['lambda:GetAccountSettings'], { calls: 1, units: {} });
    // Turns: three of the attempt, four at the end; a lease of each TaskManager.
    assert.equal(once['dynamodb:PutItem']?.calls, 3 + 4 + 3);
    // Shown: that it is asked for, runs, has ended; the end in lists; plan's two.
    assert.equal(once['dynamodb:UpdateItem']?.calls, 3 + 1 + 2);
  });

  it('counts who looks at a job: what is shown, and its plan', () => {
    const input = costInput({ partitioner: 'FORWARD' });
    const counts = expectedCounts(input, { ...NOTHING, apiRequests: 3 });
    assert.equal(counts['execute-api:Request']?.calls, 3);
    assert.equal(counts['dynamodb:GetItem']?.calls, 6);
  });

  it('polls an inbox into which nothing comes every 20 s', () => {
    const input = costInput({ partitioner: 'FORWARD' });
    const counts = expectedCounts(input, { ...NOTHING, activeS: 3600 });
    near(counts['sqs:ReceiveMessage']?.calls, 3600 / 20.015);
    assert.equal(counts['sqs:DeleteMessageBatch'], undefined);
    assert.equal(counts['sqs:SendMessage'], undefined);
  });

  it('packs records of a keyed hop by the time they may wait', () => {
    const input = costInput({ parallelism: 2 }, { rateRecordsPerS: 1000 });
    const counts = expectedCounts(input, { ...NOTHING, activeS: 1 });
    // Two lanes of 250 records, which leave in 100 flushes and 5 watermarks: 1 / (100 ms + 1/105).
    near(counts['sqs:SendMessage']?.calls, 2 / (0.1 + 1 / 105));
    near(counts['sqs:SendMessage']?.units.sqsStandardRequests, 2 / (0.1 + 1 / 105));
    assert.equal(counts['s3:PutObject'], undefined);
  });

  it('deletes what has come by tens, or when it has waited', () => {
    const countsOf = (lingerMs: number, rateRecordsPerS: number) => {
      const input = costInput({ parallelism: 2 }, { lingerMs, rateRecordsPerS });
      const counts = expectedCounts(input, { ...NOTHING, activeS: 1 });
      const sent = counts['sqs:SendMessage']?.calls ?? Number.NaN;
      return { sent, deletes: counts['sqs:DeleteMessageBatch']?.calls };
    };
    // Two inboxes, 51 messages a second each: all by tens.
    const often = countsOf(10, 1_000);
    near(often.deletes, often.sent / 10, 'often');
    // One in 10 s: 0.15 more come within the 1.5 s.
    const seldom = countsOf(10_000, 100);
    near(seldom.deletes, seldom.sent / (1 + (1.5 * seldom.sent) / 2), 'seldom');
  });

  it('sends nothing where both slots are in one TaskManager', () => {
    const input = costInput({ parallelism: 2 }, { taskSlots: 2 });
    const counts = expectedCounts(input, { ...NOTHING, activeS: 1 });
    assert.deepEqual(Object.keys(counts), ['sqs:ReceiveMessage']);
  });

  it('sends large messages through the bucket', () => {
    const given = { rateRecordsPerS: 1_000_000, lingerMs: 1000 };
    const counts = expectedCounts(costInput({ parallelism: 2 }, given), { ...NOTHING, activeS: 1 });
    const puts = counts['s3:PutObject']?.calls ?? 0;
    // 100 MB through 508 KB each, and what packing wastes.
    assert.ok(puts > 197 && puts < 215, `puts=${puts}`);
    near(counts['s3:GetObject']?.calls, puts);
    near(counts['sqs:SendMessage']?.units.sqsStandardRequests, puts);
  });

  it('sends acknowledgements of their own where nothing goes back', () => {
    const graph = { parallelism: 2, sourceParallelism: 1 };
    const counts = expectedCounts(costInput(graph, { rateRecordsPerS: 2 }), {
      ...NOTHING,
      activeS: 1,
    });
    // One lane with one record and one watermark a second, at different times.
    const messages = 1 / (0.1 + 1 / 2);
    const acks = 1 / (0.1 + 5 + 1 / messages);
    near(counts['sqs:SendMessage']?.calls, messages + acks);
  });

  it('leaves out what AWS calls itself', () => {
    const counts = expectedCounts(costInput(), { ...NOTHING, handOvers: 1, attempts: 1 });
    const named = Object.keys(counts).filter((name) => /lambda|Transition|logs/.test(name));
    assert.deepEqual(named, []);
  });

  it('places segments by size, and deletes rows', () => {
    const written = (stateBytesPerKey: number, dirtyShare: number) => {
      const operators = [{ operator: 'count', keys: 100, stateBytesPerKey, dirtyShare }];
      const given = { operators, incremental: false };
      return expectedCounts(costInput({}, given), { ...NOTHING, checkpoints: 1 });
    };
    // 64 + 100 · 9 bytes stay inside; 64 + 1,700 are an item of 3 units with its keys.
    assert.equal(written(9, 0.1)['dynamodb:BatchWriteItem'], undefined);
    const item = written(17, 0.1);
    assert.deepEqual(item['dynamodb:BatchWriteItem'], {
      calls: 1,
      units: { dynamoWriteUnits: 3 },
    });
    // It, and the claims of two turns.
    assert.equal(item['dynamodb:PutItem']?.calls, 3);
    assert.equal(written(40, 0.1)['s3:PutObject']?.calls, 2);
    // Nothing has changed: nothing is written.
    assert.equal(written(40, 0)['s3:PutObject']?.calls, 1);
  });
});

describe('estimateCost', () => {
  it('asks for the time of a slot, whatever it does', () => {
    const { usdByService: usd, lines } = estimateCost(costInput({ partitioner: 'FORWARD' }));
    // 1,769 MB for an hour: 6,219.14 GB-s · $0.0000133334.
    const slots = lines.filter(({ reason }) => reason === 'slots');
    near(usdOf(slots, PRICES), (1769 / 1024) * 3600 * 0.0000133334);
    assert.ok(usd.Lambda > 0.0829 && usd.Lambda < 0.084);
  });

  it('rolls leases, each with two transitions', () => {
    const lines = estimateCost(costInput({ parallelism: 2 })).lines;
    const transitions = lines.filter(({ operation }) => operation === 'states:StateTransition');
    const leases = (2 * 3600) / 840;
    const count = transitions.reduce((sum, { units }) => sum + (units.stateTransitions ?? 0), 0);
    // A history has room for 22,000 / 7 leases; then an attempt begins: 4 + 2 + its leases' 4.
    near(count, 2 * leases + ((leases * 7) / 22_000) * 10);
  });

  it('asks for no metrics reports where checkpoints take them along', () => {
    const often = { checkpointIntervalMs: 30_000 };
    assert.equal(activeHour(costModel(costInput({}, often))).metricsReports, 0);
    const seldom = activeHour(costModel(costInput({}, { checkpointIntervalMs: 600_000 })));
    // 120 an hour, but for those of 6 checkpoints and 2 that hand-overs asked for.
    near(seldom.metricsReports, 120 - 6 - 3600 / 840 / 2);
  });

  it('costs nothing but storage while it hibernates', () => {
    const { lines, usdPerHour, idleUsdPerMonth } = estimateCost(costInput({}, { activeShare: 0 }));
    assert.deepEqual([...new Set(lines.map(({ reason }) => reason))], ['storage']);
    assert.ok(lines.every(({ calls }) => calls === 0));
    near(usdPerHour * 730, idleUsdPerMonth);
    assert.ok(idleUsdPerMonth > 0 && idleUsdPerMonth < 0.001);
  });

  it('tells money by checkpoint and by a million records', () => {
    const { usdPerHour, usdPerMillionRecords, usdPerCheckpoint, checkpointLines } = estimateCost(
      costInput(),
    );
    near(usdPerMillionRecords, usdPerHour / 1.8);
    near(usdPerCheckpoint, usdOf(checkpointLines, PRICES));
    const silent = estimateCost(costInput({}, { rateRecordsPerS: 0 }));
    assert.equal(silent.usdPerMillionRecords, undefined);
  });

  it('bills the polls of event source mappings to the cluster', () => {
    const polls = clusterLines().filter(({ operation }) => operation === 'sqs:ReceiveMessage');
    // Five for 20 s each, on two queues: 900 an hour each, $0.59 a month.
    near(usdOf(polls, PRICES) * 730, (900 * 0.4e-6 + 900 * 0.5e-6) * 730);
  });

  it('refuses numbers that are none, operators that are not there, and shares above one', () => {
    for (const given of [{ rateRecordsPerS: -1 }, { recordBytes: Number.NaN }, { taskSlots: 0 }]) {
      assert.throws(() => estimateCost(costInput({}, given)), { code: 'COST_INPUT_INVALID' });
    }
    assert.throws(() => estimateCost(costInput({}, { activeShare: 1.1 })), {
      code: 'COST_INPUT_INVALID',
      message: /activeShare=1\.1$/,
    });
    const operators = [{ operator: 'cuont', keys: 1 }];
    assert.throws(() => estimateCost(costInput({}, { operators })), {
      code: 'COST_OPERATOR_UNKNOWN',
      message: /only 'Source: events', 'parse', 'count', 'Sink: out': operator=cuont$/,
    });
  });

  it('needs no SDK', () => {
    const folder = new URL('./', import.meta.url);
    const sources = readdirSync(folder).filter((name) => !/test|conformance/.test(name));
    const urls = [...sources, '../prices.ts', '../segment-tier.ts'].map(
      (name) => new URL(name, folder),
    );
    for (const url of urls) {
      const imports = readFileSync(url, 'utf8').match(/from '[^']+'/g) ?? [];
      const foreign = imports.filter(
        (text) => /aws-sdk/.test(text) || /'\.\.\/(?!\.\.\/|prices|segment-tier)/.test(text),
      );
      assert.deepEqual(foreign, [], url.pathname);
    }
  });
});

describe('cost lines', () => {
  it('name services that bill', () => {
    const { lines } = estimateCost(costInput({ parallelism: 3 }, { apiRequestsPerHour: 10 }));
    const services = new Set([...lines, ...clusterLines()].map(serviceOf));
    assert.equal(services.size, 7);
    assert.throws(() => serviceOf({ operation: 'ec2:RunInstances' }));
  });

  it('merge into one for each operation, reason and caller', () => {
    const one: CostLine = {
      ...{ operation: 'sqs:SendMessage', reason: 'exchange', caller: 'code', calls: 1 },
      units: { sqsStandardRequests: 2 },
    };
    const other: CostLine = { ...one, units: { sqsFifoRequests: 1 } };
    const aws: CostLine = { ...one, caller: 'aws' };
    const nothing: CostLine = { ...one, operation: 's3:PutObject', calls: 0, units: {} };
    assert.deepEqual(mergeLines([one, other, aws, nothing]), [
      { ...one, calls: 2, units: { sqsStandardRequests: 2, sqsFifoRequests: 1 } },
      aws,
    ]);
    near(usdByService([one, other], PRICES).SQS, 2 * 0.4e-6 + 0.5e-6);
  });
});
