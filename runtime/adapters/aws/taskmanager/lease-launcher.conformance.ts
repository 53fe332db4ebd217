/** A coordinator as TaskManagers see one, around the production JobMaster. */
import type { BlobStore, CheckpointStore } from '../../../checkpoint/index.ts';
import { toStreamError } from '../../../core/index.ts';
import type { RegionLaunch, SlotHandle, SlotLauncher } from '../../../jobmaster/index.ts';
import type { SlotCommand } from '../../../protocol/index.ts';
import type { FakeSqs } from '../inbox/fake-sqs.conformance.ts';
import { encodeItems, packItem } from '../inbox/index.ts';
import type { CoordinatorMessage, LeaseAnswer, LeaseRequest } from '../messages.ts';
import { type AttemptRecord, writeAttempt } from './attempt-record.ts';

export interface LeaseLauncherParts {
  readonly fake: FakeSqs;
  readonly blobs: BlobStore;
  readonly checkpointStore: CheckpointStore;
  readonly record: Pick<AttemptRecord, 'slotsPerTaskManager' | 'bundleLocation' | 'configuration'>;
  readonly jobId: string;
  readonly inboxUrlOf: (taskManager: number) => string;
  readonly coordinatorQueueUrl: string;
  readonly runLease: (request: LeaseRequest) => Promise<LeaseAnswer>;
  readonly onLaunch: (launcher: LeaseLauncher, attempt: number) => void;
}

type Reports = Extract<CoordinatorMessage, { readonly type: 'reports' }>;

export class LeaseLauncher implements SlotLauncher {
  readonly #parts: LeaseLauncherParts;
  readonly #lost = new Map<string, () => void>();
  #region: RegionLaunch | undefined;
  /** By slot: the next report's sequence number. */
  readonly #next = new Map<number, number>();

  constructor(parts: LeaseLauncherParts) {
    this.#parts = parts;
    parts.fake.consume(parts.coordinatorQueueUrl, (body) => this.#hear(JSON.parse(body)));
  }

  launch(region: RegionLaunch): readonly SlotHandle[] {
    this.#region = region;
    this.#next.clear();
    void this.#start(region);
    return region.slots.map(({ slotIndex }) => {
      let sequence = 0;
      return {
        send: (command) => this.#send(region.attempt, slotIndex, sequence++, command),
        terminate: async () => undefined,
      };
    });
  }

  /** The state machine believes that the function is gone; it is not. */
  loseSightOf(taskManager: number): void {
    this.#lost.get(`${this.#region?.attempt}/${taskManager}`)?.();
  }

  async #start(region: RegionLaunch): Promise<void> {
    const { parts, attempt } = { parts: this.#parts, attempt: region.attempt };
    const latest = await parts.checkpointStore.latest();
    await writeAttempt(parts.blobs, {
      ...parts.record,
      ...{ formatVersion: 1, jobId: parts.jobId, attempt, args: [], checkpointing: true },
      jobGraph: region.executionGraph.jobGraph,
      overrides: region.overrides,
      checkpointsDirectory: 'checkpoints',
      ...(latest && { restore: { path: latest.path, allowNonRestoredState: false } }),
    });
    const { slotsPerTaskManager } = parts.record;
    const count = Math.ceil(region.executionGraph.slots.length / slotsPerTaskManager);
    for (let taskManager = 0; taskManager < count; taskManager += 1) {
      void this.#runLeases(region, taskManager);
    }
    parts.onLaunch(this, attempt);
  }

  async #runLeases(region: RegionLaunch, taskManager: number): Promise<void> {
    const { jobId, runLease } = this.#parts;
    const { attempt } = region;
    const lost = Promise.withResolvers<never>();
    this.#lost.set(`${attempt}/${taskManager}`, () => lost.reject(new Error('out of sight')));
    for (let lease = 0; ; lease += 1) {
      try {
        const running = runLease({ jobId, attempt, taskManager, lease });
        running.catch(() => undefined);
        const { outcome } = await Promise.race([running, lost.promise]);
        if (outcome === 'RELEASED') return;
      } catch (thrown) {
        const error = toStreamError(thrown);
        for (const { slotIndex, events } of region.slots) {
          const host = Math.floor(slotIndex / this.#parts.record.slotsPerTaskManager);
          if (host === taskManager) events.onLost(error);
        }
        return;
      }
    }
  }

  #send(attempt: number, slotIndex: number, sequence: number, command: SlotCommand): void {
    const { fake, jobId, inboxUrlOf, record } = this.#parts;
    const taskManager = Math.floor(slotIndex / record.slotsPerTaskManager);
    const item = packItem({ type: 'command', slotIndex, lease: 0, sequence, command });
    fake.put(inboxUrlOf(taskManager), '-', encodeItems({ jobId, attempt }, [item]));
  }

  #hear({ attempt, slotIndex, sequence, reports }: Reports): void {
    const region = this.#region;
    if (attempt !== region?.attempt) return;
    const next = this.#next.get(slotIndex) ?? 0;
    if (sequence > next) throw new Error(`a report is missing slot=${slotIndex} next=${next}`);
    this.#next.set(slotIndex, Math.max(next, sequence + reports.length));
    const slot = region.slots.find((one) => one.slotIndex === slotIndex);
    for (const report of reports.slice(next - sequence)) slot?.events.onReport(report);
  }
}
