/** Compares with Flink; `scripts/test-flink-semantics.ts` says how. */

import { deepEqual } from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { missingTools } from '../flink-command-line.ts';
import { makeEvents, makeText } from './events.ts';
import { UNORDERED } from './jobs.ts';
import { comparable, INPUT_FOLDER, type JobAnswer, RECORDED_FOLDER, recorded } from './recorded.ts';
import { FlinkPrograms } from './run-flink.ts';

const EVENTS = { count: 250, seed: 5 } as const;
const TEXT = { lines: 40, seed: 6 } as const;

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
  if (isRecording) record('jobs', answers);
  const known = recorded<JobAnswer>('jobs');
  for (const { name, mode, lines } of answers) {
    const isOrdered = !UNORDERED.has(name);
    const expected = known.find((one) => one.name === name && one.mode === mode)?.lines ?? [];
    check(`Flink answers what is recorded: ${name}, ${mode}`, () =>
      deepEqual(comparable(lines, isOrdered), comparable(expected, isOrdered)),
    );
  }
}

/** One record a line: changes can be read. */
function record(name: string, records: readonly unknown[]): void {
  mkdirSync(RECORDED_FOLDER, { recursive: true });
  const lines = records.map((one) => JSON.stringify(one));
  writeFileSync(`${RECORDED_FOLDER}/${name}.jsonl`, `${lines.join('\n')}\n`);
}

const missing = missingTools();
if (missing === undefined) {
  const isRecording = process.argv.includes('--record');
  const flink = new FlinkPrograms();
  try {
    compareJobs(flink, isRecording);
  } finally {
    flink.close();
  }
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
  process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
} else {
  process.stderr.write(`Flink cannot be run here: ${missing}\n`);
  process.exitCode = 1;
}
