/**
 * Who asks jobs that work in turns, by message.
 *
 * I1  A request is answered, however often, with one answer.
 */
import { StreamError } from '../core/index.ts';
import type { ClientAnswer, ClientRequest, TurnMessage } from '../jobmaster/index.ts';
import type { SimJobControl } from './sim-job-control.ts';
import type { SimWorld } from './sim-world.ts';

export class SimTurnClient {
  readonly #world: SimWorld;
  readonly #send: (jobId: string, message: TurnMessage) => void;
  readonly #waiting = new Map<string, PromiseWithResolvers<ClientAnswer>>();
  readonly #answers = new Map<string, string>();
  #nextId = 1;

  constructor(world: SimWorld, send: (jobId: string, message: TurnMessage) => void) {
    this.#world = world;
    this.#send = send;
  }

  /** I1. */
  answered(requestId: string, answer: ClientAnswer): void {
    const text = JSON.stringify(answer);
    const before = this.#answers.get(requestId);
    if (before !== undefined && before !== text) {
      this.#world.violate(`I1: ${requestId} is answered ${before}, then ${text}`);
    }
    this.#answers.set(requestId, text);
    if (before === undefined) this.#world.trace(`answer ${requestId} ${text.slice(0, 200)}`);
    const waiting = this.#waiting.get(requestId);
    if (waiting === undefined) {
      this.#world.violate(`I1: nobody has asked ${requestId}`);
      return;
    }
    waiting.resolve(answer);
  }

  /** Requests without an answer. */
  get unanswered(): readonly string[] {
    return [...this.#waiting.keys()].filter((id) => !this.#answers.has(id));
  }

  controlOf(jobId: string, vertexIds: readonly string[]): SimJobControl {
    return {
      isRunning: !this.unanswered.some((id) => id.startsWith(`${jobId}/drain`)),
      vertexIds,
      checkpoint: async (kind) => {
        await this.#ask(jobId, { type: 'checkpoint', full: kind === 'FULL' });
      },
      savepoint: async (targetDirectory) => {
        const answer = await this.#ask(jobId, { type: 'savepoint', targetDirectory });
        return answer.path ?? '';
      },
      stop: async (drain, targetDirectory) => {
        await this.#ask(jobId, { type: 'stop', drain, targetDirectory });
      },
      rescale: async (parallelism) => {
        await this.#ask(jobId, { type: 'rescale', parallelism });
      },
      cancel: () => void this.#ask(jobId, { type: 'cancel' }).catch(() => undefined),
    };
  }

  async #ask(jobId: string, request: ClientRequest): Promise<{ readonly path?: string }> {
    const name = request.type === 'stop' && request.drain ? 'drain' : request.type;
    const requestId = `${jobId}/${name}-${this.#nextId++}`;
    const answered = Promise.withResolvers<ClientAnswer>();
    this.#waiting.set(requestId, answered);
    this.#send(jobId, { type: 'request', requestId, request });
    const answer = await answered.promise;
    if ('error' in answer) throw StreamError.fromJSON(answer.error);
    return answer;
  }
}
