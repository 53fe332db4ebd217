/** Only with a planted bug: operators whose timers are left out of snapshots. */
import type { NodeBody, StreamGraph } from '../graph/index.ts';
import type { OperatorContext } from '../operators/index.ts';
import type { HeapKeyedStateBackend, SnapshotTable } from '../state/index.ts';

/** The same graph, forgetting. */
export function withForgetfulTimers(graph: StreamGraph): StreamGraph {
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, body: forgetfulBody(node.body) })),
  };
}

function forgetfulBody(body: NodeBody): NodeBody {
  switch (body.kind) {
    case 'source':
      return body;
    case 'one-input': {
      const { factory } = body;
      return { ...body, factory: (ctx, output) => factory(forgetfulContext(ctx), output) };
    }
    case 'two-input': {
      const { factory } = body;
      return { ...body, factory: (ctx, output) => factory(forgetfulContext(ctx), output) };
    }
  }
}

function forgetfulContext(ctx: OperatorContext): OperatorContext {
  return { ...ctx, keyedState: () => forgetfulBackend(ctx.keyedState()) };
}

function forgetfulBackend(backend: HeapKeyedStateBackend): HeapKeyedStateBackend {
  const register = Object.getPrototypeOf(backend).registerTable as (table: SnapshotTable) => void;
  const registerTable = (table: SnapshotTable): void => {
    register.call(backend, table.meta.kind === 'timers' ? forgetfulTable(table) : table);
  };
  return Object.assign(backend, { registerTable });
}

function forgetfulTable(table: SnapshotTable): SnapshotTable {
  return {
    meta: table.meta,
    size: 0,
    changeCount: 0,
    visitAll: () => undefined,
    visitChanges: () => undefined,
    dropAll: () => undefined,
    restorePut: (key, subKey, value) => table.restorePut(key, subKey, value),
    restoreRemove: (key, subKey) => table.restoreRemove(key, subKey),
  };
}
