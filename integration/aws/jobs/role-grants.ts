/** Takes a grant from the role of a deployed function, and gives it back. */
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import type { Clients } from '../clients.ts';
import { type Emulator, iam, ROOT_KEY } from '../emulator/index.ts';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

/**
 * Rewrites the inline policies of a function's role; what is enforced changes at once.
 *
 * @param isTaken whether an action on a resource is not granted any more.
 * @returns gives back what was taken.
 */
export async function takeGrant(
  emulator: Emulator,
  clients: Clients,
  functionName: string,
  isTaken: (action: string, resource: string) => boolean,
): Promise<() => Promise<void>> {
  const call = (parameters: Readonly<Record<string, string>>) =>
    iam(emulator.directEndpoint, ROOT_KEY, parameters);
  const RoleName = await roleOf(clients, functionName);
  const listed = await call({ Action: 'ListRolePolicies', RoleName });
  const names = [...listed.matchAll(/<member>([^<]+)<\/member>/g)].map(([, name = '']) => name);
  const before: { PolicyName: string; PolicyDocument: string }[] = [];
  let takenCount = 0;
  for (const PolicyName of names) {
    const xml = await call({ Action: 'GetRolePolicy', RoleName, PolicyName });
    const encoded = /<PolicyDocument>([^<]+)<\/PolicyDocument>/.exec(xml)?.[1] ?? '';
    const PolicyDocument = decoded(encoded);
    before.push({ PolicyName, PolicyDocument });
    const { Statement, ...rest } = JSON.parse(PolicyDocument) as { Statement: Statement[] };
    const pairs = Statement.flatMap((one) =>
      listOf(one.Action).flatMap((action) =>
        listOf(one.Resource).map((resource) => ({ one, action, resource })),
      ),
    );
    const kept = pairs.filter(({ action, resource }) => !isTaken(action, resource));
    takenCount += pairs.length - kept.length;
    const statements = kept.map(({ one, action: Action, resource: Resource }) => ({
      ...{ ...one, Action, Resource },
    }));
    const document = JSON.stringify({ ...rest, Statement: statements });
    await call({ Action: 'PutRolePolicy', RoleName, PolicyName, PolicyDocument: document });
  }
  if (takenCount === 0) throw new Error(`the role grants nothing of it: role=${RoleName}`);
  return async () => {
    for (const policy of before) await call({ Action: 'PutRolePolicy', RoleName, ...policy });
  };
}

async function roleOf({ lambda }: Clients, FunctionName: string): Promise<string> {
  const { Role = '' } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  return Role.slice(Role.lastIndexOf('/') + 1);
}

function decoded(text: string): string {
  const plain = text.replaceAll('&quot;', '"').replaceAll('&amp;', '&');
  return plain.startsWith('%') ? decodeURIComponent(plain) : plain;
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
