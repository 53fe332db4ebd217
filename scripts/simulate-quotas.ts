/**
 * `npm run simulate -- --quotas [slots…]`: a checkpoint of jobs of 10, 100 and 1,000 slots, or of
 * as many as are said, as the coordinator's requests, messages and dollars, and how near it comes
 * to each quota of AWS. Exit 1 when one is exceeded. Processor time is of this machine.
 */
import {
  type CostLine,
  serviceOf,
  US_EAST_1_PRICES,
  usdOf,
} from '../runtime/adapters/aws/cost/index.ts';
import { type QuotaRun, runQuotas } from '../runtime/simulation/index.ts';

const USUAL_SLOTS = [10, 100, 1_000];
const MICROS_A_MS = 1_000;

/** Whether no quota was exceeded. */
export async function simulateQuotas(
  args: readonly string[],
  print: (text: string) => void,
): Promise<boolean> {
  const asked = args.map(Number);
  if (asked.some((slots) => !Number.isSafeInteger(slots) || slots < 1)) {
    throw new Error('usage: npm run simulate -- --quotas [slots…]');
  }
  const runs: QuotaRun[] = [];
  for (const slots of asked.length === 0 ? USUAL_SLOTS : asked) {
    runs.push(await runQuotas({ slots, cpuMs }));
  }
  print(table(checkpointRows(runs)));
  print(table(peakRows(runs)));
  const exceeded = runs.flatMap(({ peaks }) => peaks.filter(({ peak, limit }) => peak > limit));
  for (const { text, peak, limit } of exceeded) print(`exceeded: ${text}: ${peak} of ${limit}`);
  const violations = runs.flatMap((run) => run.violations);
  for (const violation of violations) print(violation);
  return exceeded.length === 0 && violations.length === 0;
}

function checkpointRows(runs: readonly QuotaRun[]): readonly (readonly string[])[] {
  const row = (name: string, of: (run: QuotaRun) => string): readonly string[] => [
    name,
    ...runs.map(of),
  ];
  const calls = (service: string) => (run: QuotaRun) =>
    count(
      run.checkpoint.lines
        .filter((line) => serviceOf(line) === service)
        .reduce((sum, line) => sum + line.calls, 0),
    );
  const usd = (lines: readonly CostLine[]): string => usdOf(lines, US_EAST_1_PRICES).toFixed(6);
  return [
    row('one checkpoint', ({ slots }) => `${count(slots)} slots`),
    row('TaskManagers', ({ taskManagers }) => count(taskManagers)),
    row('messages to the coordinator', ({ checkpoint }) => count(checkpoint.messages)),
    row('turns', ({ checkpoint }) => count(checkpoint.turns)),
    ...['SQS', 'Lambda', 'DynamoDB', 'S3'].map((name) => row(`requests: ${name}`, calls(name))),
    row('events of the state machine', () => '0'),
    row('dollars', ({ checkpoint }) => usd(checkpoint.lines)),
    row('from trigger to end, s', ({ checkpoint }) => (checkpoint.durationMs / 1000).toFixed(1)),
    row('processor, s', ({ checkpoint }) => (checkpoint.cpuMs / 1000).toFixed(2)),
    row('largest record, KB', ({ checkpoint }) => kilobytes(checkpoint.recordBytes)),
    row('the same, stored, KB', ({ checkpoint }) => kilobytes(checkpoint.storedRecordBytes)),
  ];
}

function peakRows(runs: readonly QuotaRun[]): readonly (readonly string[])[] {
  const [first] = runs;
  const heads = runs.map(({ slots }) => `${count(slots)} slots`);
  const rows = (first?.peaks ?? []).map(({ quota, text, limit }) => [
    text,
    ...runs.map((run) => count(run.peaks.find((peak) => peak.quota === quota)?.peak ?? 0)),
    count(limit),
  ]);
  return [['most, from the start of the job', ...heads, 'quota'], ...rows];
}

/** As Markdown. */
function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line), ''].join('\n');
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function kilobytes(sizeBytes: number): string {
  return (sizeBytes / 1024).toFixed(sizeBytes < 102_400 ? 1 : 0);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / MICROS_A_MS;
}
