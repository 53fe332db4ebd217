/** Whatever the job: what is added up is what there is, and more traffic never costs less. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { US_EAST_1_PRICES as PRICES } from '../prices.ts';
import { COST_SERVICES, serviceOf, usdOf } from './billed-units.ts';
import { costInput } from './cost-graph.conformance.ts';
import type { CostInput } from './cost-input.ts';
import { costLayout } from './cost-layout.ts';
import { costModel, countedLines, edgesOf, estimateCost } from './cost-model.ts';

const PARTITIONERS = ['HASH', 'REBALANCE', 'RESCALE', 'BROADCAST', 'GLOBAL', 'FORWARD'] as const;

/** Any rate, from a record an hour to a million a second. */
const rates = fc.double({ min: -3.5, max: 6, noNaN: true }).map((power) => 10 ** power);

const inputs: fc.Arbitrary<CostInput> = fc
  .record({
    parallelism: fc.integer({ min: 1, max: 12 }),
    partitioner: fc.constantFrom(...PARTITIONERS),
    taskSlots: fc.integer({ min: 1, max: 6 }),
    rateRecordsPerS: rates,
    recordBytes: fc.integer({ min: 1, max: 20_000 }),
    keys: fc.integer({ min: 0, max: 1_000_000 }),
    stateBytesPerKey: fc.integer({ min: 1, max: 2_000 }),
    checkpointIntervalMs: fc.integer({ min: 1_000, max: 3_600_000 }),
    incremental: fc.boolean(),
    lingerMs: fc.integer({ min: 0, max: 2_000 }),
    leaseMs: fc.integer({ min: 5_000, max: 840_000 }),
    watermarkIntervalMs: fc.constantFrom(0, 200),
    activeShare: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ parallelism, partitioner, ...given }) => costInput({ parallelism, partitioner }, given));

describe('the cost model', () => {
  it('splits what it costs by service, reason and caller without a rest', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { lines, usdPerHour, usdByService } = estimateCost(input);
        const byService = COST_SERVICES.reduce((sum, service) => sum + usdByService[service], 0);
        assert.ok(Math.abs(byService - usdPerHour) <= 1e-9 * usdPerHour);
        const byLine = lines.reduce((sum, line) => sum + usdOf([line], PRICES), 0);
        assert.ok(Math.abs(byLine - usdPerHour) <= 1e-9 * usdPerHour);
        for (const line of lines) {
          serviceOf(line);
          for (const count of [line.calls, ...Object.values(line.units)]) {
            assert.ok(Number.isFinite(count) && count >= 0, `${line.operation} ${count}`);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('never asks less for more records between TaskManagers', () => {
    fc.assert(
      fc.property(inputs, fc.double({ min: 1, max: 100, noNaN: true }), (input, factor) => {
        const at = (rateRecordsPerS: number): number => exchangeUsd({ ...input, rateRecordsPerS });
        const [less, more] = [at(input.rateRecordsPerS), at(input.rateRecordsPerS * factor)];
        assert.ok(more >= less * (1 - 1e-9), `${more} < ${less}`);
      }),
      { numRuns: 300 },
    );
  });

  it('sends nothing without records, and is called by nobody while it hibernates', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        assert.equal(sends({ ...input, rateRecordsPerS: 0 }), 0);
        const idle = estimateCost({ ...input, activeShare: 0 });
        assert.equal(
          idle.lines.reduce((sum, { calls }) => sum + calls, 0),
          0,
        );
        assert.ok(Math.abs(idle.usdPerHour * 730 - idle.idleUsdPerMonth) < 1e-9);
      }),
      { numRuns: 100 },
    );
  });

  it('asks for twice as much for twice the events and the time', () => {
    fc.assert(
      fc.property(inputs, fc.integer({ min: 0, max: 50 }), (input, checkpoints) => {
        const model = costModel(input);
        const counted = (times: number): number =>
          usdOf(
            countedLines(model, {
              activeS: 60 * times,
              checkpoints: checkpoints * times,
              wantedCheckpoints: 0,
              handOvers: 3 * times,
              attempts: times,
              jobs: times,
              metricsReports: times,
              apiRequests: times,
            }),
            PRICES,
          );
        assert.ok(Math.abs(counted(2) - 2 * counted(1)) <= 1e-9 * counted(2));
      }),
      { numRuns: 100 },
    );
  });
});

describe('costLayout', () => {
  it('lets every record arrive as often as the partitioner says', () => {
    fc.assert(
      fc.property(inputs, ({ executionGraph, taskSlots }) => {
        const [edge] = executionGraph.jobGraph.edges;
        const parallelism = executionGraph.slots.length;
        const copies = edge?.partitioner === 'BROADCAST' ? parallelism : 1;
        const crossing = costLayout(executionGraph, taskSlots).crossShares.get(0) ?? 0;
        const apart = costLayout(executionGraph, 1).crossShares.get(0) ?? 0;
        assert.ok(crossing >= 0 && crossing <= apart + 1e-9 && apart <= copies);
        assert.equal(costLayout(executionGraph, parallelism).crossShares.get(0), 0);
        const pointwise = ['FORWARD', 'RESCALE'].includes(edge?.partitioner ?? '');
        const stays = edge?.partitioner === 'GLOBAL' ? 1 / parallelism : copies / parallelism;
        if (pointwise) assert.equal(apart, 0);
        else assert.ok(Math.abs(apart - (copies - stays)) < 1e-9, `${apart}`);
      }),
      { numRuns: 200 },
    );
  });
});

function exchangeUsd(input: CostInput): number {
  const model = costModel(input);
  assert.ok(edgesOf(model).size > 0);
  const lines = countedLines(model, { ...NO_EVENTS, activeS: 3600 });
  return usdOf(
    lines.filter(({ reason }) => reason === 'exchange' || reason === 'inboxes'),
    PRICES,
  );
}

function sends(input: CostInput): number {
  const lines = countedLines(costModel(input), { ...NO_EVENTS, activeS: 3600 });
  return lines
    .filter(({ reason }) => reason === 'exchange')
    .reduce((sum, { calls }) => sum + calls, 0);
}

const NO_EVENTS = {
  activeS: 0,
  checkpoints: 0,
  wantedCheckpoints: 0,
  handOvers: 0,
  attempts: 0,
  jobs: 0,
  metricsReports: 0,
  apiRequests: 0,
};
