/**
 * The line between the engine and a user's function: its life cycle, and what its failures say.
 *
 * I1  Whatever a user function throws leaves as a StreamError that names operator and subtask.
 * I2  The good path pays for a try block and nothing else.
 * I3  A function with a life cycle belongs to one subtask of one operator.
 * I4  `initializeState` settles before `open` begins.
 */
import { isStreamError, StreamError } from '../core/index.ts';
import type { KeyedStateStore } from '../state/index.ts';
import type { FunctionInitializationContext, RichFunction } from './functions.ts';
import type { OperatorContext } from './operator.ts';
import { createRuntimeContext } from './runtime-context.ts';

/** The subtask an error speaks of. */
export type OperatorPlace = Pick<OperatorContext, 'operatorName' | 'subtaskIndex' | 'parallelism'>;

const MAX_RECORD_CHARS = 200;

/** Objects with a life cycle that are open in this thread. */
const openFunctions = new WeakSet<object>();

export class UserFunction {
  #opened = false;
  readonly #fn: unknown;
  readonly #what: string;
  readonly #ctx: OperatorContext;

  /** @param what how errors call it, e.g. `map function`. */
  constructor(fn: unknown, what: string, ctx: OperatorContext) {
    this.#fn = fn;
    this.#what = what;
    this.#ctx = ctx;
  }

  /** @param store undefined where the stream is not keyed. */
  open(store: KeyedStateStore | undefined): void | Promise<void> {
    this.#claim();
    const runtime = createRuntimeContext(this.#ctx, store);
    const open = (): void | Promise<void> => this.#guarded('open', (rich) => rich.open?.(runtime));
    const initialized = this.#initialize(store);
    return initialized === undefined ? open() : initialized.then(open);
  }

  /** At the cut: the function puts what it holds into its operator states. */
  snapshotState(checkpointId: number): void {
    this.#synchronously('snapshotState', (rich) => rich.snapshotState?.({ checkpointId }));
  }

  notifyCheckpointComplete(checkpointId: number): void | Promise<void> {
    return this.#guarded('notifyCheckpointComplete', (rich) =>
      rich.notifyCheckpointComplete?.(checkpointId),
    );
  }

  notifyCheckpointAborted(checkpointId: number): void {
    const call = (rich: RichFunction): unknown => rich.notifyCheckpointAborted?.(checkpointId);
    this.#synchronously('notifyCheckpointAborted', call);
  }

  close(): void | Promise<void> {
    if (this.#opened && typeof this.#fn === 'object' && this.#fn !== null) {
      openFunctions.delete(this.#fn);
    }
    return this.#guarded('close', (rich) => rich.close?.());
  }

  #synchronously(method: string, call: (rich: RichFunction) => unknown): void {
    if (typeof this.#fn !== 'object' || this.#fn === null) return;
    let returned: unknown;
    try {
      returned = call(this.#fn);
    } catch (thrown) {
      throw userFailure(this.#ctx, `${method} of ${this.#what}`, thrown);
    }
    if (!(returned instanceof Promise)) return;
    returned.catch(() => {});
    throw this.misuse(
      'ASYNC_SNAPSHOT',
      `has a ${method} that returned a promise: the cut cannot wait, put the state into operator ` +
        'state synchronously and do the rest in notifyCheckpointComplete',
    );
  }

  #initialize(store: KeyedStateStore | undefined): void | Promise<void> {
    const { restoredCheckpointId, operatorState } = this.#ctx;
    const isRestored = restoredCheckpointId !== undefined;
    const init: FunctionInitializationContext = {
      isRestored,
      restoredCheckpointId,
      operatorState,
      keyedState: store,
    };
    return this.#guarded('initializeState', (rich) => rich.initializeState?.(init));
  }

  /** I3. */
  #claim(): void {
    if (typeof this.#fn !== 'object' || this.#fn === null) return;
    if (!('open' in this.#fn || 'initializeState' in this.#fn)) return;
    if (openFunctions.has(this.#fn)) {
      throw this.misuse(
        'FUNCTION_SHARED',
        'is an object that another operator or subtask has open: what one keeps in its fields ' +
          'the other would overwrite; make an object for each operator, and run a job with ' +
          'parallelism as a job module with `sluice run`',
      );
    }
    openFunctions.add(this.#fn);
    this.#opened = true;
  }

  /** The error for what a call with this record threw. */
  failure(thrown: unknown, record?: unknown): StreamError {
    return userFailure(this.#ctx, this.#what, thrown, record);
  }

  /** The error for a function that returned a promise. */
  asynchronous(): StreamError {
    return this.misuse(
      'ASYNC_FUNCTION',
      'returned a promise, but operators are synchronous: do asynchronous work in a source or a sink',
    );
  }

  /** An error about what the function returned; `problem` follows the function's name. */
  misuse(code: string, problem: string, record?: unknown): StreamError {
    const { operatorName } = this.#ctx;
    const { at, details } = placeOf(this.#ctx);
    const shown = record === undefined ? '' : `; record=${shortJson(record)}`;
    return new StreamError({
      kind: 'user',
      code,
      message: `${this.#what} in operator "${operatorName}" (${at}) ${problem}${shown}`,
      details,
    });
  }

  #guarded(
    phase: string,
    call: (rich: RichFunction) => void | Promise<void>,
  ): void | Promise<void> {
    if (typeof this.#fn !== 'object' || this.#fn === null) return undefined;
    const fail = (thrown: unknown): never => {
      throw userFailure(this.#ctx, `${phase} of ${this.#what}`, thrown);
    };
    try {
      const done = call(this.#fn);
      return done instanceof Promise ? done.catch(fail) : undefined;
    } catch (thrown) {
      return fail(thrown);
    }
  }
}

/**
 * Turns what user code threw into an error of kind `user`. Errors of the engine pass unchanged;
 * those of kind `user` get the operator and the record unless they name one already.
 */
export function userFailure(
  ctx: OperatorPlace,
  what: string,
  thrown: unknown,
  record?: unknown,
): StreamError {
  const { at, details } = placeOf(ctx);
  const recordDetail = record === undefined ? {} : { record: shortJson(record) };
  const shown = recordDetail.record === undefined ? '' : `record=${recordDetail.record}`;
  if (!isStreamError(thrown)) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    const where = `${what} failed in operator "${ctx.operatorName}" (${at})`;
    const message = `${where}: ${text}${shown === '' ? '' : `; ${shown}`}`;
    return new StreamError({
      kind: 'user',
      code: 'USER_FUNCTION_FAILED',
      message,
      details: { ...details, ...recordDetail },
      cause: thrown,
    });
  }
  if (thrown.kind !== 'user' || thrown.details.operator !== undefined) return thrown;
  const place = `operator="${ctx.operatorName}" ${at.replace(' ', '=')}`;
  const error = new StreamError({
    kind: thrown.kind,
    code: thrown.code,
    message: `${thrown.message}: ${place}${shown === '' ? '' : ` ${shown}`}`,
    details: { ...details, ...recordDetail, ...thrown.details },
    cause: thrown.cause,
  });
  if (thrown.stack !== undefined) error.stack = thrown.stack;
  return error;
}

/** JSON of a record for an error message, at most 200 characters. */
export function shortJson(record: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(record, jsonSafe) ?? String(record);
  } catch {
    text = String(record);
  }
  return text.length <= MAX_RECORD_CHARS ? text : `${text.slice(0, MAX_RECORD_CHARS - 1)}…`;
}

function jsonSafe(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

function placeOf(ctx: OperatorPlace): {
  readonly at: string;
  readonly details: { readonly operator: string; readonly subtask: number };
} {
  return {
    at: `subtask ${ctx.subtaskIndex + 1}/${ctx.parallelism}`,
    details: { operator: ctx.operatorName, subtask: ctx.subtaskIndex },
  };
}

/** The life cycle of a function object, for another one that stands for it. */
export function lifeCycleOf(fn: RichFunction): RichFunction {
  return {
    ...(fn.open && { open: fn.open.bind(fn) }),
    ...(fn.close && { close: fn.close.bind(fn) }),
    ...(fn.initializeState && { initializeState: fn.initializeState.bind(fn) }),
    ...(fn.snapshotState && { snapshotState: fn.snapshotState.bind(fn) }),
    ...(fn.notifyCheckpointComplete && {
      notifyCheckpointComplete: fn.notifyCheckpointComplete.bind(fn),
    }),
    ...(fn.notifyCheckpointAborted && {
      notifyCheckpointAborted: fn.notifyCheckpointAborted.bind(fn),
    }),
  };
}
