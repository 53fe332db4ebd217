/** Where a cluster is, as `-m` says it, and what its requests need to be let in. */
import type { RequestSigner } from '../../runtime/adapters/aws/signing/index.ts';
import { badArguments } from './parse-options.ts';

export interface ClusterAddress {
  /** Without `/` at its end. */
  readonly url: string;
  /** As it is shown: without `http://`. */
  readonly text: string;
  /** Deployed to AWS: it shares no directory with this machine. */
  readonly isDeployed: boolean;
  /** Of the name of an HTTP API. */
  readonly region?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const ADDRESS =
  /^(?:(https?):\/\/)?([\w.-]+|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?((?:\/[\w.~%-]+)*)\/?$/;
const HTTP_API = /^\w+\.execute-api\.(?:([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?|localhost)$/;

/**
 * Reads `host:port`, `http://host:port` or `https://host[:port][/path]`.
 *
 * @throws {StreamError} `BAD_ARGUMENTS`.
 */
export function clusterAddress(text: string): ClusterAddress {
  const [, scheme = 'http', host = '', port, path = ''] = ADDRESS.exec(text) ?? [];
  if (host === '' || (scheme === 'http' && port === undefined)) {
    const found = text === '' ? 'it is empty (a variable of the shell that is not set?)' : text;
    throw badArguments(`The address must be <host:port> or https://<host>: ${found}`);
  }
  const authority = port === undefined ? host : `${host}:${port}`;
  const api = HTTP_API.exec(host);
  const region = api?.[1];
  return {
    url: `${scheme}://${authority}${path}`,
    text: scheme === 'http' ? `${authority}${path}` : `https://${authority}${path}`,
    isDeployed: scheme === 'https' || api !== null,
    ...(region === undefined ? {} : { region }),
  };
}

/**
 * What signs requests: a token of `SLUICE_TOKEN`; for a deployed cluster otherwise the caller's AWS
 * credentials; a cluster on this machine needs nothing.
 *
 * @throws {StreamError} `BAD_ARGUMENTS` when the region is not known; as `requestSigner`.
 */
export async function signerOf(
  { isDeployed, region: ofName, text }: ClusterAddress,
  environment: Environment,
): Promise<RequestSigner | undefined> {
  const token = environment.SLUICE_TOKEN ?? '';
  if (token !== '') return bearer(token);
  if (!isDeployed) return undefined;
  const region = ofName ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  if (region === undefined) {
    throw badArguments(`The region of ${text} is not known: set AWS_REGION.`);
  }
  const { requestSigner } = await import('../../runtime/adapters/aws/signing/index.ts');
  const { AWS_PROFILE: profile = '' } = environment;
  const ofProfile = profile === '' ? {} : { profile };
  return await requestSigner({ region, ...ofProfile, ...credentialsOf(environment) });
}

function bearer(token: string): RequestSigner {
  return {
    sign: async ({ headers }) => ({ ...headers, authorization: `Bearer ${token}` }),
  };
}

/** Those of the environment go before any other, as everywhere in AWS. */
function credentialsOf({
  AWS_ACCESS_KEY_ID: accessKeyId = '',
  AWS_SECRET_ACCESS_KEY: secretAccessKey = '',
  AWS_SESSION_TOKEN: sessionToken = '',
}: Environment) {
  if (accessKeyId === '' || secretAccessKey === '') return {};
  const session = sessionToken === '' ? {} : { sessionToken };
  return { credentials: { accessKeyId, secretAccessKey, ...session } };
}
