/** A cluster deployed by the project's own app, and what a client does with it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { bundleJob } from '../../../scripts/cli/bundle-job.ts';
import { REPOSITORY_ROOT } from '../../../scripts/source-files.ts';
import { type DeployedApp, deployApp } from '../deployed-app.ts';
import type { EmulatorOptions } from '../emulator/index.ts';
import { callHttpApi } from '../http-api.ts';
import { waitUntil } from '../wait-until.ts';

/** Of the stack and of everything in it. */
export const PREFIX = 'jobs';
const PATIENCE_MS = 90_000;
const ENDED = ['FINISHED', 'FAILED', 'CANCELED'];

/** What a job came to. */
export interface JobEnd {
  readonly jobId: string;
  readonly status: string;
  /** Of the REST interface's exceptions; empty when there is none. */
  readonly rootException: string;
}

export class DeployedCluster {
  readonly app: DeployedApp;
  /** Of its name, and of everything in it. */
  readonly prefix = PREFIX;
  readonly #apiId: string;
  readonly #logs: CloudWatchLogsClient;

  private constructor(app: DeployedApp) {
    this.app = app;
    const { ApiUrl = '' } = Object.values(app.outputs)[0] ?? {};
    this.#apiId = /\/\/([^.]+)\./.exec(ApiUrl)?.[1] ?? '';
    const { region, credentials, endpoint } = app.emulator;
    this.#logs = new CloudWatchLogsClient({ region, credentials, endpoint });
  }

  static async deploy(
    context: Readonly<Record<string, string>> = {},
    auth = false,
    options: Omit<EmulatorOptions, 'workDirectory' | 'auth'> = {},
  ): Promise<DeployedCluster> {
    const entry = join(REPOSITORY_ROOT, 'cdk', 'app.ts');
    return new DeployedCluster(
      await deployApp({ entry, context: { prefix: PREFIX, ...context } }, { ...options, auth }),
    );
  }

  async stop(): Promise<void> {
    this.#logs.destroy();
    await this.app.stop();
  }

  async call(
    method: string,
    path: string,
    body: string | object = '',
  ): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
    const isText = typeof body === 'string' && body !== '';
    const answer = await callHttpApi(this.app.emulator, this.#apiId, {
      method,
      path,
      headers: { 'content-type': isText ? 'application/javascript' : 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      credentials: this.app.emulator.credentials,
    });
    const parsed = answer.body === '' ? {} : (JSON.parse(answer.body) as object);
    return { status: answer.status, body: parsed as Readonly<Record<string, unknown>> };
  }

  /** What is no JSON: a log. */
  async text(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const { emulator } = this.app;
    const { credentials } = emulator;
    const request = { method: 'GET', path, headers: {}, body: '', credentials };
    return await callHttpApi(emulator, this.#apiId, request);
  }

  /** @param jobFile from the project's root. @returns the job's id. */
  async submit(jobFile: string, run: object): Promise<string> {
    const cacheDir = mkdtempSync(join(tmpdir(), 'sluice-bundle-'));
    try {
      const { path } = await bundleJob({ jobFile, cwd: REPOSITORY_ROOT, cacheDir });
      return await this.submitText(readFileSync(path, 'utf8'), run);
    } finally {
      rmSync(cacheDir, { recursive: true, force: true });
    }
  }

  /** @param bundle as it is. @returns the job's id. */
  async submitText(bundle: string, run: object = {}): Promise<string> {
    const uploaded = await this.call('POST', '/jars/upload', bundle);
    const { body } = await this.call('POST', `/jars/${String(uploaded.body.filename)}/run`, run);
    return String(body.jobid);
  }

  async ended(jobId: string): Promise<JobEnd> {
    const status = await waitUntil(`job ${jobId} has ended`, PATIENCE_MS, async () => {
      const { body } = await this.call('GET', `/jobs/${jobId}`);
      return ENDED.includes(String(body.state)) ? String(body.state) : undefined;
    });
    const { body } = await this.call('GET', `/jobs/${jobId}/exceptions`);
    return { jobId, status, rootException: JSON.stringify(body.exceptionHistory ?? {}) };
  }

  /**
   * What the TaskManagers of a job have printed, sorted. Logs come late.
   *
   * @param count of lines that are waited for; there may be more.
   */
  async printed(jobId: string, count: number): Promise<readonly string[]> {
    const lines = await waitUntil(`job ${jobId} has printed ${count}`, PATIENCE_MS, async () => {
      const found = await this.printedSoFar(jobId);
      return found.length >= count ? found : undefined;
    });
    return lines.toSorted();
  }

  /** What has arrived of it, in no order. */
  async printedSoFar(jobId: string): Promise<readonly string[]> {
    const messages = await this.logged('taskmanager', jobId);
    return messages.flatMap((message) => printedLines(message, jobId));
  }

  /**
   * What a function has logged so far. The emulator has the first 10,000 events and no more pages.
   *
   * @param word of the lines wanted.
   */
  async logged(functionName: string, word?: string): Promise<readonly string[]> {
    const logGroupName = `/aws/lambda/${PREFIX}-${functionName}`;
    const messages: string[] = [];
    const wanted = { logGroupName, ...(word !== undefined && { filterPattern: `"${word}"` }) };
    let nextToken: string | undefined;
    do {
      const page = await this.#logs.send(
        new FilterLogEventsCommand({ ...wanted, ...(nextToken && { nextToken }) }),
      );
      messages.push(...(page.events ?? []).map(({ message = '' }) => message));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return messages;
  }
}

/** A print sink's lines come together. */
function printedLines(message: string, jobId: string): readonly string[] {
  if (!message.startsWith('{')) return [];
  const line = JSON.parse(message) as Readonly<Record<string, unknown>>;
  const isOfJob = line.print === true && Object.values(line).includes(jobId);
  return isOfJob ? String(line.message).split('\n').filter(Boolean) : [];
}
