/** Counted requests against those that the cost model expects, by service and kind. Pure. */

/** Calls by `service:Operation`. */
export type Calls = Readonly<Record<string, { readonly calls: number }>>;

export interface ComparedClass {
  readonly name: string;
  readonly counted: number;
  readonly expected: number;
  /** Of what was counted; 0: as expected. */
  readonly deviation: number;
}

/** The first that fits; what is billed alike is together. */
const CLASSES: readonly (readonly [name: string, RegExp])[] = [
  ['sqs sends', /^sqs:SendMessage/],
  ['sqs receives', /^sqs:ReceiveMessage$/],
  ['sqs deletes', /^sqs:(DeleteMessage|ChangeMessageVisibility)/],
  ['sqs queues', /^sqs:/],
  ['dynamodb reads', /^dynamodb:(GetItem|BatchGetItem|Query|Scan)$/],
  ['dynamodb writes', /^dynamodb:/],
  ['s3 reads', /^s3:(Get|Head)/],
  ['s3 deletes', /^s3:(Delete|Abort)/],
  ['s3 writes', /^s3:/],
  ['states', /^states:/],
  ['execute-api', /^execute-api:/],
];

/** Every class and service that either has; services by their name alone. */
export function compareCalls(counted: Calls, expected: Calls): readonly ComparedClass[] {
  const [left, right] = [byClass(counted), byClass(expected)];
  const names = [...new Set([...left.keys(), ...right.keys()])].sort();
  return names.map((name) => {
    const [seen, meant] = [left.get(name) ?? 0, right.get(name) ?? 0];
    return { name, counted: seen, expected: meant, deviation: (meant - seen) / Math.max(1, seen) };
  });
}

/** A line each, for who has to mend the model. */
export function comparisonText(compared: readonly ComparedClass[]): string {
  return compared
    .map(({ name, counted, expected, deviation }) => {
      const cells = [String(counted), expected.toFixed(1), `${(deviation * 100).toFixed(1)} %`];
      return name.padEnd(18) + cells.map((cell) => cell.padStart(10)).join('');
    })
    .join('\n');
}

/** Each operation: where to look when a class is off. */
export function operationsText(counted: Calls, expected: Calls): string {
  const names = [...new Set([...Object.keys(counted), ...Object.keys(expected)])]
    .filter((name) => !name.startsWith('execute-api:'))
    .sort();
  return names
    .map((name) => {
      const cells = [counted[name]?.calls ?? 0, (expected[name]?.calls ?? 0).toFixed(1)];
      return name.padEnd(32) + cells.map((cell) => String(cell).padStart(10)).join('');
    })
    .join('\n');
}

function byClass(calls: Calls): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [operation, { calls: count }] of Object.entries(calls)) {
    const [service = ''] = operation.split(':');
    const found = CLASSES.find(([, pattern]) => pattern.test(operation));
    for (const name of new Set([service, found?.[0] ?? service])) {
      sums.set(name, (sums.get(name) ?? 0) + count);
    }
  }
  return sums;
}
