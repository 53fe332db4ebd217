import type { FieldType } from '../core/index.ts';
import type { ChannelSink, ChannelWriter, TakenFrame } from '../exchange/index.ts';
import type { SlotReport } from '../protocol/index.ts';

/** Names one channel of the job: an edge, from one subtask to another. */
export interface ChannelId {
  readonly edgeId: number;
  readonly fromSubtask: number;
  readonly toSubtask: number;
}

/** The receiving end of a channel between slots. */
export interface ChannelSource {
  /**
   * Hands over at most `maxFrames` frames, of each at most `maxRecords` records; the number handed
   * over, in whole or in part, 0 when there were none.
   */
  poll(sink: ChannelSink, maxFrames: number, maxRecords?: number): number;
  readonly bytesRead: number;
  /**
   * Takes the next frame from the channel; a later `poll` hands it over before what follows. A
   * barrier overtakes: it is handed over only if it is put back.
   */
  takeAhead(): TakenFrame | undefined;
  putBack(taken: TakenFrame): void;
  /** Taken ahead and not handed over yet; oldest first. */
  readonly ahead: readonly TakenFrame[];
  readonly aheadBytes: number;
  /** Hands over what is ahead and no record; it stays there. For who will poll no more. */
  deliverControlsAhead(sink: ChannelSink): void;
  /** A SCHEMA frame for what is handed over next; undefined before the first records. */
  schemaFrame(): Uint8Array | undefined;
}

/**
 * Channels between slots. Needs: frames of a channel arrive once, complete and in order; a writer
 * without space says so and is told when there is some.
 */
export interface SlotExchange {
  /** `type` undefined: the writer infers the codec from the records. */
  openWriter(channel: ChannelId, type: FieldType | undefined, keyed: boolean): ChannelWriter;
  openReader(channel: ChannelId, keyed: boolean): ChannelSource;
}

/** Where a slot's reports go. Keeps their order. */
export interface SlotReporter {
  report(report: SlotReport): void;
}

/** What wakes and paces the thread that runs slots. */
export interface SlotThread {
  /** Resolves at `wakeAtEpochMs`, when a neighbour touched a channel, or after {@link wake}. */
  sleep(wakeAtEpochMs: number | undefined): Promise<void>;
  /** Ends the present sleep, or the next one at once. */
  wake(): void;
  /** Notes what has happened so far: a later `sleep` returns at once if more did since. */
  arm(): void;
  /** Lets input and output of the thread happen; resolves as soon as it has. */
  breathe(): Promise<void>;
}
