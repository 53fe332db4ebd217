/** Compares with Flink; `scripts/test-flink-semantics.ts` says how. */

import { deepEqual } from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { missingTools } from '../flink-command-line.ts';
import { type CepAnswer, makeCepCases } from './cep-cases.ts';
import { comparableFinds, findInOurs } from './cep-run.ts';
import { makeEvents, makeText } from './events.ts';
import { UNORDERED } from './jobs.ts';
import { comparable, INPUT_FOLDER, type JobAnswer, RECORDED_FOLDER, recorded } from './recorded.ts';
import { FlinkPrograms } from './run-flink.ts';
import { makeTwoInputCases, type TwoInputAnswer } from './two-input-cases.ts';
import { twoInputsOfOurs } from './two-input-run.ts';
import { makeWindowCases, type WindowAnswer } from './window-cases.ts';
import { windowsOfOurs } from './window-run.ts';

const EVENTS = { count: 250, seed: 5 } as const;
const TEXT = { lines: 40, seed: 6 } as const;

/** Of each kind of random cases. */
const RECORDED_BYTES = 200_000;

interface Options {
  readonly isRecording: boolean;
  /** Of random cases of each kind. */
  readonly count: number;
  readonly seed: number;
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      record: { type: 'boolean', default: false },
      cases: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
    },
  });
  return { isRecording: values.record, count: Number(values.cases), seed: Number(values.seed) };
}

const counts = { passed: 0, failed: 0 };

function check(what: string, test: () => void): void {
  try {
    test();
    counts.passed += 1;
  } catch (thrown) {
    counts.failed += 1;
    process.stdout.write(`\nFAILED ${what}\n${String(thrown)}\n`);
  }
}

function compareJobs(flink: FlinkPrograms, isRecording: boolean): void {
  if (isRecording) {
    mkdirSync(INPUT_FOLDER, { recursive: true });
    const events = makeEvents(EVENTS.count, EVENTS.seed).map((event) => JSON.stringify(event));
    writeFileSync(`${INPUT_FOLDER}/events.jsonl`, `${events.join('\n')}\n`);
    const text = makeText(TEXT.lines, TEXT.seed);
    writeFileSync(`${INPUT_FOLDER}/text.txt`, `${text.join('\n')}\n`);
  }
  const answers = flink.answer<JobAnswer>('jobs', INPUT_FOLDER);
  if (isRecording) record('jobs', answers.map(reproducible));
  const known = recorded<JobAnswer>('jobs');
  for (const { name, mode, lines } of answers) {
    const isOrdered = !UNORDERED.has(name);
    const expected = known.find((one) => one.name === name && one.mode === mode)?.lines ?? [];
    check(`Flink answers what is recorded: ${name}, ${mode}`, () =>
      deepEqual(comparable(lines, isOrdered), comparable(expected, isOrdered)),
    );
  }
}

/** In the order that is set, and a set one where none is: recorded again, it is the same. */
function reproducible({ name, mode, lines }: JobAnswer): JobAnswer {
  return { name, mode, lines: comparable(lines, !UNORDERED.has(name)) };
}

/** Fresh cases of the seed, ours against Flink's; some of them are recorded. */
function compareCep(flink: FlinkPrograms, { isRecording, count, seed }: Options): void {
  const answers = flink.answersTo<CepAnswer>('cep', makeCepCases(count, seed));
  for (const { found, ...one } of answers) {
    check('our engine finds what Flink finds', () =>
      deepEqual(
        { ...one, found: comparableFinds(findInOurs(one)) },
        { ...one, found: comparableFinds(found) },
      ),
    );
  }
  if (isRecording)
    record(
      'cep',
      compact(answers, ({ found }) => found.length),
    );
}

function compareWindows(flink: FlinkPrograms, { isRecording, count, seed }: Options): void {
  const answers = flink.answersTo<WindowAnswer>('windows', makeWindowCases(count, seed));
  for (const { found, ...one } of answers) {
    check("our windows answer what Flink's answer", () =>
      deepEqual({ ...one, found: windowsOfOurs(one) }, { ...one, found }),
    );
  }
  if (isRecording)
    record(
      'windows',
      compact(answers, ({ found }) => found.length),
    );
}

function compareTwoInputs(flink: FlinkPrograms, { isRecording, count, seed }: Options): void {
  const answers = flink.answersTo<TwoInputAnswer>('two-inputs', makeTwoInputCases(count, seed));
  for (const { found, ...one } of answers) {
    check("our operators of two inputs answer what Flink's answer", () =>
      deepEqual({ ...one, found: twoInputsOfOurs(one) }, { ...one, found }),
    );
  }
  if (isRecording)
    record(
      'two-inputs',
      compact(answers, ({ found }) => found.length, 80_000),
    );
}

/** Short ones that answer something, up to so many bytes. */
function compact<T>(
  answers: readonly T[],
  linesOf: (answer: T) => number,
  maxBytes = RECORDED_BYTES,
): T[] {
  let leftBytes = maxBytes;
  return answers.filter((answer) => {
    const bytes = JSON.stringify(answer).length;
    const isKept = bytes < 600 && linesOf(answer) > 0 && bytes <= leftBytes;
    if (isKept) leftBytes -= bytes;
    return isKept;
  });
}

/** One record a line: changes can be read. */
function record(name: string, records: readonly unknown[]): void {
  mkdirSync(RECORDED_FOLDER, { recursive: true });
  const lines = records.map((one) => JSON.stringify(one));
  writeFileSync(`${RECORDED_FOLDER}/${name}.jsonl`, `${lines.join('\n')}\n`);
}

const missing = missingTools();
if (missing === undefined) {
  const options = optionsOf(process.argv.slice(2));
  const flink = new FlinkPrograms();
  try {
    compareCep(flink, options);
    compareWindows(flink, options);
    compareTwoInputs(flink, options);
    compareJobs(flink, options.isRecording);
  } finally {
    flink.close();
  }
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
  process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
} else {
  process.stderr.write(`Flink cannot be run here: ${missing}\n`);
  process.exitCode = 1;
}
