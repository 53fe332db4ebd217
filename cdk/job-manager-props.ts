import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Duration } from 'aws-cdk-lib/core';
import type { DataBucket } from './data-access.ts';

/** Callers bring a token of this issuer. */
export interface JwtAuthorization {
  /** As `https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc`; tokens have it as `iss`. */
  readonly issuer: string;
  /** One of them is in a token's `aud` or `client_id`. */
  readonly audience: readonly string[];
  /**
   * A token has one of them.
   *
   * @defaultValue none is asked for
   */
  readonly scopes?: readonly string[];
}

/** Who may call the HTTP API. There is no way to say: everybody. */
export type Authorization = 'IAM' | JwtAuthorization;

/**
 * `SERVICE_MANAGED`: by keys that S3, DynamoDB and SQS own; costs nothing. `CUSTOMER_MANAGED`: by
 * a key in the account, which rotates and whose use is logged; a dollar a month and its calls.
 */
export type Encryption = 'SERVICE_MANAGED' | 'CUSTOMER_MANAGED';

/** What a cluster on AWS may be told. Everything has a default. */
export interface JobManagerProps {
  /**
   * Begins the name of everything in the cluster: 1 to 24 lower-case letters, digits and hyphens.
   * It cannot be changed later without moving the jobs.
   *
   * @defaultValue the stack's name in lower case
   */
  readonly prefix?: string;
  /** @defaultValue IAM: callers sign, and need `execute-api:Invoke`; see `grantClient` */
  readonly authorization?: Authorization;
  /**
   * Slots a TaskManager, 1 to 6: Flink's `taskmanager.numberOfTaskSlots`. Each is a worker thread
   * with a vCPU of its own, so an invocation has 1,769 MB a slot, and 10,240 MB at most.
   *
   * @defaultValue 1
   */
  readonly taskSlots?: number;
  /**
   * How long an invocation is a TaskManager, up to 14.5 minutes.
   *
   * @defaultValue 14 minutes: Lambda's 15, less one for whoever is late
   */
  readonly leaseLength?: Duration;
  /**
   * How long before the end of its lease a TaskManager begins to hand over at the latest. Longer
   * than a checkpoint takes.
   *
   * @defaultValue 2 minutes, or a third of the lease if that is less
   */
  readonly leaseMargin?: Duration;
  /**
   * How long after the end of its lease a TaskManager that does not answer is ended: the timeout of
   * its function is the lease and this, 15 minutes at most.
   *
   * @defaultValue 75 seconds: with leases of 14 minutes, those 15 minutes
   */
  readonly leaseGrace?: Duration;
  /**
   * How long a turn of the coordinator may take. A turn that dies is repeated after twice as long.
   *
   * @defaultValue 30 seconds
   */
  readonly turnTimeout?: Duration;
  /**
   * How long the API tells of a job that has ended: Flink's `jobstore.expiration-time`.
   *
   * @defaultValue a week: there is no history server, and who was not there wants to know why
   */
  readonly jobExpiration?: Duration;
  /**
   * Events that the history of an execution of a job may have before it goes on as a new one: 60 to
   * 22,000. Less is for tests.
   *
   * @defaultValue 22,000: Step Functions' 25,000, less what retries and losses may add
   */
  readonly continueAfterEvents?: number;
  /**
   * TaskManagers that a job may have. One that needs more is refused.
   *
   * @defaultValue `reservedConcurrency`, otherwise 900: what a quota of 1,000 invocations leaves
   */
  readonly maxTaskManagers?: number;
  /**
   * Invocations that the account keeps for TaskManagers, of all jobs together, and that they may
   * not exceed.
   *
   * @defaultValue none: they share the account's quota with its other functions
   */
  readonly reservedConcurrency?: number;
  /** @defaultValue a month */
  readonly logRetention?: RetentionDays;
  /** Told by every alarm when it goes off, and when it is over. */
  readonly alarmTopic?: ITopic;
  /** @defaultValue true; an account has three for nothing */
  readonly dashboard?: boolean;
  /** @defaultValue true: X-Ray for what is called seldom enough to be free */
  readonly tracing?: boolean;
  /** @defaultValue `CUSTOMER_MANAGED` if there is a `kmsKey`, otherwise `SERVICE_MANAGED` */
  readonly encryption?: Encryption;
  /** @defaultValue with `CUSTOMER_MANAGED`, a key is made */
  readonly kmsKey?: IKey;
  /**
   * What jobs read and write in S3, by name. For a bucket of the same app rather say
   * `bucket.grantRead(jobManager)`.
   *
   * @defaultValue nothing
   */
  readonly dataBuckets?: readonly DataBucket[];
  /**
   * ARNs of the keys that encrypt them.
   *
   * @defaultValue none: S3's own keys need no permission
   */
  readonly dataKeyArns?: readonly string[];
  /**
   * Where the functions have their network interfaces. It has to reach DynamoDB, S3, SQS and Step
   * Functions, by endpoints or a NAT.
   *
   * @defaultValue none: the functions are in no network of yours
   */
  readonly vpc?: IVpc;
  /** @defaultValue the private ones */
  readonly vpcSubnets?: SubnetSelection;
  /**
   * Takes the access log of the bucket.
   *
   * @defaultValue none is kept
   */
  readonly accessLogsBucket?: IBucket;
  /**
   * Deletes jobs, checkpoints and savepoints with the stack.
   *
   * @defaultValue false: the bucket and the tables stay when the stack goes
   */
  readonly destroyUserData?: boolean;
  /**
   * Holds a folder with an `index.mjs` for each function.
   *
   * @defaultValue those of this package
   */
  readonly functionsDirectory?: string;
}
