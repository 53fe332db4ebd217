/**
 * Where schedules and rules go that wake jobs, and what they may do. The coordinator makes and
 * deletes them.
 */
import { PolicyStatement, type Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
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
  /** Of the queue; one that was imported has to let the service use it by its own policy. */
  readonly kmsKey: IKey | undefined;
}

export class WakeUps extends Construct {
  /** Deleted with all schedules in it: jobs of a cluster that is gone are not woken. */
  readonly group: CfnScheduleGroup;
  /** Of the service: puts messages into the tick queue, and nothing else. */
  readonly role: Role;
  /** Of the group's schedules; ends in `*`. */
  readonly scheduleArns: string;
  /** Of rules on the default event bus; ends in `*`. */
  readonly ruleArns: string;

  constructor(scope: Construct, id: string, { names, ticks, keyGrants, kmsKey }: WakeUpsProps) {
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
    this.ruleArns = stack.formatArn({
      service: 'events',
      resource: 'rule',
      resourceName: `${names.wakeRulePrefix}*`,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    ticks.addToResourcePolicy(this.#byRules(['sqs:SendMessage'], ticks.queueArn));
    // In a key's policy, every resource is the key.
    kmsKey?.addToResourcePolicy(this.#byRules(['kms:Decrypt', 'kms:GenerateDataKey'], '*'));
  }

  /** Rules send by themselves, not by a role: the cluster's own, and no others. */
  #byRules(actions: readonly string[], resource: string): PolicyStatement {
    return new PolicyStatement({
      principals: [new ServicePrincipal('events.amazonaws.com')],
      actions: [...actions],
      resources: [resource],
      conditions: {
        StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
        ArnLike: { 'aws:SourceArn': this.ruleArns },
      },
    });
  }
}
