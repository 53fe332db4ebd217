/** What a cluster keeps: the bucket and the two tables. They outlive the stack unless asked. */
import {
  AttributeType,
  BillingMode,
  Table,
  TableEncryption,
  type TableProps,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { ClusterNames } from './names.ts';

export interface StorageProps {
  readonly names: ClusterNames;
  readonly kmsKey: IKey | undefined;
  readonly accessLogsBucket: IBucket | undefined;
  readonly destroyUserData: boolean;
}

/**
 * Beginnings of keys. Only claim checks and uploads expire: they are copies of what lies elsewhere
 * by then. What checkpoints no longer need the coordinator deletes, and nothing but a user, or a
 * job that has claimed it, deletes a savepoint.
 */
export const KEYS = {
  jobs: 'jobs/',
  checkpoints: 'checkpoints/',
  savepoints: 'savepoints/',
  frames: 'frames/',
  uploads: 'uploads/',
} as const;

/** Marks rows as garbage from then on, in seconds; rows without it stay. */
export const EXPIRY_ATTRIBUTE = 'expiresAt';

const LIFECYCLE_RULES: readonly LifecycleRule[] = [
  // A message lives four days.
  { id: 'claim-checks', prefix: KEYS.frames, expiration: Duration.days(7) },
  { id: 'uploads', prefix: KEYS.uploads, expiration: Duration.days(1) },
  // Of the whole bucket: what was never completed is no object yet, hence no savepoint.
  { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(2) },
];

export class Storage extends Construct {
  readonly bucket: Bucket;
  readonly jobs: Table;
  readonly state: Table;

  constructor(scope: Construct, id: string, props: StorageProps) {
    super(scope, id);
    this.bucket = this.#bucket(props);
    this.jobs = new Table(this, 'Jobs', this.#table(props, props.names.jobsTable));
    this.state = new Table(this, 'State', this.#table(props, props.names.stateTable));
  }

  #bucket({ kmsKey, accessLogsBucket, destroyUserData }: StorageProps): Bucket {
    const bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      ...(kmsKey === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey: kmsKey, bucketKeyEnabled: true }),
      // No object is ever written over (If-None-Match), so versions would keep only what the
      // collector deletes: hundreds of segments an hour, to be paid for.
      versioned: false,
      lifecycleRules: [...LIFECYCLE_RULES],
      ...(accessLogsBucket === undefined
        ? {}
        : { serverAccessLogsBucket: accessLogsBucket, serverAccessLogsPrefix: 'sluice/' }),
      ...removal(destroyUserData),
      autoDeleteObjects: destroyUserData,
    });
    if (accessLogsBucket === undefined) {
      Validations.of(bucket).acknowledge({
        id: 'AwsSolutions-S1',
        reason:
          'A log of thousands of segments an hour that only functions of the stack can read or ' +
          'write costs more than it tells; who has to keep one gives accessLogsBucket.',
      });
    }
    return bucket;
  }

  #table({ kmsKey, destroyUserData }: StorageProps, tableName: string): TableProps {
    return {
      tableName,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      // Nothing runs, nothing costs.
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: EXPIRY_ATTRIBUTE,
      deletionProtection: !destroyUserData,
      ...(kmsKey === undefined
        ? { encryption: TableEncryption.DEFAULT }
        : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: kmsKey }),
      ...removal(destroyUserData),
    };
  }
}

function removal(destroyUserData: boolean): { readonly removalPolicy: RemovalPolicy } {
  return { removalPolicy: destroyUserData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN };
}
