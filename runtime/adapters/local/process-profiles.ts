/**
 * Profiles of one process: taken one after the other, kept as files.
 *
 * I1  The newest are kept. A name from outside is only ever compared with theirs.
 */
import { type Clock, toStreamError } from '../../core/index.ts';
import {
  badRequest,
  HttpContent,
  HttpRefusal,
  type Profiling,
  type ProfilingMode,
} from '../http/index.ts';
import type { Inspect } from '../inspect/index.ts';
import type { ProcessLog } from './process-logs.ts';

export interface ProfilingSettings {
  readonly isEnabled: boolean;
  readonly maxDurationS: number;
  readonly historyCount: number;
}

export interface ProcessProfilesParts {
  readonly log: Pick<ProcessLog, 'keepProfile' | 'profile' | 'dropProfile'>;
  readonly inspect: Inspect;
  readonly clock: Clock;
  readonly settings: ProfilingSettings;
}

/** V8 has one profiler of time; Flink's two kinds of it are the same here. */
const KINDS: Readonly<Partial<Record<ProfilingMode, 'CPU' | 'ALLOC'>>> = {
  ...{ CPU: 'CPU', ITIMER: 'CPU', ALLOC: 'ALLOC' },
};
const WITHOUT = 'V8 has no profiler for it: take CPU, ITIMER or ALLOC';
const TYPE = 'application/json; charset=UTF-8';

export class ProcessProfiles {
  readonly #parts: ProcessProfilesParts;
  /** Newest first. */
  #kept: Profiling[] = [];

  constructor(parts: ProcessProfilesParts) {
    this.#parts = parts;
  }

  list(): readonly Profiling[] {
    this.#checkEnabled();
    return this.#kept;
  }

  /** @throws {HttpRefusal} 400, 404, 409. */
  start(mode: ProfilingMode, durationS: number): Profiling {
    this.#checkEnabled();
    const { settings, clock } = this.#parts;
    const kind = KINDS[mode];
    if (kind === undefined) throw badRequest(`Profiling mode ${mode} is not there: ${WITHOUT}.`);
    if (durationS > settings.maxDurationS) {
      const key = 'rest.profiling.duration-max';
      throw badRequest(`\`duration\` must be at most ${settings.maxDurationS} s (${key}).`);
    }
    if (this.#kept.some(({ status }) => status === 'RUNNING')) {
      throw new HttpRefusal(409, 'A profile is being taken: ask again when it is there.');
    }
    const started: Profiling = {
      ...{ status: 'RUNNING', mode, durationS, message: 'Profiling' },
      triggeredAtEpochMs: clock.nowEpochMs(),
      finishedAtEpochMs: undefined,
      fileName: undefined,
    };
    this.#kept.unshift(started);
    this.#forget();
    void this.#run(started, kind);
    return started;
  }

  /** I1. */
  read(fileName: string): HttpContent | undefined {
    this.#checkEnabled();
    const known = this.#kept.find((one) => one.fileName === fileName)?.fileName;
    if (known === undefined) return undefined;
    return new HttpContent(TYPE, this.#parts.log.profile(known), known);
  }

  async #run(started: Profiling, mode: 'CPU' | 'ALLOC'): Promise<void> {
    const { inspect, log } = this.#parts;
    try {
      const durationMs = started.durationS * 1000;
      const text = await inspect({ type: 'profile', mode, durationMs });
      const fileName = fileNameOf(started);
      log.keepProfile(fileName, text);
      const message = 'Open it in the developer tools of Chromium, or on speedscope.app.';
      this.#settle(started, { status: 'FINISHED', fileName, message });
    } catch (thrown) {
      this.#settle(started, { status: 'FAILED', message: toStreamError(thrown).message });
    }
  }

  #settle(started: Profiling, end: Partial<Profiling>): void {
    const finishedAtEpochMs = this.#parts.clock.nowEpochMs();
    const ended = { ...started, ...end, finishedAtEpochMs };
    this.#kept = this.#kept.map((one) => (one === started ? ended : one));
  }

  #forget(): void {
    const { log, settings } = this.#parts;
    for (const { fileName } of this.#kept.splice(settings.historyCount)) {
      if (fileName !== undefined) log.dropProfile(fileName);
    }
  }

  #checkEnabled(): void {
    if (this.#parts.settings.isEnabled) return;
    throw new HttpRefusal(404, 'Profiling is turned off: rest.profiling.enabled.');
  }
}

/** `2026-01-31_10-00-00_ITIMER.cpuprofile`. */
function fileNameOf({ mode, triggeredAtEpochMs }: Profiling): string {
  const at = new Date(triggeredAtEpochMs).toISOString().slice(0, 19);
  const suffix = mode === 'ALLOC' ? 'heapprofile' : 'cpuprofile';
  return `${at.replace('T', '_').replaceAll(':', '-')}_${mode}.${suffix}`;
}
