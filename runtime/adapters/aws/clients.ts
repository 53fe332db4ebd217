/**
 * The one place that makes AWS clients: one of each service for as long as the process or the
 * invocation lives.
 *
 * - I1: the SDK retries nothing; `AwsCalls` does, and knows what every attempt did.
 * - I2: connections are kept, and bounded.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import type { NodeHttpHandlerOptions } from '@smithy/node-http-handler';

export interface AwsClientSettings {
  /** @defaultValue what the SDK finds in the environment or the profile */
  readonly region?: string;
  /**
   * Of every service, as `http://127.0.0.1:4566`.
   *
   * @defaultValue the services' own, or what the environment says
   */
  readonly endpoint?: string;
  /** @defaultValue the SDK's chain: environment, profile, role */
  readonly credentials?: AwsCredentials;
  /** Connections to each service; `AwsCallsParts.maxInFlight` should not be more. */
  readonly maxSockets?: number;
  readonly connectTimeoutMs?: number;
  /** From a request's start to its answer's head; uploads are inside. */
  readonly requestTimeoutMs?: number;
  /** Added to the user agent: which of the project's programs this is. */
  readonly program?: string;
  /** In place of connections: what tests, and nobody else, give. */
  readonly requestHandler?: AwsRequestHandler;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Takes a signed HTTP request of the SDK, and answers it. */
export interface AwsRequestHandler {
  handle(request: unknown, options?: unknown): Promise<{ response: never }>;
}

/** What every client of the project is made with; also for the services not named here. */
export interface AwsClientConfig {
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: AwsCredentials;
  readonly maxAttempts: number;
  readonly retryMode: 'standard';
  readonly customUserAgent: [string, string][];
  readonly requestHandler: NodeHttpHandlerOptions & Partial<AwsRequestHandler>;
}

export interface AwsClients {
  readonly dynamoDb: DynamoDBClient;
  readonly s3: S3Client;
  /** Closes the connections; the clients are not to be used any more. */
  close(): void;
}

const MAX_SOCKETS = 64;
const CONNECT_TIMEOUT_MS = 2_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** A part of an upload, 16 MiB, takes 13 s at 10 Mbit/s. */
const S3_REQUEST_TIMEOUT_MS = 60_000;

/** To be spread into the constructor of any client of the SDK. */
export function awsClientConfig(settings: AwsClientSettings = {}): AwsClientConfig {
  const { region, endpoint, credentials, program = 'library', maxSockets = MAX_SOCKETS } = settings;
  const agent = { keepAlive: true, maxSockets };
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    maxAttempts: 1,
    retryMode: 'standard',
    customUserAgent: [['sluice', program]],
    requestHandler: settings.requestHandler ?? {
      connectionTimeout: settings.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      requestTimeout: settings.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  };
}

export function createDynamoDbClient(settings: AwsClientSettings = {}): DynamoDBClient {
  return new DynamoDBClient(awsClientConfig(settings));
}

export function createS3Client(settings: AwsClientSettings = {}): S3Client {
  const requestTimeoutMs = settings.requestTimeoutMs ?? S3_REQUEST_TIMEOUT_MS;
  return new S3Client({
    ...awsClientConfig({ ...settings, requestTimeoutMs }),
    // With the header, the SDK opens a connection for each upload above 2 MB.
    expectContinueHeader: false,
    // Uploads carry a CRC-32 that the blob store gives. What is read has checksums of its own, in
    // records and manifests, that outlive copies.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // `http://127.0.0.1` has no names below it.
    ...(settings.endpoint === undefined ? {} : { forcePathStyle: true }),
  });
}

/** What the stores of this folder need. */
export function createAwsClients(settings: AwsClientSettings = {}): AwsClients {
  const dynamoDb = createDynamoDbClient(settings);
  const s3 = createS3Client(settings);
  return {
    dynamoDb,
    s3,
    close() {
      dynamoDb.destroy();
      s3.destroy();
    },
  };
}
