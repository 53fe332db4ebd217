/**
 * A proxy between the AWS SDK and the emulator that injects faults by seeded rules and counts what
 * passes. It is the emulator's front door: functions, queue URLs and clients all name it.
 *
 * Signatures. SigV4 signs the Host header and the body. The proxy forwards both as they came, the
 * Host too, so a request that was signed for the proxy's address verifies at the emulator, which
 * checks the header and not the socket (`AUTH=true` is one of this file's tests). Requests are
 * therefore never altered; what happens to messages is done to answers, which nobody signs.
 *
 * What does not pass: calls that the emulator makes to itself, which are those of state machines
 * and of event source mappings. Invocations are in `Emulator.invocations()`, whoever made them, and
 * transitions in an execution's history (`countTransitions`).
 *
 * I1  A request reaches the emulator at most once; its answer is given, replaced or withheld.
 * I2  Every call is counted once, with the answer that its caller got.
 * I3  A message that the emulator has given out is delivered or held, even when the poll that
 *     asked for it has been answered meanwhile with held ones.
 */
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as openRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address, FrontDoor } from './emulator/index.ts';
import {
  type ActiveRule,
  acceptedAnswer,
  billedUnits,
  CallLedger,
  type CallPlan,
  errorAnswer,
  type FaultRule,
  FaultRules,
  HeldMessages,
  identifyCall,
  type JsonObject,
  messagesAnswer,
  type ServiceCall,
} from './proxy/index.ts';

const LOOPBACK = '127.0.0.1';
const NO_TARGET: Address = { host: LOOPBACK, port: 0 };
/** Headers that belong to a connection, not to a request. `expect` is answered here. */
const HOP_HEADERS = new Set(['connection', 'keep-alive', 'transfer-encoding', 'expect']);

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Aborted when the caller hangs up. */
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The caller's connection is to break. */
const CUT = Symbol('cut');

/** How to make an {@link InjectingProxy}. */
export interface InjectingProxyOptions {
  /** The same seed and the same calls: the same faults. */
  readonly seed: number;
}

/** See the head of this file. One proxy an emulator. */
export class InjectingProxy implements FrontDoor {
  /** What has passed. */
  readonly ledger: CallLedger = new CallLedger();
  readonly #rules: FaultRules;
  readonly #held: HeldMessages;
  readonly #listeners = new Set<(call: ServiceCall) => void>();
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;
  readonly #ended = new AbortController();
  #target = NO_TARGET;

  constructor({ seed }: InjectingProxyOptions) {
    this.#rules = new FaultRules(seed);
    this.#held = new HeldMessages(this.#rules, () => performance.now());
    this.#server = createServer((incoming, response) => void this.#serve(incoming, response));
    // The SDK keeps connections; the default of 5 s would break one that it is about to use.
    this.#server.keepAliveTimeout = 75_000;
  }

  /** Puts a rule in force until it is removed. */
  inject(rule: FaultRule): ActiveRule {
    return this.#rules.add(rule);
  }

  /** Tells of each call, before anything befalls it; what it returns ends that. */
  watch(listener: (call: ServiceCall) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Removes all rules. Messages that are held already are delivered when they are due. */
  calm(): void {
    this.#rules.clear();
  }

  async open(target: Address): Promise<Address> {
    this.#target = target;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(0, LOOPBACK, resolve);
    await promise;
    // A suite that forgets to close it still ends.
    this.#server.unref();
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port was given');
    return { host: LOOPBACK, port: address.port };
  }

  async close(): Promise<void> {
    this.#ended.abort();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await promise;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const hungUp = new AbortController();
    response.on('close', () => hungUp.abort());
    const signal = AbortSignal.any([hungUp.signal, this.#ended.signal]);
    try {
      const { method = 'GET', url: path = '/', headers } = incoming;
      const request = { method, path, headers, body: await bytesOf(incoming), signal };
      const call = identifyCall(request);
      for (const listener of this.#listeners) listener(call);
      const answer = await this.#answer(call, request);
      this.#count(call, request, answer);
      if (answer === CUT) response.destroy();
      else response.writeHead(answer.status, passedOn(answer.headers)).end(answer.body);
    } catch (error) {
      if (!signal.aborted) response.writeHead(502).end(`the emulator did not answer: ${error}`);
    }
  }

  #count(call: ServiceCall, { body }: Request, answer: Answer | typeof CUT): void {
    const seen = answer === CUT ? { status: 599, body: Buffer.alloc(0) } : answer;
    this.ledger.record(call, {
      failedCalls: seen.status >= 400 ? 1 : 0,
      ...{ requestBytes: body.length, responseBytes: seen.body.length },
      units: billedUnits(call, body.length, seen),
    });
  }

  async #answer(call: ServiceCall, request: Request): Promise<Answer | typeof CUT> {
    const plan = this.#rules.plan(call);
    if (plan.delayMs > 0) await sleep(plan.delayMs, undefined, { signal: request.signal });
    return plan.fault === undefined
      ? this.#carryOut(call, request)
      : this.#faulty(call, request, plan.fault);
  }

  async #faulty(
    call: ServiceCall,
    request: Request,
    fault: NonNullable<CallPlan['fault']>,
  ): Promise<Answer | typeof CUT> {
    switch (fault.kind) {
      case 'refuse':
        return errorAnswer(call, fault.status, fault.code);
      case 'lose-answer':
        await this.#forward(request);
        return errorAnswer(call, fault.status, fault.code);
      case 'cut':
        if (fault.isCarriedOut) await this.#forward(request);
        return CUT;
      case 'kill-caller':
        if (fault.isCarriedOut) await this.#forward(request);
        kill(call);
        return CUT;
      case 'swallow':
        return acceptedAnswer(call);
    }
  }

  #carryOut(call: ServiceCall, request: Request): Promise<Answer> {
    const isReceive = call.service === 'sqs' && call.operation === 'ReceiveMessage';
    return isReceive ? this.#receive(call, request) : this.#forward(request);
  }

  async #receive(call: ServiceCall, request: Request): Promise<Answer> {
    const maxCount = Number(call.input?.MaxNumberOfMessages ?? 1);
    const due = this.#held.take(call.resource, maxCount);
    if (due.length > 0) return messagesAnswer(due);
    const poll = new AbortController();
    const hangUp = (): void => poll.abort();
    request.signal.addEventListener('abort', hangUp);
    const forwarded = this.#forward({ ...request, signal: poll.signal });
    const first = await Promise.race([forwarded, this.#untilDue(call.resource, request.signal)]);
    if (first === undefined) {
      // I3: the poll goes on when its caller has got an answer and gone.
      request.signal.removeEventListener('abort', hangUp);
      void forwarded.then(
        (answer) => {
          for (const message of messagesIn(answer)) this.#held.hold(call.resource, message, 0);
        },
        () => {},
      );
      return messagesAnswer(this.#held.take(call.resource, maxCount));
    }
    const messages = messagesIn(first);
    if (first.status !== 200 || messages.length === 0) return first;
    return messagesAnswer(this.#held.filter(call, messages));
  }

  /** Ends when a held message of the queue is due; never, when its caller has gone before. */
  #untilDue(queue: string, signal: AbortSignal): Promise<undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    let timer: NodeJS.Timeout | undefined;
    const look = (): void => {
      clearTimeout(timer);
      const dueInMs = this.#held.dueInMs(queue);
      if (dueInMs === 0) resolve(undefined);
      else if (dueInMs !== undefined) timer = setTimeout(look, dueInMs);
    };
    const forget = this.#held.onHold(look);
    const end = (): void => {
      clearTimeout(timer);
      forget();
    };
    signal.addEventListener('abort', end, { once: true });
    look();
    return promise;
  }

  #forward({ method, path, headers, body, signal }: Request): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const outgoing = openRequest(
      {
        ...{ ...this.#target, method, path, agent: this.#agent, signal },
        headers: { ...passedOn(headers), 'content-length': body.length },
      },
      (incoming) => {
        bytesOf(incoming).then(
          (bytes) =>
            resolve({
              ...{ status: incoming.statusCode ?? 502, headers: incoming.headers, body: bytes },
            }),
          reject,
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
    return promise;
  }
}

/** Its process group is the emulator's: nobody else's. */
function kill({ caller }: ServiceCall): void {
  const { pid } = caller ?? {};
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has died meanwhile.
  }
}

function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_HEADERS.has(name)));
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function messagesIn({ status, body }: Answer): JsonObject[] {
  if (status !== 200) return [];
  const { Messages } = JSON.parse(body.toString());
  return Array.isArray(Messages) ? Messages : [];
}
