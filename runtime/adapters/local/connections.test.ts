import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Connections } from './connections.ts';

class FakeSocket extends EventEmitter {
  isDestroyed = false;
  destroy(): void {
    this.isDestroyed = true;
    this.emit('close');
  }
}

function open(connections: Connections): FakeSocket {
  const socket = new FakeSocket();
  connections.came(socket as unknown as Socket);
  return socket;
}

function ask(connections: Connections, socket: FakeSocket): EventEmitter {
  const response = new EventEmitter();
  connections.asks(socket as unknown as Socket, response as unknown as ServerResponse);
  return response;
}

describe('Connections', () => {
  it('gives the place of the one that has asked for nothing for longest', () => {
    const connections = new Connections(3);
    const [a, b, c] = [open(connections), open(connections), open(connections)];
    const answer = ask(connections, a);
    const d = open(connections);
    assert.deepEqual(
      [a, b, c, d].map(({ isDestroyed }) => isDestroyed),
      [false, true, false, false],
    );
    answer.emit('close');
    open(connections);
    open(connections);
    assert.deepEqual(
      [a, c, d].map(({ isDestroyed }) => isDestroyed),
      [false, true, true],
    );
    open(connections);
    assert.equal(a.isDestroyed, true);
  });

  it('has no place when each has asked for something, and a place of each that ends', () => {
    const connections = new Connections(2);
    const sockets = [open(connections), open(connections)];
    for (const socket of sockets) ask(connections, socket);
    assert.equal(open(connections).isDestroyed, true);
    sockets[0]?.destroy();
    assert.equal(open(connections).isDestroyed, false);
    assert.equal(sockets[1]?.isDestroyed, false);
  });

  it('takes bodies of each kind on an eighth of them', () => {
    const connections = new Connections(16);
    const ended = [connections.receives('upload'), connections.receives('upload')];
    assert.throws(() => connections.receives('upload'), { status: 503 });
    connections.receives('body');
    ended[0]?.();
    connections.receives('upload');
    assert.throws(() => connections.receives('upload'), { status: 503 });
  });
});
