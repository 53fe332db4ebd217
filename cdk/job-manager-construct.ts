/** A whole cluster as one construct. */
import {
  Grant as IamGrant,
  type IGrantable,
  type IPrincipal,
  type Role,
} from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { ArnFormat, Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import packageJson from '../package.json' with { type: 'json' };
import { Alarms } from './alarms.ts';
import { dataGrants } from './data-access.ts';
import type { Environment } from './environment.ts';
import { functionsDirectory } from './function-code.ts';
import { Functions } from './functions.ts';
import { type GrantedResources, KEY_ACTIONS } from './grants.ts';
import { Api } from './http-api.ts';
import type { JobManagerProps } from './job-manager-props.ts';
import { JobPrincipal } from './job-principal.ts';
import { type ClusterNames, clusterNames } from './names.ts';
import { Overview } from './overview.ts';
import { Queues } from './queues.ts';
import { allow } from './roles.ts';
import { type ClusterSettings, clusterSettings } from './settings.ts';
import { StateMachines, stateMachineArns } from './state-machines.ts';
import { Storage } from './storage.ts';
import { WakeUps } from './wake-ups.ts';

/** What a client or an operator has to know of a cluster. */
export interface ClusterOutputs {
  readonly ApiUrl: string;
  readonly StateMachineArn: string;
  readonly TriggerSavepointArn: string;
  readonly BucketName: string;
  readonly JobsTableName: string;
  readonly StateTableName: string;
  readonly CoordinatorQueueUrl: string;
  /** Joined by commas. */
  readonly FunctionNames: string;
}

/**
 * A cluster: an HTTP API that takes jobs, functions that run them, stores that keep them. Nothing
 * of it runs, and next to nothing costs, while no job does.
 *
 * As a grantee it is the code of its jobs: `inputBucket.grantRead(jobManager)`.
 */
export class JobManager extends Construct implements IGrantable {
  readonly names: ClusterNames;
  readonly outputs: ClusterOutputs;
  readonly grantPrincipal: IPrincipal;
  readonly bucket: Bucket;
  readonly functions: Functions;
  readonly queues: Queues;
  readonly wakeUps: WakeUps;
  readonly storage: Storage;
  readonly machines: StateMachines;
  readonly api: Api;
  readonly alarms: Alarms;

  /** @throws {StreamError} of kind `invalid` for a property that cannot be. */
  constructor(scope: Construct, id: string, props: JobManagerProps = {}) {
    super(scope, id);
    const settings = clusterSettings(props);
    const directory = functionsDirectory(props.functionsDirectory);
    this.names = clusterNames(props.prefix ?? prefixOf(this));
    const { names } = this;
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH;
    const isTraced = props.tracing ?? true;
    const destroyUserData = props.destroyUserData ?? false;
    const kmsKey = this.#key(props, settings, destroyUserData);
    const { accessLogsBucket, reservedConcurrency } = props;
    this.storage = new Storage(this, 'Storage', {
      names,
      kmsKey,
      accessLogsBucket,
      destroyUserData,
    });
    this.bucket = this.storage.bucket;
    this.queues = new Queues(this, 'Queues', { names, kmsKey, turnTimeout: settings.turnTimeout });
    const keyGrants =
      kmsKey === undefined ? [] : [{ actions: KEY_ACTIONS, resources: [kmsKey.keyArn] }];
    const { ticks } = this.queues;
    this.wakeUps = new WakeUps(this, 'WakeUps', { names, ticks, keyGrants, kmsKey });
    this.functions = new Functions(this, 'Functions', {
      names,
      settings,
      surroundings: { directory, logRetention, vpc: props.vpc, vpcSubnets: props.vpcSubnets },
      queues: this.queues,
      granted: this.#granted(),
      kmsKey,
      environment: this.#environment(settings, kmsKey, reservedConcurrency),
      isTraced,
      reservedConcurrency,
    });
    const { functions, queues } = this;
    const { api, plan, coordinator, taskmanager } = functions.all;
    this.machines = new StateMachines(this, 'StateMachines', {
      ...{ names, settings, functions, queues, logRetention, isTraced },
      keyGrants,
    });
    const { authorization } = settings;
    this.api = new Api(this, 'Api', { names, authorization, handler: api, logRetention });
    this.alarms = this.#alarms(props, settings);
    const jobRoles = [coordinator.role, taskmanager.role, plan.role];
    this.#grantData(props, jobRoles);
    this.grantPrincipal = new JobPrincipal(jobRoles);
    this.outputs = this.#outputs();
  }

  /** Lets a principal call the HTTP API, where authorization is by IAM. */
  grantClient(grantee: IGrantable): IamGrant {
    return this.api.grantInvoke(grantee);
  }

  /** Lets a principal take savepoints by the state machine, as an operator does in the console. */
  grantSavepoints(grantee: IGrantable): IamGrant {
    return IamGrant.addToPrincipal({
      grantee,
      actions: ['states:StartExecution'],
      resourceArns: [this.machines.triggerSavepoint.stateMachineArn],
    });
  }

  #key(
    { kmsKey }: JobManagerProps,
    { encryption }: ClusterSettings,
    destroyUserData: boolean,
  ): IKey | undefined {
    if (encryption === 'SERVICE_MANAGED') return undefined;
    if (kmsKey !== undefined) return kmsKey;
    return new Key(this, 'Key', {
      description: `State of the Sluice cluster ${this.names.prefix}`,
      enableKeyRotation: true,
      // Without it what is kept cannot be read.
      removalPolicy: destroyUserData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
  }

  /** Where the code of jobs runs. */
  #grantData(props: JobManagerProps, roles: readonly Role[]): void {
    const { dataBuckets: buckets = [], dataKeyArns: keyArns = [] } = props;
    const grants = dataGrants({ buckets, keyArns }, Stack.of(this).partition);
    for (const role of roles) allow(role, grants);
  }

  #granted(): GrantedResources {
    const { storage, queues, names } = this;
    const machines = stateMachineArns(this, names);
    const inboxes = `${names.inboxPrefix}*`;
    return {
      bucketArn: storage.bucket.bucketArn,
      jobsTableArn: storage.jobs.tableArn,
      stateTableArn: storage.state.tableArn,
      coordinatorQueueArn: queues.coordinator.queueArn,
      tickQueueArn: queues.ticks.queueArn,
      coordinatorDeadLetterArn: queues.coordinatorDeadLetters.queueArn,
      tickDeadLetterArn: queues.tickDeadLetters.queueArn,
      inboxDeadLetterArn: queues.inboxDeadLetters.queueArn,
      inboxArns: Stack.of(this).formatArn({
        service: 'sqs',
        resource: inboxes,
        arnFormat: ArnFormat.NO_RESOURCE_NAME,
      }),
      jobManagerArn: machines.jobManager,
      executionArns: machines.executions,
      planArn: Stack.of(this).formatArn({
        service: 'lambda',
        resource: 'function',
        resourceName: names.functions.plan,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
      triggerSavepointArn: machines.triggerSavepoint,
      wakeUpArns: this.wakeUps.scheduleArns,
      wakeRoleArn: this.wakeUps.role.roleArn,
      wakeRuleArns: this.wakeUps.ruleArns,
      // IAM's reference names a group without its streams, AWS's own policies with them.
      logArns: (['taskmanager', 'coordinator'] as const).flatMap((name) =>
        ['', ':*'].map((streams) =>
          Stack.of(this).formatArn({
            service: 'logs',
            resource: 'log-group',
            resourceName: `/aws/lambda/${names.functions[name]}${streams}`,
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        ),
      ),
    };
  }

  #environment(
    settings: ClusterSettings,
    kmsKey: IKey | undefined,
    reservedConcurrency: number | undefined,
  ): Environment {
    const { names, storage, queues } = this;
    return {
      SLUICE_PREFIX: names.prefix,
      SLUICE_JOBS_TABLE: storage.jobs.tableName,
      SLUICE_STATE_TABLE: storage.state.tableName,
      SLUICE_BUCKET: storage.bucket.bucketName,
      SLUICE_BUCKET_OWNER: Stack.of(this).account,
      SLUICE_COORDINATOR_QUEUE_URL: queues.coordinator.queueUrl,
      SLUICE_TICK_QUEUE_URL: queues.ticks.queueUrl,
      SLUICE_TICK_QUEUE_ARN: queues.ticks.queueArn,
      SLUICE_WAKE_GROUP: this.wakeUps.group.ref,
      SLUICE_WAKE_ROLE_ARN: this.wakeUps.role.roleArn,
      SLUICE_WAKE_RULE_PREFIX: names.wakeRulePrefix,
      SLUICE_INBOX_URL_PREFIX: queues.inboxUrlPrefix,
      SLUICE_INBOX_DLQ_ARN: queues.inboxDeadLetters.queueArn,
      SLUICE_STATE_MACHINE_ARN: stateMachineArns(this, names).jobManager,
      SLUICE_PLAN_FUNCTION: names.functions.plan,
      SLUICE_TASK_SLOTS: String(settings.taskSlots),
      SLUICE_TASK_MANAGER_MEMORY_MB: String(settings.taskManagerMemoryMb),
      SLUICE_MAX_TASK_MANAGERS: String(settings.maxTaskManagers),
      SLUICE_LEASE_MS: String(settings.lease.toMilliseconds()),
      SLUICE_LEASE_MARGIN_MS: String(settings.leaseMargin.toMilliseconds()),
      SLUICE_JOB_EXPIRATION_MS: String(settings.jobExpiration.toMilliseconds()),
      SLUICE_VERSION: packageJson.version,
      ...(kmsKey === undefined ? {} : { SLUICE_KMS_KEY_ARN: kmsKey.keyArn }),
      ...(reservedConcurrency === undefined
        ? {}
        : { SLUICE_RESERVED_CONCURRENCY: String(reservedConcurrency) }),
    };
  }

  #alarms({ alarmTopic, dashboard }: JobManagerProps, settings: ClusterSettings): Alarms {
    const { names, queues, machines, functions, storage } = this;
    const alarms = new Alarms(this, 'Alarms', {
      names,
      queues,
      jobManager: machines.jobManager,
      topic: alarmTopic,
      leaseLate: Duration.millis(Math.ceil(settings.leaseMargin.toMilliseconds() / 2)),
    });
    if (dashboard ?? true) {
      const parts = { names, functions, machines, queues, storage, alarms: alarms.all };
      new Overview(this, 'Overview', parts);
    }
    return alarms;
  }

  #outputs(): ClusterOutputs {
    const { names, machines, storage, queues } = this;
    return {
      ApiUrl: this.api.url,
      StateMachineArn: machines.jobManager.stateMachineArn,
      TriggerSavepointArn: machines.triggerSavepoint.stateMachineArn,
      BucketName: storage.bucket.bucketName,
      JobsTableName: storage.jobs.tableName,
      StateTableName: storage.state.tableName,
      CoordinatorQueueUrl: queues.coordinator.queueUrl,
      FunctionNames: Object.values(names.functions).join(','),
    };
  }
}

function prefixOf(scope: Construct): string {
  const { stackName } = Stack.of(scope);
  // The name of a nested stack is not known yet; it has to be given then.
  return Token.isUnresolved(stackName) ? 'unknown stack name' : stackName.toLowerCase();
}
