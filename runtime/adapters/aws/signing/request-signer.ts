/**
 * Signs requests to a deployed cluster's HTTP API with the caller's own AWS credentials (SigV4).
 * What of the SDK it needs is loaded when it is made: nobody else pays for it.
 */
import { StreamError } from '../../../core/index.ts';
import { Sha256 } from './sha256.ts';

/** A request, before it is sent. */
export interface SignableRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty: there is none. */
  readonly body: string | Uint8Array;
}

/** Port of who sends requests: what it adds to them so that they are let in. */
export interface RequestSigner {
  /**
   * @returns all headers to send.
   * @throws {StreamError} `NO_CREDENTIALS`.
   */
  sign(request: SignableRequest): Promise<Readonly<Record<string, string>>>;
}

export interface SignerSettings {
  readonly region: string;
  /** Of `AWS_PROFILE`, for the message when it has none. */
  readonly profile?: string;
  /** @defaultValue the SDK's chain: environment, profile, SSO, role */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

const SERVICE = 'execute-api';

/** @throws {StreamError} `AWS_SDK_MISSING`. */
export async function requestSigner({
  region,
  profile,
  credentials: given,
}: SignerSettings): Promise<RequestSigner> {
  const { SignatureV4, defaultProvider } = await loadSdk();
  const credentials = given ?? defaultProvider();
  const signer = new SignatureV4({ service: SERVICE, region, credentials, sha256: Sha256 });
  return {
    sign: async ({ method, url, headers, body }) => {
      try {
        const signed = await signer.sign({
          ...{ method, body, protocol: url.protocol, hostname: url.hostname, path: url.pathname },
          query: Object.fromEntries(url.searchParams),
          headers: { ...headers, host: url.host },
        });
        return signed.headers;
      } catch (thrown) {
        throw noCredentials(thrown, profile);
      }
    },
  };
}

async function loadSdk() {
  try {
    const [{ SignatureV4 }, { defaultProvider }] = await Promise.all([
      import('@smithy/signature-v4'),
      import('@aws-sdk/credential-provider-node'),
    ]);
    return { SignatureV4, defaultProvider };
  } catch (thrown) {
    throw new StreamError({
      kind: 'invalid',
      code: 'AWS_SDK_MISSING',
      message:
        'requests to a deployed cluster are signed with parts of the AWS SDK that are not ' +
        'installed: npm install @smithy/signature-v4 @aws-sdk/credential-provider-node',
      cause: thrown,
    });
  }
}

function noCredentials(cause: unknown, profile: string | undefined): StreamError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StreamError({
    kind: 'invalid',
    code: 'NO_CREDENTIALS',
    message:
      profile === undefined
        ? 'there are no AWS credentials to sign requests with: set AWS_PROFILE, or ' +
          `AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; reason=${reason}`
        : 'the profile of AWS_PROFILE gives no AWS credentials to sign requests with: check that ' +
          '`aws configure list-profiles` has it, and sign in again (aws sso login) if its ' +
          `session is over; profile=${profile} reason=${reason}`,
    cause,
  });
}
