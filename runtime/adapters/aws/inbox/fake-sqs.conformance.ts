/**
 * SQS as the SDK sees it, inside the process: loses nothing, but repeats, delays and reorders what
 * goes through standard queues, as a seed has it. FIFO queues keep order and drop what they know.
 *
 * I1  A message is there until it is deleted, and hidden for its visibility time-out after each
 *     receipt, also when who has received it did not get the answer.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Clock, Rng, Timers } from '../../../core/index.ts';
import type { AwsRequestHandler } from '../clients.ts';

export interface FakeSqsFaults {
  readonly duplicateRate: number;
  readonly maxDelayMs: number;
  /** Of aborted polls that take a message all the same. */
  readonly ghostRate: number;
  /** Of calls that are refused or answered with an error after they have happened. */
  readonly failureRate: number;
}

export const NO_FAULTS: FakeSqsFaults = {
  duplicateRate: 0,
  maxDelayMs: 0,
  ghostRate: 0,
  failureRate: 0,
};

export interface FakeSqsParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly faults?: FakeSqsFaults;
}

interface Attributes {
  readonly [name: string]: Readonly<Record<string, string>>;
}

export interface FakeMessage {
  readonly id: number;
  readonly body: string;
  readonly attributes: Attributes;
  visibleAtMs: number;
  receipts: number;
}

interface Entry {
  readonly Id: string;
  readonly MessageBody: string;
  readonly MessageAttributes?: Attributes;
  readonly MessageDeduplicationId?: string;
  readonly ReceiptHandle: string;
}

interface Input extends Entry {
  readonly VisibilityTimeout?: unknown;
  readonly QueueUrl: string;
  readonly Entries?: readonly Entry[];
  readonly WaitTimeSeconds?: number;
}

const UNIT_BYTES = 64 * 1024;
const MAX_BYTES = 1024 * 1024;

export class FakeSqs implements AwsRequestHandler {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  /** Billed requests by operation. */
  readonly requests = new Map<string, number>();
  /** Long polls that are under way. */
  polls = 0;
  faults: FakeSqsFaults;
  readonly #parts: FakeSqsParts;
  readonly #queues = new Map<string, FakeMessage[]>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #seen = new Set<string>();
  readonly #fifoTakers = new Map<string, (body: string) => void>();
  #nextId = 0;

  constructor(parts: FakeSqsParts) {
    this.#parts = parts;
    this.faults = parts.faults ?? NO_FAULTS;
  }

  /** Who works off a FIFO queue, message by message. */
  consume(queueUrl: string, take: (body: string) => void): void {
    this.#fifoTakers.set(queueUrl, take);
  }

  /** What lies in a queue, hidden or not. */
  messagesOf(queueUrl: string): readonly FakeMessage[] {
    return this.#queueOf(queueUrl);
  }

  /** Puts a message into a queue, as anybody may. */
  put(queueUrl: string, body: string, bytes?: Uint8Array): void {
    const f = { DataType: 'Binary', BinaryValue: Buffer.from(bytes ?? []).toString('base64') };
    this.#add(queueUrl, body, bytes === undefined ? {} : { f });
  }

  async handle(request: unknown, options?: unknown): Promise<{ response: never }> {
    const { headers, body } = request as { headers: Record<string, string>; body: Uint8Array };
    const operation = (headers['x-amz-target'] ?? '').replace('AmazonSQS.', '');
    const input = JSON.parse(Buffer.from(new Uint8Array(body)).toString('utf8')) as Input;
    await Promise.resolve();
    const isFailing = this.#chance(this.faults.failureRate);
    if (isFailing && this.#chance(0.5)) return error(500, 'InternalError');
    const output = await this.#answer(operation, input, options);
    return isFailing ? error(503, 'ServiceUnavailable') : output;
  }

  // What the SDK asks of a handler of requests.
  destroy(): void {}
  updateHttpClientConfig(): void {}
  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  async #answer(operation: string, input: Input, options: unknown): Promise<{ response: never }> {
    const { QueueUrl: url, Entries: entries = [] } = input;
    switch (operation) {
      case 'SendMessage':
        return this.#send(operation, url, [input]);
      case 'SendMessageBatch':
        return this.#send(operation, url, entries);
      case 'ReceiveMessage':
        return await this.#receive(input, (options as { abortSignal?: AbortSignal }).abortSignal);
      case 'DeleteMessageBatch':
        this.#bill(operation, 0);
        for (const { ReceiptHandle } of entries) this.#remove(url, ReceiptHandle);
        return ok({ Successful: entries.map(({ Id }) => ({ Id })), Failed: [] });
      case 'ChangeMessageVisibilityBatch':
        this.#bill(operation, 0);
        for (const { ReceiptHandle } of entries) {
          const message = this.#find(url, ReceiptHandle);
          if (message !== undefined) message.visibleAtMs = this.#nowMs();
        }
        this.#notify(url);
        return ok({ Successful: entries.map(({ Id }) => ({ Id })), Failed: [] });
      default:
        throw new Error(`a fake does not know ${operation}`);
    }
  }

  #send(operation: string, url: string, entries: readonly Entry[]): { response: never } {
    let sizeBytes = 0;
    for (const entry of entries) sizeBytes += sizeOf(entry.MessageBody, entry.MessageAttributes);
    if (sizeBytes > MAX_BYTES) return error(400, 'BatchRequestTooLong');
    this.#bill(operation, sizeBytes);
    for (const entry of entries) {
      const { MessageBody, MessageAttributes = {}, MessageDeduplicationId: id } = entry;
      if (id === undefined) {
        this.#add(url, MessageBody, MessageAttributes);
        if (this.#chance(this.faults.duplicateRate)) this.#add(url, MessageBody, MessageAttributes);
      } else if (!this.#seen.has(`${url} ${id}`)) {
        this.#seen.add(`${url} ${id}`);
        const take = this.#fifoTakers.get(url);
        queueMicrotask(() => take?.(MessageBody));
      }
    }
    const sent = entries.map(({ Id, MessageBody }) => ({
      Id,
      MessageId: 'm',
      MD5OfMessageBody: md5(MessageBody),
    }));
    return ok(operation === 'SendMessage' ? sent[0] : { Successful: sent, Failed: [] });
  }

  async #receive(input: Input, signal: AbortSignal | undefined): Promise<{ response: never }> {
    const {
      QueueUrl: url,
      WaitTimeSeconds: waitS = 0,
      VisibilityTimeout: visibilityS = 30,
    } = input;
    this.polls += 1;
    try {
      await this.#wait(url, 1000 * waitS, signal);
    } finally {
      this.polls -= 1;
    }
    if (signal?.aborted === true) {
      // I1.
      if (this.#chance(this.faults.ghostRate)) this.#take(url, Number(visibilityS));
      throw Object.assign(new Error('Request aborted'), { name: 'AbortError' });
    }
    const taken = this.#take(url, Number(visibilityS));
    const sizes = taken.map(({ body, attributes }) => sizeOf(body, attributes));
    this.#bill(
      'ReceiveMessage',
      sizes.reduce((a, b) => a + b, 0),
    );
    const Messages = taken.map(({ id, body, attributes, receipts }) => ({
      MessageId: String(id),
      ReceiptHandle: `${id}:${receipts}`,
      Body: body,
      MD5OfBody: md5(body),
      MessageAttributes: attributes,
    }));
    return ok({ Messages });
  }

  #wait(url: string, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { timers } = this.#parts;
    return new Promise((resolve) => {
      const ends: (() => void)[] = [];
      const end = (): void => {
        for (const undo of ends) undo();
        resolve();
      };
      if (this.#available(url).length > 0 || waitMs === 0 || signal?.aborted === true) {
        resolve();
        return;
      }
      const waiting = this.#waiting.get(url) ?? new Set();
      this.#waiting.set(url, waiting.add(end));
      ends.push(() => waiting.delete(end), timers.schedule(waitMs, end));
      // Also for what becomes visible by itself.
      const next = Math.min(...this.#queueOf(url).map(({ visibleAtMs }) => visibleAtMs));
      if (Number.isFinite(next)) ends.push(timers.schedule(Math.max(1, next - this.#nowMs()), end));
      signal?.addEventListener('abort', end, { once: true });
      ends.push(() => signal?.removeEventListener('abort', end));
    });
  }

  #take(url: string, visibilityS: number): readonly FakeMessage[] {
    const available = [...this.#available(url)];
    const taken: FakeMessage[] = [];
    let sizeBytes = 0;
    while (available.length > 0 && taken.length < 10) {
      const at = Math.floor(this.#parts.rng.next() * available.length);
      const [message] = available.splice(this.faults === NO_FAULTS ? 0 : at, 1);
      if (message === undefined) break;
      sizeBytes += sizeOf(message.body, message.attributes);
      if (taken.length > 0 && sizeBytes > MAX_BYTES) break;
      message.visibleAtMs = this.#nowMs() + 1000 * visibilityS;
      message.receipts += 1;
      taken.push(message);
    }
    return taken;
  }

  #add(url: string, body: string, attributes: Attributes): void {
    const delayMs = this.#parts.rng.next() * this.faults.maxDelayMs;
    const visibleAtMs = this.#nowMs() + delayMs;
    const message = { id: this.#nextId++, body, attributes, visibleAtMs, receipts: 0 };
    this.#queueOf(url).push(message);
    if (delayMs === 0) this.#notify(url);
    else this.#parts.timers.schedule(delayMs, () => this.#notify(url));
  }

  #available(url: string): readonly FakeMessage[] {
    return this.#queueOf(url).filter(({ visibleAtMs }) => visibleAtMs <= this.#nowMs());
  }

  #find(url: string, handle: string): FakeMessage | undefined {
    const [id] = handle.split(':');
    return this.#queueOf(url).find((message) => String(message.id) === id);
  }

  #remove(url: string, handle: string): void {
    const queue = this.#queueOf(url);
    const message = this.#find(url, handle);
    if (message !== undefined) queue.splice(queue.indexOf(message), 1);
  }

  #queueOf(url: string): FakeMessage[] {
    let queue = this.#queues.get(url);
    if (queue === undefined) {
      queue = [];
      this.#queues.set(url, queue);
    }
    return queue;
  }

  #notify(url: string): void {
    for (const end of [...(this.#waiting.get(url) ?? [])]) end();
  }

  #bill(operation: string, sizeBytes: number): void {
    const units = Math.max(1, Math.ceil(sizeBytes / UNIT_BYTES));
    this.requests.set(operation, (this.requests.get(operation) ?? 0) + units);
  }

  #chance(rate: number): boolean {
    return rate > 0 && this.#parts.rng.next() < rate;
  }

  #nowMs(): number {
    return this.#parts.clock.monotonicMs();
  }
}

/** As SQS counts: the body, and every part of each attribute; binary values as they are. */
function sizeOf(body: string, attributes: Attributes = {}): number {
  let sizeBytes = Buffer.byteLength(body);
  for (const [name, { DataType = '', StringValue = '', BinaryValue = '' }] of Object.entries(
    attributes,
  )) {
    const valueBytes = Buffer.byteLength(StringValue) + Buffer.byteLength(BinaryValue, 'base64');
    sizeBytes += name.length + DataType.length + valueBytes;
  }
  return sizeBytes;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

function ok(output: unknown): { response: never } {
  return respond(200, JSON.stringify(output));
}

function error(status: number, code: string): { response: never } {
  return respond(status, JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message: code }));
}

function respond(statusCode: number, body: string): { response: never } {
  const bytes = Buffer.from(body);
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': String(bytes.length),
    'x-amzn-requestid': 'R1',
  };
  return { response: { statusCode, headers, body: Readable.from([bytes]) } as never };
}
