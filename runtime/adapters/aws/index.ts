export {
  type AwsAttempt,
  AwsCallFailed,
  AwsCalls,
  type AwsCallsParts,
  type AwsOperation,
} from './aws-calls.ts';
export { type AwsFailure, type AwsFailureReason, adviceOf, awsFailure } from './aws-failure.ts';
export {
  type AwsClientConfig,
  type AwsClientSettings,
  type AwsClients,
  type AwsCredentials,
  type AwsRequestHandler,
  awsClientConfig,
  createAwsClients,
  createDynamoDbClient,
  createS3Client,
} from './clients.ts';
export { DynamoBlobStore, type DynamoBlobStoreParts } from './dynamo-blob-store.ts';
export { DynamoRowStore, type DynamoRowStoreParts } from './dynamo-row-store.ts';
export {
  createSqsClient,
  encodeItems,
  type InboxAddress,
  type InboxItem,
  type PackedItem,
  packItem,
  SqsQueues,
} from './inbox/index.ts';
export { jobFilesOnAws } from './job-files.ts';
export {
  type AddressedCommand,
  type ArmedRule,
  type AttemptWriter,
  AwsClusterJobs,
  type AwsClusterParts,
  AwsPrograms,
  type AwsProgramsParts,
  accountTaskManagers,
  allWakeUps,
  awsOperations,
  type CaughtError,
  type CommandSender,
  Coordinator,
  type CoordinatorParts,
  type CoordinatorQueues,
  createEventBridgeClient,
  createLambdaClient,
  createSchedulerClient,
  createSfnClient,
  EventWakeUps,
  type EventWakeUpsParts,
  type ForgetResult,
  forgetJobs,
  type HttpEvent,
  type HttpResult,
  httpRequestOf,
  httpResultOf,
  type Inboxes,
  importBundle,
  JobPrograms,
  type JobProgramsParts,
  JobTroubles,
  JobTurns,
  type JobTurnsParts,
  JobViews,
  lambdaFailure,
  leaseFailure,
  MAX_CAUSE_CHARS,
  MAX_DEATHS,
  MAX_FAULTS,
  type MetricName,
  type MetricSink,
  objectThresholdBytes,
  type PlanJobParts,
  type PlanRecord,
  passing,
  pauseOf,
  planJob,
  presignUpload,
  type QueueRecord,
  readPlan,
  SavepointDisposals,
  SchedulerWakeUps,
  type SchedulerWakeUpsParts,
  type SettleJobParts,
  SqsCommandSender,
  SqsCoordinatorQueues,
  SqsInboxes,
  type StateMachines,
  StepFunctions,
  settleJob,
  TaskManagerReservations,
  TickForwarder,
  type TickForwarderParts,
  TurnEffects,
  type TurnEffectsParts,
  thrownByFunction,
  type WakeUpSchedules,
} from './jobmanager/index.ts';
export type {
  CoordinatorMessage,
  LeaseAnswer,
  LeaseRequest,
  NextStep,
  PlanAnswer,
  PlanRequest,
  SettleRequest,
} from './messages.ts';
export { type AwsPrices, claimThresholdBytes, US_EAST_1_PRICES } from './prices.ts';
export { DEFAULT_RETRY_BUDGET, decideRetry, type RetryBudget } from './retry-budget.ts';
export { RoutedFileSystem } from './routed-file-system.ts';
export { S3BlobStore, type S3BlobStoreParts } from './s3-blob-store.ts';
export { S3FileSystem, type S3FileSystemParts } from './s3-file-system.ts';
export {
  type BucketOwners,
  isS3Location,
  parseS3Location,
  type S3Location,
  s3Location,
} from './s3-location.ts';
export { DEFAULT_MULTIPART, type MultipartSettings } from './s3-multipart.ts';
export {
  dynamoSegmentUsd,
  type SegmentLife,
  s3SegmentUsd,
  tierThresholdBytes,
  USUAL_LIFE,
} from './segment-tier.ts';
export { connectQueueList, SqsQueueList, type SqsQueueListParts } from './sqs-queue-list.ts';
export {
  BUCKET_ACTIONS,
  OBJECT_ACTIONS,
  ROW_ACTIONS,
  SEGMENT_ACTIONS,
} from './store-permissions.ts';
export {
  type AttemptRecord,
  attemptLocation,
  type BlobTier,
  type LambdaTaskManagerParts,
  type LambdaTaskManagerSettings,
  type LeaseMetrics,
  type LeaseNetworkSettings,
  readAttempt,
  reportDelayMs,
  runLease,
  type SlotStarted,
  slotsOfTaskManager,
  taskManagerCount,
  writeAttempt,
} from './taskmanager/index.ts';
export { TieredBlobStore, type TieredBlobStoreParts } from './tiered-blob-store.ts';
