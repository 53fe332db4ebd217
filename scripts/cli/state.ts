/** `sluice state`: what a queryable state holds for a key. Not one of Flink's. */
import { ClusterClient, type JsonObject } from './cluster-client.ts';
import { parseJobId } from './cluster-command.ts';
import type { ConsoleWorld } from './console-world.ts';
import { formatLag } from './format-values.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

const WANTED = ['Job ID', 'uid', 'name', 'key'] as const;
/** By option: the parameter of the route. */
const PARAMETERS = {
  'key-type': 'keyType',
  'map-key': 'mapKey',
  'map-key-type': 'mapKeyType',
  window: 'window',
} as const;

/**
 * @returns the exit code: 0.
 * @throws {StreamError} `BAD_ARGUMENTS`; why the cluster has no answer.
 */
export async function state(options: ParsedOptions, world: ConsoleWorld): Promise<number> {
  const missing = WANTED.slice(options.rest.length);
  if (missing.length > 0) throw badArguments(`Missing ${missing.join(', ')}.`);
  const [job, ...path] = options.rest;
  const parts = ['jobs', parseJobId(job), 'state', ...path].map(encodeURIComponent);
  const query = parametersOf(options).toString();
  const client = await ClusterClient.of(options, world);
  const answer = await client.get(`/${parts.join('/')}${query === '' ? '' : `?${query}`}`);
  const text = options.flags.has('json')
    ? JSON.stringify(answer, undefined, 2)
    : stateLines(answer).join('\n');
  world.stdout.write(`${text}\n`);
  return 0;
}

function parametersOf({ flags, values }: ParsedOptions): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [option, parameter] of Object.entries(PARAMETERS)) {
    const value = values.get(option)?.[0];
    if (value !== undefined) parameters.set(parameter, value);
  }
  if (flags.has('accumulator')) parameters.set('accumulator', 'true');
  return parameters;
}

/** For people: what it holds as JSON, and how old that is. */
export function stateLines(answer: JsonObject): readonly string[] {
  const { source, checkpointId, ageMs } = answer;
  const from = source === 'slot' ? 'the slot' : `checkpoint ${String(checkpointId)}`;
  const shown = ['value', 'accumulator'].filter((field) => field in answer);
  return [
    ...shown.map((field) => `${field}: ${JSON.stringify(answer[field])}`),
    `from ${from}, ${formatLag(Number(ageMs))} ago`,
  ];
}
