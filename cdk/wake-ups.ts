/** Where schedules go that wake jobs, and what they may do. The coordinator makes and deletes them. */
import type { Role } from 'aws-cdk-lib/aws-iam';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { ArnFormat, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Grant } from './grants.ts';
import type { ClusterNames } from './names.ts';
import { allow, emptyRole } from './roles.ts';

export interface WakeUpsProps {
  readonly names: ClusterNames;
  readonly ticks: IQueue;
  readonly keyGrants: readonly Grant[];
}

export class WakeUps extends Construct {
  /** Deleted with all schedules in it: jobs of a cluster that is gone are not woken. */
  readonly group: CfnScheduleGroup;
  /** Of the service: puts messages into the tick queue, and nothing else. */
  readonly role: Role;
  /** Of the group's schedules; ends in `*`. */
  readonly scheduleArns: string;

  constructor(scope: Construct, id: string, { names, ticks, keyGrants }: WakeUpsProps) {
    super(scope, id);
    const stack = Stack.of(this);
    this.group = new CfnScheduleGroup(this, 'Group', { name: names.wakeGroup });
    this.role = emptyRole(this, 'Role', 'scheduler', 'Wakes Sluice jobs that hibernate', {
      StringEquals: { 'aws:SourceAccount': stack.account },
      ArnEquals: { 'aws:SourceArn': this.group.attrArn },
    });
    allow(this.role, [{ actions: ['sqs:SendMessage'], resources: [ticks.queueArn] }, ...keyGrants]);
    this.scheduleArns = stack.formatArn({
      service: 'scheduler',
      resource: 'schedule',
      resourceName: `${names.wakeGroup}/*`,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  }
}
