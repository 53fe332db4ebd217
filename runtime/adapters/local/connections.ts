/**
 * How many connections a server has, and for what.
 *
 * I1  There are never more than so many. Who comes beyond gets the place of the one that has asked
 *     for nothing for longest; when all have asked for something, there is none.
 * I2  Bodies under way have a part of them only: who sends slowly keeps nobody out who asks without
 *     one. Uploads, which may take long, keep out no other bodies.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { HttpRefusal } from '../http/index.ts';

/** One of so many connections may be sending a body of a kind. */
const BODIES_IN = 8;

type BodyKind = 'upload' | 'body';

export class Connections {
  readonly #max: number;
  readonly #all = new Set<Socket>();
  /** Without a request under way, the longest first. */
  readonly #idle = new Set<Socket>();
  readonly #bodies: Record<BodyKind, number> = { upload: 0, body: 0 };

  constructor(max: number) {
    this.#max = max;
  }

  /** I1. */
  came(socket: Socket): void {
    if (this.#all.size >= this.#max) {
      const [longest] = this.#idle;
      if (longest === undefined) {
        socket.destroy();
        return;
      }
      this.#remove(longest);
      longest.destroy();
    }
    this.#all.add(socket);
    this.#idle.add(socket);
    socket.once('close', () => this.#remove(socket));
  }

  /** Its headers are there; until the answer is sent, or is not wanted any more. */
  asks(socket: Socket, response: ServerResponse): void {
    this.#idle.delete(socket);
    response.once('close', () => {
      if (this.#all.has(socket)) this.#idle.add(socket);
    });
  }

  /**
   * I2.
   *
   * @returns to be called when the body is there, or will not come.
   * @throws {HttpRefusal} 503.
   */
  receives(kind: BodyKind): () => void {
    if (this.#bodies[kind] >= Math.ceil(this.#max / BODIES_IN)) {
      throw new HttpRefusal(503, 'Too many requests are being received: try again.');
    }
    this.#bodies[kind] += 1;
    return () => {
      this.#bodies[kind] -= 1;
    };
  }

  #remove(socket: Socket): void {
    this.#all.delete(socket);
    this.#idle.delete(socket);
  }
}
