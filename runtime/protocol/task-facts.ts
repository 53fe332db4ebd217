/**
 * What a subtask tells of its inputs and operators, for people who look for what keeps records
 * back. Read when counters are reported, never for a record. Plain JSON, a few numbers an operator
 * and an edge, however many channels there are.
 */

/** One edge into a subtask: what its channels have said. Live ones are neither idle nor ended. */
export interface InputFactsRecord {
  /** Index into the JobGraph's edges. */
  readonly edgeId: number;
  readonly numRecordsIn: number;
  readonly channelCount: number;
  readonly idleCount: number;
  readonly endedCount: number;
  /** Of live channels; absent: there is none. */
  readonly lowest?: ChannelWatermarkRecord;
  /** Of live channels. */
  readonly highest?: ChannelWatermarkRecord;
}

export interface ChannelWatermarkRecord {
  /** The subtask that sends. */
  readonly fromSubtask: number;
  /** Absent: none has come yet. */
  readonly watermarkMs?: number;
}

/** One operator of a subtask, in the order of its chain. */
export interface OperatorFactsRecord extends OperatorFacts {
  readonly operatorId: string;
  /** As in metrics. Absent: a release that did not tell, as it may be of `numRecordsIn`. */
  readonly name?: string;
  /** Absent, too: it takes a side output inside its chain, whose records are not told apart. */
  readonly numRecordsIn?: number;
  /** To its main output. */
  readonly numRecordsOut: number;
  /** To side outputs. Absent: none. */
  readonly numRecordsSide?: number;
  /** The last it has sent on; absent: none yet. */
  readonly watermarkMs?: number;
  /** The last sent to it inside its chain; absent: none yet, or as of `numRecordsIn`. */
  readonly inputWatermarkMs?: number;
  /** Its `open()` has been called and has not returned. */
  readonly isOpening?: true;
}

/** What an operator knows of itself. */
export interface OperatorFacts {
  /** Results that wait for a time. */
  readonly held?: HeldRecord;
  /** It makes watermarks. */
  readonly watermarks?: WatermarkMakerRecord;
  /** A reader's. */
  readonly splits?: SplitFactsRecord;
  /** Of a source that is aligned with others. */
  readonly alignment?: SourceAlignmentRecord;
  readonly numLateRecordsDropped?: number;
  /** What waits for a checkpoint to be published. Absent: it publishes what it gets. */
  readonly pendingCommitCount?: number;
}

export interface HeldRecord {
  readonly what: 'windows' | 'timers';
  readonly count: number;
  readonly time: 'event' | 'processing';
  /** The first of them goes once this time has passed. */
  readonly untilMs: number;
  /** Of sessions: each record puts them off by so much. */
  readonly gapMs?: number;
}

export interface WatermarkMakerRecord {
  /** False: its strategy makes none but the last. */
  readonly makesAny: boolean;
  /** Absent: it is never idle. */
  readonly idlenessMs?: number;
  /** `pipeline.auto-watermark-interval`; 0: only its generator's own events make any. */
  readonly intervalMs: number;
}

/** Why a source does not read, though there is more. */
export interface SourceAlignmentRecord {
  readonly group: string;
  readonly maxDriftMs: number;
  /** All that it may read is too far ahead of the group. */
  readonly waits: boolean;
  /** That are ahead, beside others that are not. */
  readonly pausedSplitCount: number;
  /** How far it may go; absent: nobody has told it. */
  readonly maxWatermarkMs?: number;
}

export interface SplitFactsRecord {
  /** That were given to the reader so far. */
  readonly givenCount: number;
  /** It reads until there are more: it was told that no others come. */
  readonly noMoreSplits: boolean;
  /** That hold the watermark, of those that are read; absent: splits are not told apart. */
  readonly open?: OpenSplitsRecord;
}

/** Splits that are read at once. */
export interface OpenSplitsRecord {
  readonly count: number;
  readonly idleCount: number;
  /** Of those that are not idle. */
  readonly lowest?: SplitWatermarkRecord;
  readonly highest?: SplitWatermarkRecord;
}

export interface SplitWatermarkRecord {
  readonly splitId: string;
  /** Absent: none yet. */
  readonly watermarkMs?: number;
}

/** What has changed between two reports, of the last ten seconds. */
export interface RecentFactsRecord {
  readonly spanMs: number;
  /** To the main output, operator by operator. */
  readonly numRecordsOut: readonly number[];
  /** Operator by operator; null: not known. Absent: a release that did not tell. */
  readonly numRecordsIn?: readonly (number | null)[];
  /** To side outputs, operator by operator. Absent: as of `numRecordsIn`, or there were none. */
  readonly numRecordsSide?: readonly number[];
  /** Of the inputs, or of a source. Absent: the first has come, or the last. */
  readonly watermarkAdvanceMs?: number;
  /** Operator by operator. Absent: a release that did not tell. */
  readonly paces?: readonly PaceRecord[];
}

/** How often an operator puts out, report by report, since its task started in this slot. */
export interface PaceRecord {
  /** Reports with more than the last. */
  readonly momentCount: number;
  /** Absent, as the next two: there was none. */
  readonly firstAtEpochMs?: number;
  readonly lastAtEpochMs?: number;
  /** Between two of them. */
  readonly longestGapMs?: number;
  /** Event time until which results were held first, since the last output. Absent: none were. */
  readonly dueMs?: number;
}
