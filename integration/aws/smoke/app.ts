/**
 * A CDK app with one of everything that the real stack needs: it proves that the emulator, the
 * deployment and the proxy fit, before the real stack is blamed.
 *
 * Context `withoutBucketGrant=true` leaves out the function's right to write to the bucket.
 */
import { join } from 'node:path';
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import {
  ManagedPolicy,
  Policy,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { DefinitionBody, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { buildSync } from 'esbuild';
import { smokeDefinition } from './definition.ts';

const VISIBILITY = Duration.seconds(6);
const MAX_RECEIVES = 3;

class SmokeStack extends Stack {
  constructor(app: App) {
    super(app, 'Smoke');
    const removalPolicy = RemovalPolicy.DESTROY;
    const table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      ...{ billingMode: BillingMode.PAY_PER_REQUEST, timeToLiveAttribute: 'expiresAt' },
      removalPolicy,
    });
    const bucket = new Bucket(this, 'Bucket', { removalPolicy });
    const role = new Role(this, 'FunctionRole', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      managedPolicies: [
        ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaBasicExecutionRole'),
      ],
    });
    const smoke = new LambdaFunction(this, 'Function', {
      ...{ runtime: Runtime.NODEJS_24_X, architecture: Architecture.ARM_64 },
      ...{ code: Code.fromAsset(bundle(app)), handler: 'index.handler' },
      ...{ memorySize: 256, timeout: Duration.seconds(3), role },
      environment: { TABLE: table.tableName, BUCKET: bucket.bucketName },
    });
    table.grantWriteData(smoke);
    if (app.node.tryGetContext('withoutBucketGrant') !== 'true') bucket.grantPut(smoke);

    const [standard, deadLetters] = this.#queue('Standard', false);
    const [fifo] = this.#queue('Fifo', true);
    const reportBatchItemFailures = true;
    smoke.addEventSource(new SqsEventSource(standard, { reportBatchItemFailures }));
    smoke.addEventSource(new SqsEventSource(fifo, { reportBatchItemFailures }));

    const machine = new StateMachine(this, 'Machine', {
      definitionBody: DefinitionBody.fromString(
        JSON.stringify(smokeDefinition(smoke.functionArn, standard.queueUrl)),
      ),
    });
    smoke.grantInvoke(machine);
    standard.grantSendMessages(machine);
    // In the role's default policy it would close a circle: machine, its role, function, role.
    new Policy(this, 'AnswerTasks', {
      roles: [role],
      statements: [
        new PolicyStatement({
          ...{ actions: ['states:SendTaskSuccess'], resources: [machine.stateMachineArn] },
        }),
      ],
    });

    const api = new HttpApi(this, 'Api', { defaultAuthorizer: new HttpIamAuthorizer() });
    const integration = new HttpLambdaIntegration('Any', smoke);
    api.addRoutes({ path: '/{proxy+}', integration });

    const outputs = {
      ...{ TableName: table.tableName, BucketName: bucket.bucketName, ApiId: api.apiId },
      ...{ StandardUrl: standard.queueUrl, FifoUrl: fifo.queueUrl },
      ...{ DeadLettersUrl: deadLetters.queueUrl, MachineArn: machine.stateMachineArn },
      FunctionName: smoke.functionName,
    };
    for (const [id, value] of Object.entries(outputs)) new CfnOutput(this, id, { value });
  }

  #queue(name: string, isFifo: boolean): readonly [Queue, Queue] {
    // CloudFormation refuses `fifo: false`.
    const kind = isFifo ? ({ fifo: true, contentBasedDeduplication: true } as const) : {};
    const dead = new Queue(this, `${name}DeadLetters`, kind);
    const deadLetterQueue = { queue: dead, maxReceiveCount: MAX_RECEIVES };
    const settings = { ...kind, visibilityTimeout: VISIBILITY, deadLetterQueue };
    return [new Queue(this, name, settings), dead];
  }
}

function bundle(app: App): string {
  const folder = join(app.outdir, 'smoke-function');
  buildSync({
    ...{ entryPoints: [join(import.meta.dirname, 'function.ts')], bundle: true },
    ...{ platform: 'node', target: 'node24', format: 'cjs', minify: true },
    outfile: join(folder, 'index.js'),
  });
  return folder;
}

const app = new App();
new SmokeStack(app);
app.synth();
