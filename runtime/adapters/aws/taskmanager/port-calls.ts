/**
 * Calls from a slot's thread to the main thread, by a port: one set of connections, one budget of
 * retries, and no SDK to be loaded in every thread.
 *
 * - I1: bytes change hands, memory and all; what is a part of something larger is copied once.
 * - I2: the port keeps the thread alive only while something is asked.
 * - I3: answers come as errors with their codes; questions after the end are not answered.
 */
import type { MessagePort } from 'node:worker_threads';
import { StreamError, type StreamErrorRecord, toStreamError } from '../../../core/index.ts';

interface Question {
  readonly id: number;
  readonly call: unknown;
}

type Answer = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly error: StreamErrorRecord }
);

/** In the slot's thread. */
export class PortCaller<CallT> {
  readonly #port: MessagePort;
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (answer: Answer) => this.#onAnswer(answer));
    // I2.
    port.unref();
  }

  /**
   * @param bytes in the call that are given away with it (I1).
   * @throws {StreamError} as the main thread's call.
   */
  ask(call: CallT, bytes?: Uint8Array<ArrayBuffer>): Promise<unknown> {
    const id = this.#nextId++;
    const asked = Promise.withResolvers<unknown>();
    this.#asked.set(id, asked);
    if (this.#asked.size === 1) this.#port.ref();
    const transfer = bytes === undefined ? [] : [bytes.buffer];
    this.#port.postMessage({ id, call } satisfies Question, transfer);
    return asked.promise;
  }

  close(): void {
    this.#port.close();
  }

  #onAnswer(answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if (this.#asked.size === 0) this.#port.unref();
    if ('error' in answer) asked?.reject(StreamError.fromJSON(answer.error));
    else asked?.resolve(answer.value);
  }
}

/** In the main thread: answers until the port is closed. Calls begin in the order of their asking. */
export function servePort<CallT>(
  port: MessagePort,
  answer: (call: CallT) => Promise<unknown>,
): void {
  port.on('message', ({ id, call }: Question) => {
    answer(call as CallT).then(
      (value) => {
        const own = value instanceof Uint8Array ? ownBytes(value) : undefined;
        const transfer = own === undefined ? [] : [own.buffer];
        port.postMessage({ id, value: own ?? value } satisfies Answer, transfer);
      },
      (thrown: unknown) => port.postMessage({ id, error: toStreamError(thrown).toJSON() }),
    );
  });
}

/** The bytes in memory of their own, which may be given away: as they are, or copied. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && bytes.length === buffer.byteLength;
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
