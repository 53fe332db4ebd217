/** `sluice why`: why a job puts nothing out. Not one of Flink's. */
import { ClusterClient, type JsonObject } from './cluster-client.ts';
import { parseJobId } from './cluster-command.ts';
import type { ConsoleWorld } from './console-world.ts';
import { formatCount } from './format-values.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

/**
 * @returns the exit code: 0, whatever is found.
 * @throws {StreamError} `JOB_NOT_FOUND`, and what keeps the cluster from answering.
 */
export async function why(options: ParsedOptions, world: ConsoleWorld): Promise<number> {
  const [given] = options.rest;
  if (given === undefined) throw badArguments('Missing JobID. Specify a Job ID to diagnose.');
  const jobId = parseJobId(given);
  const client = await ClusterClient.of(options, world);
  const diagnosis = await client.get(`/jobs/${jobId}/diagnosis`);
  const text = options.flags.has('json')
    ? JSON.stringify(diagnosis, undefined, 2)
    : diagnosisLines(diagnosis, await parallelismsFor(diagnosis, jobId, client)).join('\n');
  world.stdout.write(`${text}\n`);
  return 0;
}

/** Of how many a subtask is one, by vertex. Asked for only if one is named. */
type Parallelisms = ReadonlyMap<unknown, unknown>;

async function parallelismsFor(
  diagnosis: JsonObject,
  jobId: string,
  client: ClusterClient,
): Promise<Parallelisms> {
  const findings = listOf(diagnosis.findings);
  if (findings.every(({ subtask }) => typeof subtask !== 'number')) return new Map();
  // The finding itself is worth more than the number of subtasks.
  const { vertices } = await client.get(`/jobs/${jobId}`).catch(() => ({ vertices: [] }));
  return new Map(listOf(vertices).map(({ id, parallelism }) => [id, parallelism]));
}

const WIDTH_CHARS = 100;

/** For people: the answer, then each cause with what to do and its numbers. */
export function diagnosisLines(
  diagnosis: JsonObject,
  parallelisms: Parallelisms = new Map(),
): readonly string[] {
  const findings = listOf(diagnosis.findings);
  const sinks = listOf(diagnosis.sinks).map(sinkLine);
  return [
    ...wrapped(String(diagnosis.summary), ''),
    ...findings.flatMap((finding, index) => [
      '',
      ...findingLines(finding, index + 1, diagnosis.summary, parallelisms),
    ]),
    ...(sinks.length === 0 ? [] : ['', ...sinks]),
  ];
}

function findingLines(
  finding: JsonObject,
  number: number,
  summary: unknown,
  parallelisms: Parallelisms,
): readonly string[] {
  const { code, severity, sentence, advice, evidence } = finding;
  const where = placesOf(finding, parallelisms);
  const numbers = Object.entries((evidence ?? {}) as JsonObject).map(([k, v]) => `${k}=${v}`);
  return [
    `${number}. ${String(severity).toUpperCase()} ${String(code)}`,
    ...(isSame(sentence, summary) ? [] : wrapped(String(sentence), '   ')),
    ...wrapped(`Do: ${String(advice)}`, '   '),
    ...(where.length === 0 ? [] : wrapped(`At: ${where.join(', ')}`, '   ')),
    ...(numbers.length === 0 ? [] : wrapped(`Seen: ${numbers.join(' ')}`, '   ')),
  ];
}

/** A subtask as Flink calls it, `name (1/2)`: counted from 1. */
function placesOf(finding: JsonObject, parallelisms: Parallelisms): readonly string[] {
  const { subtask, 'vertex-name': name, 'vertex-id': id } = finding;
  const parallelism = parallelisms.get(id);
  const isOne = typeof subtask === 'number' && typeof parallelism === 'number';
  const which = isOne ? ` (${subtask + 1}/${parallelism})` : '';
  return [
    ...(typeof name === 'string' ? [`vertex "${name}${which}"`] : []),
    ...(typeof id === 'string' ? [id] : []),
    ...(typeof subtask === 'number' && !isOne ? [`subtask ${subtask}`] : []),
  ];
}

/** It has been said: not again. */
function isSame(sentence: unknown, summary: unknown): boolean {
  return String(sentence).toLowerCase() === String(summary).toLowerCase();
}

function sinkLine(sink: JsonObject): string {
  const { operator, records, guarantee } = sink;
  const perSecond = sink['records-per-second'];
  const count = typeof records === 'number' ? `${formatCount(records)} records` : 'not known yet';
  const rate = typeof perSecond === 'number' ? `, ${formatCount(perSecond)}/s` : '';
  const commits =
    sink['commits-with-checkpoints'] === true ? ', seen when a checkpoint completes' : '';
  return `Sink "${String(operator)}": ${count}${rate}; ${String(guarantee)}${commits}`;
}

function wrapped(text: string, indent: string): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    const isFull = line !== '' && indent.length + line.length + 1 + word.length > WIDTH_CHARS;
    if (isFull) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `${indent}${line}`);
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value : [];
}
