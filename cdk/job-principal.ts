import type {
  AddToPrincipalPolicyResult,
  IPrincipal,
  IRole,
  PolicyStatement,
  PrincipalPolicyFragment,
} from 'aws-cdk-lib/aws-iam';
import { CompositePrincipal } from 'aws-cdk-lib/aws-iam';

/**
 * The code of jobs: it is evaluated to plan, its sources' enumerators run in the coordinator,
 * everything else in TaskManagers. What is granted to it is granted to the three roles.
 */
export class JobPrincipal implements IPrincipal {
  readonly assumeRoleAction = 'sts:AssumeRole';
  readonly grantPrincipal: IPrincipal = this;
  readonly policyFragment: PrincipalPolicyFragment;
  readonly #roles: readonly IRole[];

  constructor(roles: readonly IRole[]) {
    this.#roles = roles;
    this.policyFragment = new CompositePrincipal(
      ...roles.map((role) => role.grantPrincipal),
    ).policyFragment;
  }

  addToPrincipalPolicy(statement: PolicyStatement): AddToPrincipalPolicyResult {
    const results = this.#roles.map((role) => role.addToPrincipalPolicy(statement));
    return results[0] ?? { statementAdded: false };
  }
}
