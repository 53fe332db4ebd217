/**
 * Nexmark queries over an event file or generated events.
 *
 *     npx sluice run examples/nexmark/job.ts --query q5 --count 1000000 --output out/q5
 */
import {
  fileSink,
  fileSource,
  generatorSource,
  jsonLines,
  type StreamExecutionEnvironment,
} from 'sluice';
import { parseArguments } from './arguments.ts';
import type { NexmarkEvent } from './events.ts';
import { nexmarkGenerator } from './generator/generator.ts';
import { QUERIES } from './queries/index.ts';
import { nexmarkEvents } from './streams.ts';

export default async function nexmark(
  env: StreamExecutionEnvironment,
  args: readonly string[],
): Promise<void> {
  const { query, input, outputDirectory, overwrite } = parseArguments(args);
  const events =
    input.kind === 'file'
      ? nexmarkEvents(env, fileSource({ paths: input.path, format: jsonLines<NexmarkEvent>() }))
      : nexmarkEvents(
          env,
          generatorSource({
            generate: nexmarkGenerator(input.config),
            count: input.count,
            ...(input.paced && { ratePerSecond: input.config.eventsPerSecond }),
          }),
        );
  const sink = fileSink({
    directory: outputDirectory,
    format: jsonLines<object>(),
    overwrite,
    // One file a subtask: an upsert query's rows of an id stay together, in order.
    rolling: { maxSizeBytes: Number.MAX_SAFE_INTEGER },
  });
  QUERIES[query](events, sink);
  await env.execute(`Nexmark ${query}`);
}
