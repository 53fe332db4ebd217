import type { EncodedKey } from '../core/index.ts';
import { MemoryFileSystem } from '../testing/index.ts';
import { ExternalSorter, type ExternalSorterOptions } from './index.ts';

export interface TestRecord {
  readonly input: number;
  readonly key: EncodedKey;
  readonly timestampMs: number;
  readonly value: unknown;
}

/** A sorter in files of memory, whose turns come when promises have settled. */
export function testSorter(options: Partial<ExternalSorterOptions> = {}): {
  readonly sorter: ExternalSorter;
  readonly fileSystem: MemoryFileSystem;
  /** What turns threw. */
  readonly failures: unknown[];
} {
  const fileSystem = new MemoryFileSystem();
  const failures: unknown[] = [];
  const sorter = new ExternalSorter({
    fileSystem,
    directory: '/spill',
    prefix: 'job-0',
    operatorName: 'Test',
    memoryBytes: 16 * 1024,
    maxFanIn: 128,
    inTurn: (slice) => {
      setImmediate(() => {
        try {
          slice();
        } catch (thrown) {
          failures.push(thrown);
        }
      });
    },
    ...options,
  });
  return { sorter, fileSystem, failures };
}

/** Adds as a task does: it waits while there is no room. */
export async function addAll(
  sorter: ExternalSorter,
  records: readonly TestRecord[],
): Promise<void> {
  for (const { input, key, timestampMs, value } of records) {
    sorter.add(input, key, timestampMs, value);
    while (!sorter.hasRoom) await new Promise((resolve) => setImmediate(resolve));
  }
  sorter.finish();
}

/** The records in the order of the sorter; each key once as a group of its own. */
export async function takeAll(sorter: ExternalSorter, maxRecords = 7): Promise<TestRecord[]> {
  const records: TestRecord[] = [];
  let key: EncodedKey = '';
  const taker = {
    startKey: (next: EncodedKey): void => {
      key = next;
    },
    record: (input: number, value: unknown, timestampMs: number): void => {
      records.push({ input, key, timestampMs, value });
    },
  };
  for (;;) {
    const polled = sorter.poll(taker, maxRecords);
    if (polled === 'end') return records;
    if (polled === 'nothing') await sorter.available();
  }
}
