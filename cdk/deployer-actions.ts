/**
 * What a deployer may do who brings rights of their own (`-c credentials=cli`): CloudFormation then
 * calls with them. By type of resource, as CloudFormation's own handlers call; where a property
 * asks for more, by property. Pure. `docs/aws/resources.md` shows what comes of it.
 *
 * @see https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
 */
import { StreamError } from '../runtime/core/index.ts';

/** A resource of a template. */
export interface TemplateResource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

interface TypeActions {
  /** Prefix of those that do not say theirs. */
  readonly service: string;
  readonly create: string;
  readonly update: string;
  /** Not asked for where the resource stays. */
  readonly delete: string;
  readonly byProperty?: Readonly<Record<string, string>>;
}

const HTTP_API: TypeActions = {
  ...{ service: 'apigateway', create: 'GET POST', update: 'PATCH PUT', delete: 'DELETE' },
  // Access logs are delivered by CloudWatch Logs, which the caller arranges.
  byProperty: {
    AccessLogSettings:
      'logs:CreateLogDelivery logs:GetLogDelivery logs:UpdateLogDelivery logs:DeleteLogDelivery ' +
      'logs:ListLogDeliveries logs:PutResourcePolicy logs:DescribeResourcePolicies',
  },
};

const TYPES: Readonly<Record<string, TypeActions>> = {
  'AWS::ApiGatewayV2::Api': HTTP_API,
  'AWS::ApiGatewayV2::Authorizer': HTTP_API,
  'AWS::ApiGatewayV2::Integration': HTTP_API,
  'AWS::ApiGatewayV2::Route': HTTP_API,
  'AWS::ApiGatewayV2::Stage': HTTP_API,
  'AWS::CloudWatch::Alarm': {
    ...{ service: 'cloudwatch', create: 'PutMetricAlarm DescribeAlarms TagResource' },
    ...{ update: 'PutMetricAlarm ListTagsForResource UntagResource', delete: 'DeleteAlarms' },
  },
  'AWS::CloudWatch::Dashboard': {
    ...{ service: 'cloudwatch', create: 'PutDashboard GetDashboard' },
    ...{ update: 'PutDashboard', delete: 'DeleteDashboards' },
  },
  'AWS::DynamoDB::Table': {
    service: 'dynamodb',
    create: 'CreateTable DescribeTable TagResource ListTagsOfResource',
    ...{ update: 'UpdateTable UntagResource', delete: 'DeleteTable' },
    byProperty: {
      PointInTimeRecoverySpecification: 'UpdateContinuousBackups DescribeContinuousBackups',
      TimeToLiveSpecification: 'UpdateTimeToLive DescribeTimeToLive',
    },
  },
  'AWS::Events::Rule': {
    ...{ service: 'events', create: 'PutRule DescribeRule PutTargets TagResource' },
    ...{ update: 'PutRule ListTargetsByRule UntagResource', delete: 'RemoveTargets DeleteRule' },
  },
  'AWS::IAM::Policy': {
    ...{ service: 'iam', create: 'PutRolePolicy GetRolePolicy', update: 'PutRolePolicy' },
    delete: 'DeleteRolePolicy',
  },
  'AWS::IAM::Role': {
    ...{ service: 'iam', create: 'CreateRole GetRole TagRole' },
    update: 'UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription UntagRole',
    delete: 'DeleteRole ListRolePolicies ListAttachedRolePolicies',
    byProperty: { ManagedPolicyArns: 'AttachRolePolicy DetachRolePolicy' },
  },
  'AWS::KMS::Key': {
    service: 'kms',
    create: 'CreateKey DescribeKey GetKeyPolicy TagResource ListResourceTags CreateGrant Decrypt',
    ...{ update: 'PutKeyPolicy UpdateKeyDescription UntagResource', delete: 'ScheduleKeyDeletion' },
    byProperty: { EnableKeyRotation: 'EnableKeyRotation GetKeyRotationStatus' },
  },
  'AWS::Lambda::EventInvokeConfig': {
    ...{ service: 'lambda', create: 'PutFunctionEventInvokeConfig GetFunctionEventInvokeConfig' },
    ...{ update: 'UpdateFunctionEventInvokeConfig', delete: 'DeleteFunctionEventInvokeConfig' },
  },
  'AWS::Lambda::EventSourceMapping': {
    ...{ service: 'lambda', create: 'CreateEventSourceMapping GetEventSourceMapping TagResource' },
    ...{ update: 'UpdateEventSourceMapping', delete: 'DeleteEventSourceMapping' },
  },
  'AWS::Lambda::Function': {
    service: 'lambda',
    create: 'CreateFunction GetFunction GetFunctionConfiguration TagResource iam:PassRole',
    update: 'UpdateFunctionCode UpdateFunctionConfiguration ListTags UntagResource',
    delete: 'DeleteFunction',
    byProperty: {
      RecursiveLoop: 'PutFunctionRecursionConfig GetFunctionRecursionConfig',
      ReservedConcurrentExecutions: 'PutFunctionConcurrency DeleteFunctionConcurrency',
    },
  },
  'AWS::Lambda::Permission': {
    ...{ service: 'lambda', create: 'AddPermission GetPolicy', update: '' },
    delete: 'RemovePermission',
  },
  'AWS::Logs::LogGroup': {
    service: 'logs',
    create: 'CreateLogGroup DescribeLogGroups TagResource ListTagsForResource',
    ...{ update: 'UntagResource', delete: 'DeleteLogGroup' },
    byProperty: { RetentionInDays: 'PutRetentionPolicy DeleteRetentionPolicy' },
  },
  'AWS::S3::Bucket': {
    ...{ service: 's3', create: 'CreateBucket PutBucketTagging GetBucketTagging', update: '' },
    delete: 'DeleteBucket',
    byProperty: {
      BucketEncryption: 'PutEncryptionConfiguration GetEncryptionConfiguration',
      LifecycleConfiguration: 'PutLifecycleConfiguration GetLifecycleConfiguration',
      OwnershipControls: 'PutBucketOwnershipControls GetBucketOwnershipControls',
      PublicAccessBlockConfiguration: 'PutBucketPublicAccessBlock GetBucketPublicAccessBlock',
    },
  },
  'AWS::S3::BucketPolicy': {
    ...{ service: 's3', create: 'PutBucketPolicy GetBucketPolicy', update: 'PutBucketPolicy' },
    delete: 'DeleteBucketPolicy',
  },
  'AWS::SQS::Queue': {
    service: 'sqs',
    create: 'CreateQueue GetQueueUrl GetQueueAttributes TagQueue ListQueueTags',
    ...{ update: 'SetQueueAttributes UntagQueue', delete: 'DeleteQueue' },
  },
  'AWS::SQS::QueuePolicy': {
    ...{ service: 'sqs', create: 'SetQueueAttributes GetQueueAttributes' },
    ...{ update: 'SetQueueAttributes', delete: 'SetQueueAttributes' },
  },
  'AWS::Scheduler::ScheduleGroup': {
    ...{ service: 'scheduler', create: 'CreateScheduleGroup GetScheduleGroup TagResource' },
    ...{ update: 'ListTagsForResource UntagResource', delete: 'DeleteScheduleGroup' },
  },
  'AWS::StepFunctions::StateMachine': {
    ...{ service: 'states', create: 'CreateStateMachine DescribeStateMachine TagResource' },
    update: 'UpdateStateMachine ListTagsForResource UntagResource iam:PassRole',
    delete: 'DeleteStateMachine',
  },
  // CDK's own, behind a function of the stack.
  'Custom::S3AutoDeleteObjects': {
    ...{ service: 'lambda', create: 'InvokeFunction', update: 'InvokeFunction' },
    delete: 'InvokeFunction',
  },
};

/**
 * IAM actions to create, update and delete the resources of a template, sorted.
 *
 * @throws {StreamError} `RESOURCE_TYPE_UNKNOWN`: the table above lacks a type.
 */
export function deployerActions(resources: readonly TemplateResource[]): readonly string[] {
  return [...new Set(resources.flatMap(actionsOf))].toSorted();
}

function actionsOf({ Type, DeletionPolicy, Properties = {} }: TemplateResource): string[] {
  const type = TYPES[Type];
  if (type === undefined) {
    throw new StreamError({
      kind: 'internal',
      code: 'RESOURCE_TYPE_UNKNOWN',
      message: `what its deployer has to be allowed is not in cdk/deployer-actions.ts; type=${Type}`,
      details: { type: Type },
    });
  }
  const byProperty = Object.entries(type.byProperty ?? {})
    .filter(([name]) => Properties[name] !== undefined)
    .map(([, actions]) => actions);
  const deletion = DeletionPolicy === 'Retain' ? [] : [type.delete];
  return [type.create, type.update, ...deletion, ...byProperty]
    .flatMap((list) => list.split(' '))
    .filter((action) => action !== '')
    .map((action) => (action.includes(':') ? action : `${type.service}:${action}`));
}
