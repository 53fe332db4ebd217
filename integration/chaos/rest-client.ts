/** The cluster's REST interface, as far as the chaos test needs it. */
import { randomBytes } from 'node:crypto';
import { sleep } from './system.ts';

const POLL_MS = 30;
const REPORT_CHARS = 1500;

export interface JobOverview {
  readonly jid: string;
  readonly state: string;
}

/** How an operation ended. `gone`: the cluster does not know it (any more). */
export type Outcome =
  | { readonly type: 'done'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'gone' };

export class RestClient {
  readonly #origin: string;

  constructor(port: number) {
    this.#origin = `http://127.0.0.1:${port}`;
  }

  async jobs(): Promise<readonly JobOverview[]> {
    const { body } = await this.#call('GET', '/jobs/overview');
    return (body as { readonly jobs: readonly JobOverview[] }).jobs;
  }

  async status(jobId: string): Promise<string> {
    const { body } = await this.#call('GET', `/jobs/${jobId}/status`);
    return String((body as { readonly status?: unknown }).status);
  }

  /** `{vertex: parallelism}`. */
  async parallelism(jobId: string): Promise<readonly number[]> {
    const { body } = await this.#call('GET', `/jobs/${jobId}`);
    const { vertices } = body as { readonly vertices: readonly { readonly parallelism: number }[] };
    return vertices.map(({ parallelism }) => parallelism);
  }

  /** The last failures, for a report. */
  async exceptions(jobId: string): Promise<string> {
    const { body } = await this.#call('GET', `/jobs/${jobId}/exceptions`);
    return JSON.stringify(body).slice(0, REPORT_CHARS);
  }

  /** A completed checkpoint in the statistics. */
  async checkpoint(
    jobId: string,
    checkpointId: number,
  ): Promise<{ readonly sizeBytes: number; readonly durationMs: number }> {
    const path = `/jobs/${jobId}/checkpoints/details/${checkpointId}`;
    const body = (await this.#call('GET', path)).body as Record<string, unknown>;
    const { checkpointed_size: sizeBytes, end_to_end_duration: durationMs } = body;
    return { sizeBytes: Number(sizeBytes), durationMs: Number(durationMs) };
  }

  /** All there is to know of a job, for who looks into a failure. */
  async describe(jobId: string): Promise<object> {
    const paths = [`/jobs/${jobId}`, `/jobs/${jobId}/exceptions`, `/jobs/${jobId}/checkpoints`];
    const answers = await Promise.all(paths.map(async (path) => await this.#call('GET', path)));
    return Object.fromEntries(paths.map((path, at) => [path, answers[at]?.body]));
  }

  async cancel(jobId: string): Promise<boolean> {
    return (await this.#call('PATCH', `/jobs/${jobId}`)).status === 202;
  }

  /** Starts a savepoint, checkpoint, stop or rescale, and waits for its end. */
  async operate(
    jobId: string,
    what: 'stop' | 'savepoints' | 'checkpoints' | 'rescaling',
    argument: { readonly body?: object; readonly parallelism?: number },
    timeoutMs: number,
  ): Promise<Outcome> {
    const { parallelism } = argument;
    const triggerId = randomBytes(16).toString('hex');
    const path = `/jobs/${jobId}/${what}`;
    const started =
      parallelism === undefined
        ? await this.#call('POST', path, { ...argument.body, triggerId })
        : await this.#call('PATCH', `${path}?parallelism=${parallelism}`);
    if (started.status >= 300) return { type: 'failed', reason: JSON.stringify(started.body) };
    const requestId = (started.body as Record<string, string>)['request-id'];
    const status = `/jobs/${jobId}/${what === 'stop' ? 'savepoints' : what}/${requestId}`;
    for (const endsAtMs = Date.now() + timeoutMs; Date.now() < endsAtMs; await sleep(POLL_MS)) {
      const { status: code, body } = await this.#call('GET', status);
      if (code === 404) return { type: 'gone' };
      const answer = body as {
        readonly status: { readonly id: string };
        readonly operation?: Readonly<Record<string, unknown>>;
      };
      if (answer.status.id !== 'COMPLETED') continue;
      const value = answer.operation ?? {};
      const failure = value['failure-cause'] ?? value.failureCause;
      if (failure === undefined) return { type: 'done', value };
      const { error } = failure as { readonly error?: { readonly message?: string } };
      return { type: 'failed', reason: error?.message ?? JSON.stringify(failure) };
    }
    throw new Error(`${what} of the job has not ended in ${timeoutMs} ms`);
  }

  async #call(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await fetch(this.#origin + path, {
      method,
      signal: AbortSignal.timeout(30_000),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  }
}
