/**
 * An IAM user that may do everything, for an emulator that enforces signatures: it does not check
 * the signature of its root user, so with that one nothing would be proven.
 */
const USER = 'sluice-test-administrator';
const POLICY = 'arn:aws:iam::aws:policy/AdministratorAccess';

/** Of the root user: the emulator compares it with its own environment. */
export const ROOT_KEY = 'test';

/** An access key. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Makes the user and its access key, as the root user. Once an emulator. */
export async function createAdministrator(endpoint: string, root: string): Promise<Credentials> {
  await iam(endpoint, root, { Action: 'CreateUser', UserName: USER });
  await iam(endpoint, root, { Action: 'AttachUserPolicy', UserName: USER, PolicyArn: POLICY });
  const xml = await iam(endpoint, root, { Action: 'CreateAccessKey', UserName: USER });
  return {
    accessKeyId: element(xml, 'AccessKeyId'),
    secretAccessKey: element(xml, 'SecretAccessKey'),
  };
}

/** Calls IAM as the root user. @throws {Error} when it refuses. */
export async function iam(
  endpoint: string,
  accessKeyId: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const scope = `${accessKeyId}/${today}/us-east-1/iam/aws4_request`;
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      // Names the service and the caller; nobody computes the root user's signature.
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    },
    body: new URLSearchParams({ Version: '2010-05-08', ...parameters }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${parameters.Action}: status=${response.status} ${text}`);
  return text;
}

function element(xml: string, name: string): string {
  const value = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
  if (value === undefined) throw new Error(`no ${name} in the answer of IAM: ${xml}`);
  return value;
}
