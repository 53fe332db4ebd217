/**
 * Switches that break the system on purpose, one at a time: each stands for a mistake somebody
 * could make, put in at a port or between two parts. The simulator has to find every one.
 */
import { type BlobStore, CLAIM_NAME, type RowStore, type RowWrite } from '../checkpoint/index.ts';
import type {
  JobJournal,
  SleepingJob,
  TurnEffect,
  TurnRecord,
  TurnRow,
} from '../jobmaster/index.ts';
import type {
  LeaveRecord,
  RestoredOperatorState,
  RestoredSubtaskState,
  SlotCommand,
  SlotReport,
} from '../protocol/index.ts';
import type { SimProcess } from './sim-process.ts';

export const PLANTED_BUGS = {
  'skip-duplicate-check': 'a frame that comes twice is handed over twice',
  'ignore-gaps': 'frames are handed over as they come, in whatever order',
  'ignore-attempt': 'frames of older attempts are taken',
  'never-retransmit': 'a frame that was lost is not sent again',
  'ack-before-write': 'a subtask acknowledges before its bytes are stored',
  'commit-before-complete': 'the sink commits what it has prepared at once',
  'forget-commit-on-restore': 'what a restored checkpoint had prepared is not committed',
  'forget-timers': 'timers are left out of the snapshot',
  'forget-keyed-state': 'a restored operator starts with empty keyed state',
  'lose-reader-position': 'a restored reader starts its splits from the beginning',
  'skip-a-record': 'a restored reader begins one record too late',
  'release-segment-early': 'the collector takes a blob of a live checkpoint for garbage',
  'no-fencing': 'writes of a JobMaster that was replaced are not conditional',
  'forget-channel-alignment': 'a channel is not held while the others are waited for',
  'restore-stale-checkpoint': 'a new JobMaster overlooks the newest checkpoint',
  'drop-in-flight-frames': 'the frames that an unaligned barrier overtook are not restored',
  'forget-union-state': 'union list states are not restored',
  'skip-a-delta': 'the newest delta of a state is not applied',
  'restore-one-chain': 'of the states that a subtask takes over, all but one are forgotten',
  'forget-enumerator-state': 'a restored enumerator deals all splits out again',
  'late-ack-counts': 'what a subtask says of an old checkpoint counts for the newest',
  'ignore-claims': 'a savepoint that another job has claimed is claimed again',
  'forget-put-back': 'frames that had arrived are not put back when a slot is handed over',
  'restart-sequences': 'the successor of a slot begins its channels anew',
  'forget-channel-status': 'the successor of a slot knows nothing of its inputs but their records',
  'forget-told-sources': 'the successor of a slot does not know what its sources were told',
  'claim-what-is-held': 'a lease is taken from whoever has it',
  'reuse-attempt': 'a new JobMaster goes on with the attempt of the one before it',
  'send-before-write': 'a turn says what it wants to say before it is written',
  'forget-unsent-effects': 'what the turn before may not have sent is not sent again',
  'renumber-commands': 'a turn numbers commands from 0',
  'next-counts-twice': 'who asks for the next attempt is heard twice',
  'store-before-record': 'a checkpoint is stored before the record of its turn says so',
  'turn-without-fence': 'writes of a turn that was replaced are not conditional',
  'reports-count-twice': 'a report that comes twice counts twice, and the next one not at all',
  'delete-record-early': 'an object is deleted before the row refers to the next one',
  'record-after-row': 'a row refers to an object before it is there',
  'never-arm': 'what wakes a job is not armed when it falls asleep',
  'arm-late': 'what wakes a job is armed after it is said to be',
  'disarm-what-is-armed': 'who disarms late takes what a later sleep is armed with',
  'lose-wake-while-falling': 'what wakes a job while it falls asleep is forgotten',
  'trust-old-idleness': 'what slots said before a job was armed counts',
  'forget-rest': 'a turn does not know that the execution of a job that hibernates has ended',
  'execute-twice': 'two executions run the attempts of a job that wakes',
  'suspend-nobody': 'tasks run on behind the checkpoint that their job hibernates behind',
  'wake-without-execution': 'nobody runs the attempts of a job that wakes',
} as const;

export type PlantedBug = keyof typeof PLANTED_BUGS;

/** The switches of one simulated world; at most one is on. */
export class BugSwitch {
  readonly #planted: PlantedBug | undefined;

  constructor(planted?: PlantedBug) {
    this.#planted = planted;
  }

  is(bug: PlantedBug): boolean {
    return this.#planted === bug;
  }

  /** What a TaskManager writes state to. */
  taskManagerBlobs(blobs: BlobStore, host: SimProcess): BlobStore {
    return this.is('ack-before-write') ? puttingLater(blobs, host) : blobs;
  }

  /** What a JobMaster collects garbage in. */
  jobManagerBlobs(blobs: BlobStore): BlobStore {
    if (this.is('ignore-claims')) {
      return {
        ...forwarding(blobs),
        put: async (location, bytes) => {
          const written = blobs.put(location, bytes);
          await (location.endsWith(CLAIM_NAME) ? written.catch(() => undefined) : written);
        },
      };
    }
    if (!this.is('release-segment-early')) return blobs;
    return {
      ...forwarding(blobs),
      delete: async (location) => {
        await blobs.delete(location);
        const directory = location.slice(0, location.lastIndexOf('/'));
        const newest = (await blobs.list(directory)).at(-1);
        if (newest?.location.endsWith('.seg')) await blobs.delete(newest.location);
      },
    };
  }

  jobManagerRows(rows: RowStore): RowStore {
    if (this.is('no-fencing')) return { ...forwardingRows(rows), write: unconditionally(rows) };
    if (this.is('restore-stale-checkpoint')) {
      return {
        ...forwardingRows(rows),
        query: async (key, options) => {
          const found = await rows.query(key, options);
          return options?.sortKeyPrefix === 'checkpoint#' ? found.slice(0, -1) : found;
        },
      };
    }
    return rows;
  }

  /** What leases are claimed by. */
  leaseRows(rows: RowStore): RowStore {
    if (!this.is('claim-what-is-held')) return rows;
    return { ...forwardingRows(rows), get: async () => undefined, write: unconditionally(rows) };
  }

  /** What a slot finds of the one whose place it takes. */
  leftBehind(left: LeaveRecord | undefined): LeaveRecord | undefined {
    if (left === undefined) return undefined;
    if (this.is('restart-sequences')) return { ...left, links: {} };
    const slots = left.slots.map((slot) => {
      if (this.is('forget-told-sources')) {
        const tasks = slot.tasks.map((task) => ({ ...task, noMoreSplits: false }));
        return { ...slot, tasks, commands: [] };
      }
      if (!this.is('forget-channel-status')) return slot;
      return { ...slot, tasks: slot.tasks.map((task) => ({ ...task, inputs: [] })) };
    });
    return { ...left, slots };
  }

  /** What of a job its JobMaster finds and leaves. */
  journal(journal: JobJournal): JobJournal {
    if (!this.is('reuse-attempt')) return journal;
    return {
      lastAttempt: Math.max(-1, journal.lastAttempt - 1),
      record: (entry) => journal.record(entry),
      end: (status) => journal.end(status),
      fence: () => journal.fence(),
    };
  }

  /** What turns write to. @param send what a turn says. */
  turnRows(
    rows: RowStore,
    blobs: BlobStore,
    send: (jobId: string, effects: readonly TurnEffect[]) => Promise<void>,
  ): RowStore {
    if (this.is('turn-without-fence')) {
      return { ...forwardingRows(rows), write: unconditionally(rows) };
    }
    return {
      ...forwardingRows(rows),
      get: async (partitionKey, sortKey) => {
        const row = await rows.get(partitionKey, sortKey);
        if (row === undefined || sortKey !== 'turn') return row;
        const { record, ...rest } = row.value as TurnRow;
        const value = record === undefined ? rest : { ...rest, record: this.#turnRecord(record) };
        return { ...row, value };
      },
      write: async (steps) => {
        for (const step of steps) {
          if (step.type !== 'put' || step.sortKey !== 'turn') continue;
          const { record, superseded = [] } = step.value as TurnRow;
          const jobId = step.partitionKey.slice('job#'.length);
          if (this.is('send-before-write')) await send(jobId, record?.effects ?? []);
          if (!this.is('delete-record-early')) continue;
          for (const location of superseded) await blobs.delete(location);
        }
        await rows.write(steps);
      },
    };
  }

  /** Where turns put records. */
  turnBlobs(blobs: BlobStore, host: SimProcess): BlobStore {
    return this.is('record-after-row') ? puttingLater(blobs, host) : blobs;
  }

  /** What a turn begins with. */
  #turnRecord(record: TurnRecord): TurnRecord {
    const { slots, runners } = record;
    if (this.is('forget-rest') && runners !== undefined) {
      const { isResting: _, ...unrested } = runners;
      return { ...record, runners: unrested };
    }
    if (this.is('next-counts-twice')) {
      return runners === undefined ? record : { ...record, runners: { ...runners, asked: [] } };
    }
    if (slots === undefined) return record;
    const changed = slots.slots.map((slot) => {
      if (this.is('renumber-commands')) return { ...slot, nextCommand: 0 };
      // The last one of each slot came again.
      const isTwice = this.is('reports-count-twice') && slot.nextReport > 0;
      return isTwice ? { ...slot, nextReport: slot.nextReport + 1 } : slot;
    });
    return { ...record, slots: { ...slots, slots: changed } };
  }

  /** What a master knows of its job from the turn before. */
  asleep(job: SleepingJob): SleepingJob {
    const { hibernation } = job;
    if (hibernation === undefined) return job;
    if (this.is('lose-wake-while-falling')) {
      const { isWanted: _, ...forgetful } = hibernation;
      return { ...job, hibernation: forgetful };
    }
    if (!this.is('trust-old-idleness') || hibernation.phase !== 'ARMED') return job;
    return { ...job, hibernation: { ...hibernation, isRoused: true } };
  }

  /** What a slot is told. */
  command(command: SlotCommand): SlotCommand {
    if (!this.is('suspend-nobody') || command.type !== 'trigger-checkpoint') return command;
    const { barrier } = command;
    if (barrier.type !== 'CHECKPOINT_SUSPEND') return command;
    return { ...command, barrier: { ...barrier, type: 'CHECKPOINT' } };
  }

  /** What a slot starts from. */
  restored(states: readonly RestoredSubtaskState[]): readonly RestoredSubtaskState[] {
    if (this.is('drop-in-flight-frames')) return states.map((s) => ({ ...s, channels: [] }));
    return states.map((state) => ({
      ...state,
      operators: state.operators.map((operator) => this.#restoredOperator(operator)),
    }));
  }

  #restoredOperator(operator: RestoredOperatorState): RestoredOperatorState {
    const { keyedSegments, operatorStates } = operator;
    if (this.is('forget-keyed-state')) return { ...operator, keyedSegments: [] };
    if (this.is('restore-one-chain')) {
      return { ...operator, keyedSegments: keyedSegments.slice(0, 1) };
    }
    if (this.is('skip-a-delta')) {
      const chains = keyedSegments.map((chain) =>
        chain.at(-1)?.kind === 'DELTA' ? chain.slice(0, -1) : chain,
      );
      return { ...operator, keyedSegments: chains };
    }
    if (!this.is('forget-union-state')) return operator;
    return { ...operator, operatorStates: operatorStates.filter(({ mode }) => mode !== 'UNION') };
  }

  /** What a JobMaster hears of a slot. */
  reported(report: SlotReport, newestCheckpointId: number): SlotReport {
    if (!this.is('late-ack-counts') || report.type !== 'checkpoint-ack') return report;
    return { ...report, checkpointId: newestCheckpointId };
  }
}

const WRITE_LATER_MS = 25;

function puttingLater(blobs: BlobStore, host: SimProcess): BlobStore {
  return {
    ...forwarding(blobs),
    put: async (location, bytes) => {
      const copy = bytes.slice();
      host.timers.schedule(WRITE_LATER_MS, () => {
        blobs.put(location, copy).catch(() => undefined);
      });
    },
  };
}

function forwarding(blobs: BlobStore): BlobStore {
  return {
    ...(blobs.inlineLimitBytes === undefined ? {} : { inlineLimitBytes: blobs.inlineLimitBytes }),
    put: (location, bytes) => blobs.put(location, bytes),
    get: (location, range) => blobs.get(location, range),
    list: (directory) => blobs.list(directory),
    delete: (location) => blobs.delete(location),
  };
}

function forwardingRows(rows: RowStore): RowStore {
  return {
    get: (partitionKey, sortKey) => rows.get(partitionKey, sortKey),
    query: (partitionKey, query) => rows.query(partitionKey, query),
    write: (steps) => rows.write(steps),
  };
}

function unconditionally(rows: RowStore): RowStore['write'] {
  return (steps) => rows.write(steps.filter(isChange).map(unconditional));
}

function isChange(step: RowWrite): boolean {
  return step.type !== 'check';
}

function unconditional(step: RowWrite): RowWrite {
  const { partitionKey, sortKey } = step;
  if (step.type !== 'put') return { type: 'delete', partitionKey, sortKey };
  return { type: 'put', partitionKey, sortKey, value: step.value };
}
