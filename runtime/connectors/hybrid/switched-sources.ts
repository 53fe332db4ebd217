/**
 * The chain of a hybrid source, as one of its enumerators or readers sees it. Those of the sources
 * that are made when it is their turn are made in each of them, from the same final states: a
 * factory must answer the same for the same states.
 */
import { defined, isStreamError, StreamError } from '../../core/index.ts';
import type { Boundedness, EnumeratorContext, Source, SplitEnumerator } from '../source.ts';
import type { FinalState } from './hybrid-split.ts';

export type AnySource<T> = Source<T, unknown, unknown>;
type AnyEnumerator = SplitEnumerator<unknown, unknown>;

/** Marks hybrid sources. */
export const IS_HYBRID: unique symbol = Symbol('hybrid source');

/** What a factory is told when its source's turn has come. */
export interface SourceSwitchContext<EnumT> {
  /**
   * The enumerator of the source before, as it was when all of that source was read: made anew from
   * its last state, not started. It is asked, e.g. where its source ended; it assigns nothing.
   */
  getPreviousEnumerator(): EnumT;
}

/**
 * Makes a source when the one before it is read. Runs beside the JobMaster and in each subtask,
 * also after a restore: the same previous enumerator must give the same source.
 */
export type HybridSourceFactory<T, EnumT, SourceT extends AnySource<T> = AnySource<T>> = (
  context: SourceSwitchContext<EnumT>,
) => SourceT;

/** One source of the chain. */
export type SourceListEntry<T> =
  | { readonly source: AnySource<T>; readonly boundedness: Boundedness }
  | {
      readonly factory: HybridSourceFactory<T, AnyEnumerator>;
      readonly boundedness: Boundedness;
    };

/** What sources are made in. */
export type SwitchWorld = Omit<
  EnumeratorContext<unknown>,
  'assignSplits' | 'sendEvent' | 'signalNoMoreSplits'
>;

export class SwitchedSources<T> {
  readonly #entries: readonly SourceListEntry<T>[];
  readonly #world: SwitchWorld;
  readonly #made = new Map<number, AnySource<T>>();

  constructor(entries: readonly SourceListEntry<T>[], world: SwitchWorld) {
    this.#entries = entries;
    this.#world = world;
  }

  get lastIndex(): number {
    return this.#entries.length - 1;
  }

  /** Whether the source after this one is made from how this one ended. */
  isAskedFor(sourceIndex: number): boolean {
    const next = this.#entries[sourceIndex + 1];
    return next !== undefined && 'factory' in next;
  }

  /** What others need to make it. */
  statesFor(sourceIndex: number, finalStates: readonly FinalState[]): readonly FinalState[] {
    return this.isAskedFor(sourceIndex - 1) ? finalStates.slice(0, sourceIndex) : [];
  }

  /**
   * @param finalStates of the sources before it.
   * @throws {StreamError} `HYBRID_SOURCE_FACTORY`: what the factory threw, or gave is no source.
   */
  sourceOf(sourceIndex: number, finalStates: readonly FinalState[]): AnySource<T> {
    const known = this.#made.get(sourceIndex);
    if (known !== undefined) return known;
    const entry = defined(this.#entries[sourceIndex], 'the chain has this source');
    const source = 'source' in entry ? entry.source : this.#make(entry, sourceIndex, finalStates);
    this.#made.set(sourceIndex, source);
    return source;
  }

  #make(
    { factory, boundedness }: Extract<SourceListEntry<T>, { readonly factory: unknown }>,
    sourceIndex: number,
    finalStates: readonly FinalState[],
  ): AnySource<T> {
    const previous = this.sourceOf(sourceIndex - 1, finalStates);
    const state = finalStates[sourceIndex - 1]?.enumerator;
    const place = `the factory of source ${sourceIndex + 1} of a hybrid source, behind "${previous.name}",`;
    let source: unknown;
    try {
      const getPreviousEnumerator = (): AnyEnumerator => this.#endedEnumerator(previous, state);
      source = factory({ getPreviousEnumerator });
    } catch (thrown) {
      if (isStreamError(thrown)) throw thrown;
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw factoryError(`${place} threw: ${reason}`, sourceIndex, thrown);
    }
    if (!isSource(source)) {
      const hint = source instanceof Promise ? 'a promise: it cannot wait; ' : '';
      throw factoryError(
        `${place} returned no source (${hint}it must return an object with createEnumerator and createReader)`,
        sourceIndex,
      );
    }
    const made = source as AnySource<T>;
    const where = `${place} returned "${made.name}", which`;
    if (isHybrid(made)) {
      throw factoryError(`${where} is hybrid itself: add its sources one by one`, sourceIndex);
    }
    if (made.boundedness !== boundedness) {
      throw factoryError(
        `${where} is ${made.boundedness}, and was announced as ${boundedness}: say ` +
          `addSource(factory, '${made.boundedness}'), or return another source`,
        sourceIndex,
      );
    }
    const { parallelism } = this.#world;
    if (made.maxParallelism !== undefined && made.maxParallelism < parallelism) {
      throw factoryError(
        `${where} runs with a parallelism of ${made.maxParallelism} at the most: set the ` +
          `parallelism of the hybrid source to that parallelism=${parallelism}`,
        sourceIndex,
      );
    }
    return made;
  }

  #endedEnumerator(source: AnySource<T>, state: unknown): AnyEnumerator {
    const refuse = (): never => {
      throw new StreamError({
        kind: 'user',
        code: 'HYBRID_SOURCE_FACTORY',
        message: `the source "${source.name}" is read to its end: its enumerator has no readers any more; ask it where it ended`,
        details: { source: source.name },
      });
    };
    const ctx: EnumeratorContext<unknown> = {
      ...this.#world,
      assignSplits: refuse,
      signalNoMoreSplits: refuse,
      sendEvent: refuse,
    };
    return source.createEnumerator(ctx, state);
  }
}

export function isSource(value: unknown): value is AnySource<unknown> {
  const { createEnumerator, createReader } = (value ?? {}) as Partial<AnySource<unknown>>;
  return typeof createEnumerator === 'function' && typeof createReader === 'function';
}

/**
 * Their readers wait for their enumerators, which are closed when splits of an earlier source of a
 * chain are read again.
 */
export function isHybrid(source: object): boolean {
  return IS_HYBRID in source;
}

function factoryError(message: string, sourceIndex: number, cause?: unknown): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'HYBRID_SOURCE_FACTORY',
    message,
    details: { sourceIndex },
    ...(cause === undefined ? {} : { cause }),
  });
}
