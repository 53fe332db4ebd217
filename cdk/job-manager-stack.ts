import { Topic } from 'aws-cdk-lib/aws-sns';
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { JobManager } from './job-manager-construct.ts';
import type { JobManagerProps } from './job-manager-props.ts';

export interface JobManagerStackProps extends StackProps {
  readonly cluster?: JobManagerProps;
  /** Of a topic in the same region, told by the alarms. */
  readonly alarmTopicArn?: string;
}

/** A stack with a cluster and nothing else; its outputs are named as `ClusterOutputs`. */
export class JobManagerStack extends Stack {
  readonly jobManager: JobManager;

  constructor(scope: Construct, id: string, props: JobManagerStackProps = {}) {
    const { cluster, alarmTopicArn, ...stack } = props;
    super(scope, id, { description: 'Sluice: stateful streams on functions', ...stack });
    const alarmTopic =
      alarmTopicArn === undefined
        ? {}
        : { alarmTopic: Topic.fromTopicArn(this, 'AlarmTopic', alarmTopicArn) };
    this.jobManager = new JobManager(this, 'JobManager', { ...cluster, ...alarmTopic });
    for (const [name, value] of Object.entries(this.jobManager.outputs)) {
      new CfnOutput(this, name, { value });
    }
  }
}
