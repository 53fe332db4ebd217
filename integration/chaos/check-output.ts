import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Alert,
  compareAlerts,
  endIndexesOf,
  endIndexesReached,
} from '../../examples/state-machine/index.ts';

export interface OutputCheck {
  readonly alertCount: number;
  /** Empty: the output is exactly right. */
  readonly faults: readonly string[];
}

const EXAMPLES = 3;

/**
 * Compares what readers of the directory see with what must be there.
 *
 * @param events how many were made, or by split where the job was stopped; undefined: as many as
 * the output shows.
 */
export async function checkOutput(
  directory: string,
  jobSeed: number,
  events: number | readonly number[] | undefined,
): Promise<OutputCheck> {
  const { alerts, faults } = await readAlerts(directory);
  const endIndexes =
    events === undefined
      ? endIndexesReached(alerts)
      : typeof events === 'number'
        ? endIndexesOf(events)
        : events;
  const { lost, repeated, wrong } = compareAlerts(jobSeed, alerts, endIndexes);
  const found = { lost, repeated, wrong };
  for (const [what, of] of Object.entries(found)) {
    if (of.length === 0) continue;
    const shown = of.slice(0, EXAMPLES).map((alert) => JSON.stringify(alert));
    faults.push(`${of.length} ${what}: ${shown.join(' ')}${of.length > EXAMPLES ? ' …' : ''}`);
  }
  return { alertCount: alerts.length, faults };
}

async function readAlerts(directory: string): Promise<{ alerts: Alert[]; faults: string[] }> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const alerts: Alert[] = [];
  const faults: string[] = [];
  for (const { name, parentPath } of entries.filter((entry) => entry.isFile())) {
    if (name.startsWith('.')) continue;
    const path = join(parentPath, name);
    for (const line of (await readFile(path, 'utf8')).split('\n')) {
      if (line === '') continue;
      try {
        alerts.push(JSON.parse(line) as Alert);
      } catch {
        faults.push(`a line that is no alert: file=${path} line=${line.slice(0, 100)}`);
      }
    }
  }
  return { alerts, faults };
}
