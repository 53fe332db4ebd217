/**
 * What the cost model takes for granted, each number in one place with where it comes from. What
 * the code decides is named after its constant there; `measure` marks what runs have to confirm.
 */

const KIB = 1024;

/**
 * How a message carries bytes: as a binary attribute, which is billed as it is. A body would have
 * to be base64 text, and cost 4/3 (`inbox/sqs-queues.ts`).
 */
export const MESSAGE_ENCODING_FACTOR = 1;

export interface CostAssumptions {
  /** Of exchange between TaskManagers, and of their inboxes. */
  readonly exchange: {
    /** Header of a message, its attribute's name and type, and its body (`inbox/envelope.ts`). */
    readonly messageBytes: number;
    /** Of a frame: its own header, the item's head, the layout of its records. measure */
    readonly frameBytes: number;
    /** Of the unit billed that a message fills: two frames of 31 KiB, `NETWORK_BUFFER_BYTES`. */
    readonly fill: number;
    /** `NETWORK_BUFFER_BYTES` */
    readonly bufferBytes: number;
    /** How often a slot that is not busy sends what it has, at most. measure */
    readonly flushesPerS: number;
    /** `PackingSettings.lingerMs`: how long an item waits for others, unless it is said. */
    readonly lingerMs: number;
    /** `ACK_DELAY_MS` */
    readonly ackDelayMs: number;
    /** Half of `WINDOW_FRAMES` and of `MAX_WINDOW_BYTES`: then credit is owed. */
    readonly creditFrames: number;
    readonly creditBytes: number;
    /** A poll that finds messages, with what follows until the next. measure */
    readonly pollMs: number;
    /** `SqsInboxSettings.pollS` */
    readonly longPollS: number;
    /** `SqsInboxSettings.deleteLingerMs` */
    readonly deleteLingerMs: number;
    readonly messagesACall: number;
    readonly maxCallBytes: number;
    /**
     * What one TaskManager gets through to one other: four messages under way, those of 508 KB by
     * way of the bucket, at S3's latencies. measure
     */
    readonly laneBytesPerS: number;
  };
  /** Of the coordinator. */
  readonly turns: {
    /** Of its function, `cdk/functions.ts`. */
    readonly memoryMb: number;
    /** A turn, and one that stores a checkpoint. measure */
    readonly turnMs: number;
    readonly storingTurnMs: number;
    /** A tick that is put into the other queue, by a function of this size. measure */
    readonly tickMs: number;
    readonly tickMemoryMb: number;
    /** The job's row without acknowledgements, as JSON; counted in the emulator. */
    readonly rowBytes: number;
    /** More of it for each checkpoint that is remembered, and each of its subtasks. */
    readonly rowCheckpointBytes: number;
    readonly rowSubtaskBytes: number;
    /** Of the acknowledgement of a subtask in it, as it is stored; state not counted. measure */
    readonly storedAckBytes: number;
    /** By how much of their size rows are smaller or larger. measure */
    readonly rowSizeVaries: number;
    /** `web.checkpoints.history` */
    readonly rememberedCheckpoints: number;
    /** Zstandard makes of JSON above 4 KiB (`row-item.ts`) this part. measure */
    readonly rowCompression: number;
    readonly rowCompressAboveBytes: number;
    /** What clients are shown, written with every turn; and more of it for each subtask. measure */
    readonly viewBytes: number;
    readonly viewSubtaskBytes: number;
    /** Rows that say who is in charge, checked by every write (`DispatcherJournal.fence`). */
    readonly fenceRows: number;
    /** Batch size of the event source mapping of the coordinator's queue. */
    readonly messagesATurn: number;
    /** SQS delays a tick no longer. */
    readonly maxTickMs: number;
  };
  /** Of one process of the coordinator from another. */
  readonly takeOvers: {
    /** None: one queue feeds the function, and each job has its first. Counted in the emulator. */
    readonly aCheckpoint: number;
    /** Rows beside the record: the job twice, who is in charge, its plan, the log's head. */
    readonly rowReads: number;
    /**
     * The claim that follows a claim of its own, refused; who has kept nothing tries none: that is
     * each process, once.
     */
    readonly refusedClaims: number;
    /** It does not know what lists show, and writes it (`showJob`). */
    readonly rowWrites: number;
    /** The manifest beside one that is dropped: one of two take-overs stored neither. */
    readonly objectReads: number;
    /** That are sent again. measure */
    readonly ticks: number;
  };
  /** Of reports to the coordinator. */
  readonly reports: {
    /** An acknowledgement of a subtask without state, with its statistics. measure */
    readonly ackBytes: number;
    /** More for each segment that it refers to. measure */
    readonly segmentRefBytes: number;
    /** Metrics of a subtask. measure */
    readonly metricsBytes: number;
    /** `ReportSender`'s `metricsLingerMs`: metrics go with other reports, or after this time. */
    readonly metricsLingerMs: number;
    readonly commandBytes: number;
  };
  readonly state: {
    /** Header of a segment and of its chunks. */
    readonly segmentBytes: number;
    /** `MAX_CHAIN_SEGMENTS` */
    readonly maxChainSegments: number;
    /** `TieredBlobStore`'s: less stays inside the acknowledgement. */
    readonly inlineBytes: number;
    /** `DEFAULT_MULTIPART` */
    readonly multipartAboveBytes: number;
    readonly partBytes: number;
    /** `DynamoBlobStore`'s: a listing asks each. */
    readonly shards: number;
    /** Of a list row of the checkpoint log. */
    readonly logRowBytes: number;
    readonly objectsAPage: number;
    readonly deletesABatch: number;
    /** Memory that an entry takes, for each of its bytes in a segment. measure */
    readonly heapFactor: number;
  };
  readonly leases: {
    /** Of a lease's row, and more for each channel that crosses. measure */
    readonly rowBytes: number;
    readonly channelBytes: number;
    /** Cold, until the first record: billed, though it does no work. measure */
    readonly startMs: number;
    /** Of the program. measure */
    readonly bundleBytes: number;
    /**
     * A TaskManager that wants to leave has a checkpoint begun at once, on average half an interval
     * early (`makeDue`).
     */
    readonly extraCheckpoints: number;
    /** Lease, HasLeft (`cdk/definitions/job-manager-definition.ts`). */
    readonly transitions: number;
    readonly eventsALease: number;
    /** Of an execution, before the job goes on in another one. */
    readonly eventsAnExecution: number;
  };
  readonly attempts: {
    /** AskNext, WhatNext, Run, IsHistoryFull; and a TaskManager's last: Released. */
    readonly transitions: number;
    readonly transitionsATaskManager: number;
    /** Turns: the question, slots that run, the start. */
    readonly turns: number;
    /** Of these, those that show: it is asked for, it runs. */
    readonly views: number;
  };
  /** Of a job: what is done once. Counted in the emulator (`counted-calls.long.itest.ts`). */
  readonly jobs: {
    /** Requests of the API: the upload, and that it runs. */
    readonly apiRequests: number;
    /** The upload and the program; the upload and the program read, by the API and `plan`. */
    readonly objectWrites: number;
    readonly objectReads: number;
    /**
     * The API: the job. `plan`: the job, its plan. `settle`: its plan, its record. The coordinator:
     * the log's head, who is in charge as the last checkpoint goes, what is shown, behind the end.
     */
    readonly rowReads: number;
    /** The plan and the reservation; the end, in lists. */
    readonly rowWrites: number;
    readonly rowDeletes: number;
    readonly queries: number;
    /** `settle`: frames, records of turns. The coordinator: before the first checkpoint, at the end. */
    readonly listings: number;
    readonly transactions: number;
    /** Of turns at the end: readers that have no more, tasks that end and finish, the answer. */
    readonly endTurns: number;
    /** Of these, those that show: it has ended. */
    readonly endViews: number;
    /** Reports of a TaskManager at the end, and one more for each wave. */
    readonly endReports: number;
  };
  readonly logs: {
    /** START, REPORT, END and a line of its own, of an invocation. measure */
    readonly invocationBytes: number;
    /** What the coordinator says of a checkpoint, with its metrics. measure */
    readonly checkpointBytes: number;
    /** What a TaskManager says in a lease. measure */
    readonly leaseBytes: number;
  };
  readonly api: {
    readonly memoryMb: number;
    readonly requestMs: number;
    /** Of a job's page: what is shown, and its plan. */
    readonly reads: number;
  };
  readonly cluster: {
    /**
     * Long polls that Lambda keeps open for an event source mapping of a quiet queue: it "starts by
     * reading five batches at a time", each for up to 20 s. They are billed to the account.
     *
     * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
     */
    readonly pollersAQueue: number;
    /** `cdk/metrics.ts`, `cdk/alarms.ts` */
    readonly metrics: number;
    readonly alarms: number;
    /** The sweeper: once a day. */
    readonly sweepsADay: number;
  };
  /** What a slot with a whole vCPU gets done, in records through the whole job. measure */
  readonly slotRecordsPerS: number;
  /** And in bytes of the records that sources take in: as many of 1,000 bytes. measure */
  readonly slotBytesPerS: number;
}

export const COST_ASSUMPTIONS: CostAssumptions = {
  exchange: {
    messageBytes: 40,
    frameBytes: 32,
    fill: 62 / 64,
    bufferBytes: 31 * KIB,
    flushesPerS: 100,
    lingerMs: 100,
    ackDelayMs: 5_000,
    creditFrames: 128,
    creditBytes: KIB * KIB,
    pollMs: 15,
    longPollS: 20,
    deleteLingerMs: 1_500,
    messagesACall: 10,
    maxCallBytes: KIB * KIB,
    laneBytesPerS: 10_000_000,
  },
  turns: {
    memoryMb: 1_769,
    turnMs: 60,
    storingTurnMs: 250,
    tickMs: 20,
    tickMemoryMb: 256,
    rowBytes: 7 * KIB,
    rowCheckpointBytes: 200,
    rowSubtaskBytes: 300,
    storedAckBytes: 60,
    rowSizeVaries: 1 / 6,
    rememberedCheckpoints: 10,
    viewBytes: 4 * KIB,
    viewSubtaskBytes: 2 * KIB,
    rowCompression: 5,
    rowCompressAboveBytes: 4 * KIB,
    fenceRows: 1,
    messagesATurn: 10,
    maxTickMs: 900_000,
  },
  takeOvers: {
    aCheckpoint: 0,
    rowReads: 5,
    refusedClaims: 1,
    rowWrites: 1,
    objectReads: 0.5,
    ticks: 0.5,
  },
  reports: {
    ackBytes: 800,
    segmentRefBytes: 260,
    metricsBytes: 450,
    metricsLingerMs: 30_000,
    commandBytes: 300,
  },
  state: {
    segmentBytes: 64,
    maxChainSegments: 50,
    inlineBytes: KIB,
    multipartAboveBytes: 32 * KIB * KIB,
    partBytes: 16 * KIB * KIB,
    shards: 8,
    logRowBytes: 300,
    objectsAPage: 1_000,
    deletesABatch: 25,
    heapFactor: 4,
  },
  leases: {
    rowBytes: 600,
    channelBytes: 80,
    startMs: 800,
    bundleBytes: 200 * KIB,
    extraCheckpoints: 0.5,
    transitions: 2,
    eventsALease: 7,
    eventsAnExecution: 22_000,
  },
  attempts: { transitions: 4, transitionsATaskManager: 1, turns: 3, views: 2 },
  jobs: {
    apiRequests: 2,
    objectWrites: 2,
    objectReads: 2,
    rowReads: 9,
    rowWrites: 3,
    rowDeletes: 3,
    queries: 22,
    listings: 4,
    transactions: 3,
    endTurns: 4,
    endViews: 1,
    endReports: 2,
  },
  logs: { invocationBytes: 900, checkpointBytes: 1_200, leaseBytes: 3_000 },
  api: { memoryMb: 1_024, requestMs: 60, reads: 2 },
  cluster: { pollersAQueue: 5, metrics: 3, alarms: 10, sweepsADay: 1 },
  slotRecordsPerS: 50_000,
  slotBytesPerS: 50_000_000,
};
