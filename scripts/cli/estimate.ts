/** `sluice estimate`: what a program would cost on AWS. */

import {
  breakEven,
  COST_DEFAULTS,
  type CostInput,
  type CostModel,
  costModel,
  costWarnings,
  countedLines,
  estimateOf,
  memoryMbOf,
  usdOf,
} from '../../runtime/adapters/aws/cost/index.ts';
import { planJob } from '../../runtime/adapters/index.ts';
import { checkpointSettings } from '../../runtime/checkpoint/index.ts';
import { ConfigOptions } from '../../runtime/core/index.ts';
import type { ConsoleWorld } from './console-world.ts';
import { engineExports, shareEngine } from './engine-modules.ts';
import { type EstimateSettings, estimateSettings } from './estimate-options.ts';
import {
  busySlots,
  eventsOfRun,
  mergeOperators,
  operatorsOfRun,
  type RunFacts,
  readRun,
} from './estimate-run.ts';
import { type EstimateReport, estimateJson, estimateText } from './estimate-text.ts';
import { bundleProgram } from './job-arguments.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

const DEFAULT_RECORD_BYTES = 200;

/** Plans the program; starts nothing, and calls nothing. */
export async function estimate(options: ParsedOptions, world: ConsoleWorld): Promise<number> {
  const settings = estimateSettings(options);
  const given = options.values.get('from-run')?.[0];
  if (given === undefined && settings.rateRecordsPerS === undefined) {
    throw badArguments(
      'The rate was not given: --rate 500/s, records that the sources take in, or --from-run.',
    );
  }
  shareEngine();
  const program = await bundleProgram(options, engineExports(), world);
  const { bundle, args } = program;
  const run = given === undefined ? undefined : await readRun(given, options, world);
  // What is said now is stronger than what was said then.
  const configuration = run?.configuration.merge(program.configuration) ?? program.configuration;
  const job = await planJob({ bundlePath: bundle.path, args, configuration });
  const input = costInputOf(job, settings, run);
  const model = costModel(input);
  const costs = estimateOf(model);
  const even = breakEven(model);
  const isScaled = settings.rateRecordsPerS !== undefined;
  const busy = run === undefined ? undefined : busySlots(run);
  const report: EstimateReport = {
    jobName: job.graph.jobName,
    model,
    estimate: costs,
    breakEven: even,
    ...(run === undefined || isScaled ? {} : { run: costOfRun(run, model) }),
    warnings: costWarnings({
      ...{ model, estimate: costs, breakEven: even },
      ...(busy === undefined ? {} : { busySlots: busy }),
    }),
  };
  const text = options.flags.has('json')
    ? JSON.stringify(estimateJson(report), undefined, 2)
    : estimateText(report, options.flags.has('requests'));
  world.stdout.write(`${text}\n`);
  return 0;
}

/** The run itself, as it was. */
function costOfRun(run: RunFacts, model: CostModel): NonNullable<EstimateReport['run']> {
  const { layout, input, prices } = model;
  const events = eventsOfRun(run, layout.taskManagers, input.leaseMs);
  const { durationMs, checkpointCount } = run;
  return { durationMs, checkpointCount, usd: usdOf(countedLines(model, events), prices) };
}

type PlannedJob = Awaited<ReturnType<typeof planJob>>;

function costInputOf(
  { executionGraph, configuration }: PlannedJob,
  settings: EstimateSettings,
  run: RunFacts | undefined,
): CostInput {
  const { intervalMs, incremental, retainedCount } = checkpointSettings(configuration);
  const { operators: said, ...given } = settings;
  const { jobGraph } = executionGraph;
  const keys = settings.keys ?? COST_DEFAULTS.keys;
  const operators =
    run === undefined
      ? said
      : mergeOperators(
          said,
          operatorsOfRun(run, jobGraph, keys, settings.rateRecordsPerS),
          jobGraph,
        );
  const activeShare = settings.activeShare ?? 1;
  const checkpointIntervalMs = settings.checkpointIntervalMs ?? intervalMs;
  return {
    ...COST_DEFAULTS,
    rateRecordsPerS: 0,
    recordBytes: DEFAULT_RECORD_BYTES,
    attemptsPerHour: activeShare < 1 && activeShare > 0 ? 1 : 0,
    ...given,
    operators,
    executionGraph,
    memoryMb: memoryMbOf(settings.taskSlots ?? COST_DEFAULTS.taskSlots),
    ...(checkpointIntervalMs === undefined ? {} : { checkpointIntervalMs }),
    incremental,
    retainedCheckpoints: retainedCount,
    watermarkIntervalMs: configuration.get(ConfigOptions.AUTO_WATERMARK_INTERVAL_MS),
  };
}
