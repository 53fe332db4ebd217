import { existsSync, readFileSync } from 'node:fs';

/** A line of the file that the functions' processes append to (`runtime-client.ts`). */
export type RuntimeRecord =
  | {
      readonly phase: 'init';
      readonly functionName: string;
      readonly memoryMb: number;
      readonly pid: number;
      /** From the start of the process to the handler being loaded. */
      readonly initMs: number;
    }
  | {
      readonly phase: 'begin';
      readonly requestId: string;
      readonly functionName: string;
      readonly pid: number;
      readonly startedAtEpochMs: number;
    }
  | {
      readonly phase: 'end';
      readonly requestId: string;
      readonly durationMs: number;
      readonly maxRssBytes: number;
      /** Active resources of the process when the handler had ended, as Node names them. */
      readonly leftovers: readonly string[];
      readonly errorType?: string;
    };

/** One invocation of a function, as its process saw it. */
export interface Invocation {
  readonly requestId: string;
  readonly functionName: string;
  readonly memoryMb: number;
  /** The execution environment: invocations with the same pid shared one, unless it was reused. */
  readonly pid: number;
  readonly startedAtEpochMs: number;
  /** Set when this was the first invocation of its environment. Billed since 2025-08. */
  readonly initMs?: number;
  /** Absent while it runs, and for ever when it was killed or ran into its timeout. */
  readonly durationMs?: number;
  readonly maxRssBytes?: number;
  /** Timers, sockets and the like that were alive when the handler had ended: none, in our code. */
  readonly leftovers?: readonly string[];
  /** Set when the handler threw. */
  readonly errorType?: string;
}

/**
 * Reads the invocations of all functions, in the order in which they began. An incomplete last
 * line, which a killed process may leave, is passed over.
 */
export function readInvocations(file: string): Invocation[] {
  return existsSync(file) ? invocationsOf(readFileSync(file, 'utf8')) : [];
}

/** See {@link readInvocations}. */
export function invocationsOf(text: string): Invocation[] {
  const environments = new Map<number, { memoryMb: number; initMs: number | undefined }>();
  const invocations = new Map<string, Invocation>();
  for (const entry of text.split('\n').flatMap(parsed)) {
    if (entry.phase === 'init') {
      environments.set(entry.pid, { memoryMb: entry.memoryMb, initMs: entry.initMs });
    } else if (entry.phase === 'begin') {
      const { phase: _, ...begun } = entry;
      const environment = environments.get(entry.pid);
      const initMs = environment?.initMs;
      if (environment !== undefined) environment.initMs = undefined;
      invocations.set(entry.requestId, {
        ...{ ...begun, memoryMb: environment?.memoryMb ?? 0 },
        ...(initMs === undefined ? {} : { initMs }),
      });
    } else {
      const { phase: _, ...ended } = entry;
      const begun = invocations.get(entry.requestId);
      if (begun !== undefined) invocations.set(entry.requestId, { ...begun, ...ended });
    }
  }
  return [...invocations.values()];
}

function parsed(line: string): RuntimeRecord[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
