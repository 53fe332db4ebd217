/** Roles, each made of grants; a wildcard's reason goes with it to cdk-nag. */
import { type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Stack, Validations } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { Grant } from './grants.ts';

/** A role of a service that may do nothing yet. */
export function emptyRole(
  scope: Construct,
  id: string,
  service: 'lambda' | 'states' | 'scheduler',
  description: string,
  conditions: Readonly<Record<string, unknown>> = {},
): Role {
  const assumedBy = new ServicePrincipal(`${service}.amazonaws.com`, { conditions });
  return new Role(scope, id, { assumedBy, description });
}

/** Adds grants to a role's policy. */
export function allow(role: IRole, grants: readonly Grant[]): void {
  for (const { actions, resources, wildcard, conditions } of grants) {
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: [...resources],
        ...(conditions === undefined ? {} : { conditions }),
      }),
    );
    if (wildcard !== undefined) explainWildcards(role, resources, wildcard);
  }
}

/** Tells cdk-nag why resources of a role end in `*`. */
export function explainWildcards(role: IRole, resources: readonly string[], reason: string): void {
  const stack = Stack.of(role);
  for (const resource of resources) {
    const finding = flattened(stack.resolve(resource));
    if (!finding.includes('*')) continue;
    Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${finding}]`, reason });
  }
}

/** As cdk-nag writes a resource: `arn:<AWS::Partition>:sqs:…` */
function flattened(resolved: unknown): string {
  if (typeof resolved === 'string') return resolved;
  const node = (resolved ?? {}) as {
    readonly 'Fn::Join'?: readonly [string, readonly unknown[]];
    readonly 'Fn::GetAtt'?: readonly [string, string];
    readonly Ref?: string;
  };
  if (node['Fn::Join'] !== undefined) {
    const [delimiter, parts] = node['Fn::Join'];
    return parts.map(flattened).join(delimiter);
  }
  if (node['Fn::GetAtt'] !== undefined) return `<${node['Fn::GetAtt'].join('.')}>`;
  if (node.Ref !== undefined) return `<${node.Ref}>`;
  return JSON.stringify(resolved);
}
