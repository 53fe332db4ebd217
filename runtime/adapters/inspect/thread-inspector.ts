/**
 * Looks into the threads of this process through V8's inspector.
 *
 * I1  Nothing is connected, and nothing costs anything, while nobody asks.
 * I2  One asks at a time: a thread has one profiler.
 * I3  A thread that ends meanwhile, or does not answer, is left out.
 */
import { Session } from 'node:inspector';
import { threadId } from 'node:worker_threads';

/** A thread that is looked into. */
export interface InspectedThread {
  readonly name: string;
  /** Node's number of it: 0 is the main thread. */
  readonly threadId: number;
  /** Sends a command of the inspector's protocol. */
  post(method: string, params?: object): Promise<unknown>;
}

/** The name that its creator gave a worker, behind its number. */
const TITLE = /worker (\d+)\]?\s*(.*)$/i;
/** A thread that has not answered a command by then never will. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Workers tell that they are there; no more come after this time. */
const ATTACH_MS = 50;

export class ThreadInspector {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Does something with each thread at the same time; without those for which it fails (I3).
   *
   * @param isWanted by the name of the thread; the main one is `main`.
   */
  async inspect<T>(
    isWanted: (name: string) => boolean,
    act: (thread: InspectedThread) => Promise<T>,
  ): Promise<readonly T[]> {
    const turn = this.#last.then(() => inspectAll(isWanted, act));
    // I2.
    this.#last = turn.catch(() => undefined);
    return await turn;
  }
}

async function inspectAll<T>(
  isWanted: (name: string) => boolean,
  act: (thread: InspectedThread) => Promise<T>,
): Promise<readonly T[]> {
  const session = new Session();
  session.connect();
  try {
    const workers = new Workers(session);
    const main: InspectedThread = {
      name: 'main',
      threadId,
      post: (method, params) => posted(session, method, params),
    };
    const threads = [main, ...(await workers.attach())].filter(({ name }) => isWanted(name));
    const results = await Promise.allSettled(threads.map(act));
    // I3.
    return results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  } finally {
    session.disconnect();
  }
}

type Waiting = PromiseWithResolvers<unknown>;

/** The workers of this process, behind the session of the main thread. */
class Workers {
  readonly #session: Session;
  readonly #threads: InspectedThread[] = [];
  readonly #waiting = new Map<string, Waiting>();
  #lastId = 0;

  constructor(session: Session) {
    this.#session = session;
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      const { sessionId, workerInfo } = params;
      const [, id = '-1', name = ''] = TITLE.exec(workerInfo.title) ?? [];
      this.#threads.push({
        name,
        threadId: Number(id),
        post: (method, of = {}) => this.#post(sessionId, method, of),
      });
    });
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      this.#onMessage(params.sessionId, params.message);
    });
    session.on('NodeWorker.detachedFromWorker', ({ params }) => this.#onGone(params.sessionId));
  }

  async attach(): Promise<readonly InspectedThread[]> {
    await posted(this.#session, 'NodeWorker.enable', { waitForDebuggerOnStart: false });
    await new Promise((resolve) => setTimeout(resolve, ATTACH_MS));
    return this.#threads;
  }

  async #post(sessionId: string, method: string, params: object): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(`${sessionId}:${id}`, waiting);
    const timer = setTimeout(() => this.#onGone(sessionId), ANSWER_TIMEOUT_MS);
    try {
      const message = JSON.stringify({ id, method, params });
      await posted(this.#session, 'NodeWorker.sendMessageToWorker', { sessionId, message });
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #onMessage(sessionId: string, text: string): void {
    const { id, result, error } = JSON.parse(text) as {
      readonly id?: number;
      readonly result?: unknown;
      readonly error?: { readonly message: string };
    };
    const key = `${sessionId}:${id}`;
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error.message));
  }

  /** I3. */
  #onGone(sessionId: string): void {
    for (const [key, waiting] of this.#waiting) {
      if (!key.startsWith(`${sessionId}:`)) continue;
      this.#waiting.delete(key);
      waiting.reject(new Error('the thread is gone, or does not answer'));
    }
  }
}

function posted(session: Session, method: string, params: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.post(method, params, (error, result) => {
      if (error === null) resolve(result);
      else reject(new Error(error.message));
    });
  });
}
