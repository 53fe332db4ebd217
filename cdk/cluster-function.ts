/** One function of a cluster, with its role and its log. */
import { join } from 'node:path';
import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { Role } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  RecursiveLoop,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type Duration, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Environment } from './environment.ts';
import type { Grant } from './grants.ts';
import { allow, emptyRole, explainWildcards } from './roles.ts';

/** What the functions of a cluster have in common. */
export interface FunctionSurroundings {
  readonly directory: string;
  readonly logRetention: RetentionDays;
  readonly vpc: IVpc | undefined;
  readonly vpcSubnets: SubnetSelection | undefined;
}

export interface ClusterFunctionProps extends FunctionSurroundings {
  /** Of its folder of bundles. */
  readonly bundle: string;
  readonly functionName: string;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeout: Duration;
  readonly environment: Environment;
  readonly grants: readonly Grant[];
  readonly isTraced: boolean;
  /** It is in a circle with a queue on purpose: Lambda ends others after 16 rounds. */
  readonly mayRecur?: boolean;
  readonly reservedConcurrency?: number | undefined;
}

export class ClusterFunction extends Construct {
  readonly lambda: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: ClusterFunctionProps) {
    super(scope, id);
    const { functionName, description, environment, vpc, vpcSubnets, reservedConcurrency } = props;
    this.role = emptyRole(this, 'Role', 'lambda', description);
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    allow(this.role, [
      {
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      },
      ...props.grants,
      ...(vpc === undefined ? [] : networkGrants(Stack.of(this))),
    ]);
    this.lambda = new LambdaFunction(this, 'Function', {
      functionName,
      description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(join(props.directory, props.bundle)),
      handler: 'index.handler',
      memorySize: props.memoryMb,
      timeout: props.timeout,
      environment: { ...environment },
      role: this.role,
      logGroup,
      // Named at all, it brings its permissions.
      ...(props.isTraced ? { tracing: Tracing.ACTIVE } : {}),
      // Whoever needs a second try asks for it: a slot that runs twice is fenced, and paid twice.
      retryAttempts: 0,
      recursiveLoop: props.mayRecur === true ? RecursiveLoop.ALLOW : RecursiveLoop.TERMINATE,
      ...(reservedConcurrency === undefined
        ? {}
        : { reservedConcurrentExecutions: reservedConcurrency }),
      ...(vpc === undefined ? {} : { vpc }),
      ...(vpcSubnets === undefined ? {} : { vpcSubnets }),
    });
    // Added to the role by the function itself.
    if (props.isTraced) explainWildcards(this.role, ['*'], TRACES);
    // The policy is complete before anything may call.
    this.lambda.node.addDependency(this.role);
  }
}

const TRACES = 'IAM knows no resource for X-Ray traces.';

/** As AWSLambdaVPCAccessExecutionRole, narrowed to this account and region. */
function networkGrants(stack: Stack): readonly Grant[] {
  const kinds = ['network-interface', 'subnet', 'security-group'];
  return [
    {
      actions: ['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface'],
      resources: kinds.map((resource) =>
        stack.formatArn({ service: 'ec2', resource, resourceName: '*' }),
      ),
      wildcard: 'Lambda makes its network interfaces itself; their names are not known before.',
    },
    {
      actions: ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'],
      resources: ['*'],
      wildcard: 'IAM knows no resource for the listing of network interfaces.',
    },
  ];
}
