/**
 * What a slot says, to whom it goes: events of the job's state, checkpoints, sources, output.
 *
 * I1  Reports of a slot count only while its attempt is its region's present one and it is not
 *     gone.
 * I2  A slot is told gone once, and never inside the decision that stopped it.
 */
import { toStreamError } from '../core/index.ts';
import type { SlotReport } from '../protocol/index.ts';
import type { DeployedRegions } from './deployed-regions.ts';
import type { NotedException } from './failure-log.ts';
import type { JobCheckpoints } from './job-checkpoints.ts';
import type { JobExecutions } from './job-executions.ts';
import type { JobHibernation } from './job-hibernation.ts';
import type { JobOutput } from './job-output.ts';
import type { JobSources } from './job-sources.ts';
import type { JobEvent, SlotFailure } from './job-state.ts';
import type { RegionExecution } from './region-execution.ts';
import type { SlotEvents } from './slot-launcher.ts';
import type { StateQueries } from './state-queries.ts';

export interface SlotReportsParts {
  readonly output: JobOutput;
  readonly sources: JobSources;
  readonly executions: Pick<JobExecutions, 'taskEnded'>;
  readonly regions: () => DeployedRegions;
  readonly checkpoints: () => JobCheckpoints | undefined;
  readonly hibernation: () => Pick<JobHibernation, 'apply'>;
  readonly queries: () => Pick<StateQueries, 'answered' | 'gone'>;
  readonly apply: (event: JobEvent) => void;
  readonly applyFailure: (failure: SlotFailure, exception: NotedException) => void;
}

export class SlotReports {
  readonly #parts: SlotReportsParts;

  constructor(parts: SlotReportsParts) {
    this.#parts = parts;
  }

  /** What the launcher of a slot calls. */
  eventsOf(region: RegionExecution, slotIndex: number): SlotEvents {
    return {
      onReport: (report) => {
        if (!this.#isPresent(region) || region.isGone(slotIndex)) return;
        this.#onReport(region, slotIndex, report);
      },
      onLost: (lost) => {
        if (!this.#isPresent(region) || !region.markGone(slotIndex)) return;
        this.#parts.queries().gone(slotIndex);
        const error = toStreamError(lost).toJSON();
        const failure = { type: 'slot-lost', slotIndex, attempt: region.attempt, error } as const;
        this.#parts.applyFailure(failure, { error, ...placeIn(region, slotIndex) });
      },
    };
  }

  /** It will not be heard of any more. */
  onGone(region: RegionExecution, slotIndex: number): void {
    if (!this.#isPresent(region) || !region.markGone(slotIndex)) return;
    this.#parts.queries().gone(slotIndex);
    // I2.
    queueMicrotask(() => {
      this.#parts.apply({ type: 'slot-released', slotIndex, attempt: region.attempt });
    });
  }

  /** I1. */
  #isPresent(region: RegionExecution): boolean {
    return this.#parts.regions().has(region);
  }

  #onReport(region: RegionExecution, slotIndex: number, report: SlotReport): void {
    const { apply, applyFailure, checkpoints, executions, output, sources } = this.#parts;
    const from = { slotIndex, attempt: region.attempt };
    switch (report.type) {
      case 'running':
        apply({ type: 'slot-running', ...from });
        break;
      case 'state-answer':
        this.#parts.queries().answered(report);
        break;
      case 'released':
        this.#parts.queries().gone(slotIndex);
        if (region.markGone(slotIndex)) apply({ type: 'slot-released', ...from });
        break;
      case 'task-failed': {
        const { error, task } = report;
        const failure = { type: 'task-failed', ...from, error } as const;
        applyFailure(failure, { error, task, ...placeIn(region, slotIndex) });
        break;
      }
      case 'idle': {
        const { type: _, ...idle } = report;
        this.#parts.hibernation().apply({ type: 'slot-idle', slotIndex, ...idle });
        break;
      }
      case 'busy':
        this.#parts.hibernation().apply({ type: 'slot-busy', slotIndex });
        break;
      case 'reader-event':
        sources.handle(report.task, report.event);
        break;
      case 'metrics':
      case 'print':
      case 'deliver':
      case 'log':
        output.take(report, from, (id) => region.send(slotIndex, { type: 'received', id }));
        break;
      default:
        if (report.type === 'task-finished') {
          executions.taskEnded(report.task, region.attempt, 'FINISHED');
        }
        checkpoints()?.report(report);
    }
  }
}

function placeIn(
  region: RegionExecution,
  slotIndex: number,
): Pick<NotedException, 'slotIndex' | 'place'> {
  const place = region.placeOf(slotIndex);
  return { slotIndex, ...(place === undefined ? {} : { place }) };
}
