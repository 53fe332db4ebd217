import { defined } from '../core/index.ts';
import { isChainable, type Topology } from './chaining.ts';
import { graphError } from './errors.ts';
import { murmur3x128, toHex } from './murmur3-128.ts';
import type { StreamNode } from './stream-graph.ts';

/**
 * The stable id of every operator by node id, 32 hex digits: from the uid where there is one,
 * else from the operator's place in the graph. Names, parallelism and closures do not count, so
 * an id survives changes to them; adding operators upstream changes the structural ids below.
 *
 * @throws {StreamError} `DUPLICATE_UID`.
 * @see Flink `StreamGraphHasherV2`.
 */
export function operatorIds(topology: Topology): ReadonlyMap<number, string> {
  const hashes = new Map<number, Uint8Array>();
  const uids = new Map<string, StreamNode>();
  const queue = topology.graph.nodes.filter((node) => node.inEdges.length === 0);
  const queued = new Set(queue.map((node) => node.id));
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    if (!node.inEdges.every((edge) => hashes.has(edge.sourceNodeId))) {
      // Comes again from the input that is still missing.
      queued.delete(node.id);
      continue;
    }
    checkUid(node, uids);
    const hash = node.uid === undefined ? structuralHash(topology, node, hashes) : ofUid(node.uid);
    hashes.set(node.id, hash);
    for (const { target } of topology.outEdges(node.id)) {
      if (queued.has(target.id)) continue;
      queued.add(target.id);
      queue.push(target);
    }
  }
  return new Map(Array.from(hashes, ([id, hash]) => [id, toHex(hash)]));
}

/** The id of every operator with this uid, 32 hex digits. */
export function operatorIdOfUid(uid: string): string {
  return toHex(ofUid(uid));
}

function checkUid(node: StreamNode, uids: Map<string, StreamNode>): void {
  if (node.uid === undefined) return;
  const other = uids.get(node.uid);
  uids.set(node.uid, node);
  if (other === undefined) return;
  throw graphError(
    'DUPLICATE_UID',
    `operators '${other.name}' and '${node.name}' have the same uid: give each its own, state ` +
      `is found by it uid=${node.uid}`,
    { uid: node.uid, first: other.name, second: node.name },
  );
}

function ofUid(uid: string): Uint8Array {
  return murmur3x128(new TextEncoder().encode(uid));
}

/** Hash of the position, once more for each chained output, mixed with the inputs' hashes. */
function structuralHash(
  topology: Topology,
  node: StreamNode,
  hashes: ReadonlyMap<number, Uint8Array>,
): Uint8Array {
  const chained = topology.outEdges(node.id).filter((out) => isChainable(topology, out)).length;
  const position = new DataView(new ArrayBuffer(4 * (chained + 1)));
  for (let i = 0; i <= chained; i++) position.setInt32(4 * i, hashes.size, true);
  const hash = murmur3x128(new Uint8Array(position.buffer));
  for (const edge of node.inEdges) {
    const input = defined(hashes.get(edge.sourceNodeId), 'inputs are hashed first');
    hash.forEach((byte, i) => {
      hash[i] = (byte * 37) ^ (input[i] ?? 0);
    });
  }
  return hash;
}
