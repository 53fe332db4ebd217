import type {
  Boundedness,
  EnumeratorContext,
  ReaderContext,
  Source,
  SourceReader,
  SourceValidation,
  SplitEnumerator,
} from '../source.ts';
import type { WakeOffer } from '../wake-offer.ts';
import { invalid } from './errors.ts';
import { HybridSourceSplitEnumerator } from './hybrid-enumerator.ts';
import { HybridSourceReader } from './hybrid-reader.ts';
import type { HybridSourceEnumeratorState, HybridSourceSplit } from './hybrid-split.ts';
import {
  type AnySource,
  type HybridSourceFactory,
  IS_HYBRID,
  isHybrid,
  isSource,
  type SourceListEntry,
} from './switched-sources.ts';

/** A source by its records and its enumerator, which the factory behind it may ask. */
export interface SourceInChain<T, EnumT extends SplitEnumerator<unknown, unknown>>
  extends AnySource<T> {
  createEnumerator(ctx: EnumeratorContext<unknown>, state?: unknown): EnumT;
}

/**
 * Sources read one after the other as if they were one: all of a source is read by all subtasks
 * before the next begins. All but the last are bounded; the last says whether the whole is.
 *
 * @see Flink `HybridSource`
 */
export class HybridSource<T> implements Source<T, HybridSourceSplit, HybridSourceEnumeratorState> {
  readonly [IS_HYBRID] = true;
  readonly name: string;
  readonly boundedness: Boundedness;
  /** The lowest of the sources that are known. */
  declare readonly maxParallelism?: number;
  readonly #entries: readonly SourceListEntry<T>[];

  /** @internal See {@link HybridSource.builder}. */
  constructor(entries: readonly SourceListEntry<T>[]) {
    const last = entries.at(-1);
    if (last === undefined) {
      throw invalid('a hybrid source has at least one source: HybridSource.builder(first).build()');
    }
    this.#entries = [...entries];
    const names = entries.map((e, i) => ('source' in e ? e.source.name : `source ${i + 1}`));
    this.name = `hybrid(${names.join(', ')})`;
    this.boundedness = last.boundedness;
    const limits = this.#known().flatMap(({ maxParallelism }) => maxParallelism ?? []);
    if (limits.length > 0) this.maxParallelism = Math.min(...limits);
  }

  /** @throws {StreamError} `BAD_HYBRID_SOURCE`. */
  static builder<T, EnumT extends SplitEnumerator<unknown, unknown>>(
    firstSource: SourceInChain<T, EnumT>,
  ): HybridSourceBuilder<T, EnumT> {
    return new HybridSourceBuilder<T, EnumT>([]).addSource(firstSource);
  }

  createEnumerator(
    ctx: EnumeratorContext<HybridSourceSplit>,
    state?: HybridSourceEnumeratorState,
  ): HybridSourceSplitEnumerator<T> {
    return new HybridSourceSplitEnumerator(this.name, this.#entries, ctx, state);
  }

  createReader(ctx: ReaderContext): SourceReader<T, HybridSourceSplit> {
    return new HybridSourceReader(this.name, this.#entries, ctx);
  }

  /** Of the sources that are known before the first is read. */
  async validate(ctx: SourceValidation): Promise<void> {
    for (const source of this.#known()) await source.validate?.(ctx);
  }

  /** Of the sources that are known before the first is read. */
  wakeOffers(): readonly WakeOffer[] {
    return this.#known().flatMap((source) => source.wakeOffers?.() ?? []);
  }

  #known(): readonly AnySource<T>[] {
    return this.#entries.flatMap((entry) => ('source' in entry ? entry.source : []));
  }
}

/** Takes the sources of a {@link HybridSource} in the order in which they are read. */
export class HybridSourceBuilder<T, EnumT extends SplitEnumerator<unknown, unknown>> {
  readonly #entries: readonly SourceListEntry<T>[];

  /** @internal See {@link HybridSource.builder}. */
  constructor(entries: readonly SourceListEntry<T>[]) {
    this.#entries = entries;
  }

  /**
   * A source that is ready; or one that is made when all before it is read, from where that ended.
   *
   * @throws {StreamError} `BAD_HYBRID_SOURCE` for what is no source, or comes after an endless one.
   */
  addSource<ToEnumT extends SplitEnumerator<unknown, unknown>>(
    source: SourceInChain<NoInfer<T>, ToEnumT>,
  ): HybridSourceBuilder<T, ToEnumT>;
  addSource<ToEnumT extends SplitEnumerator<unknown, unknown>>(
    factory: HybridSourceFactory<NoInfer<T>, EnumT, SourceInChain<NoInfer<T>, ToEnumT>>,
    boundedness: Boundedness,
  ): HybridSourceBuilder<T, ToEnumT>;
  addSource<ToEnumT extends SplitEnumerator<unknown, unknown>>(
    added: SourceInChain<T, ToEnumT> | HybridSourceFactory<T, EnumT>,
    boundedness?: Boundedness,
  ): HybridSourceBuilder<T, ToEnumT> {
    this.#checkNext();
    const entry = entryOf<T>(added, boundedness, this.#entries.length + 1);
    return new HybridSourceBuilder<T, ToEnumT>([...this.#entries, entry]);
  }

  build(): HybridSource<T> {
    return new HybridSource(this.#entries);
  }

  #checkNext(): void {
    const before = this.#entries.at(-1);
    if (before === undefined || before.boundedness === 'BOUNDED') return;
    const name = 'source' in before ? ` "${before.source.name}"` : '';
    throw invalid(
      `source ${this.#entries.length} of a hybrid source${name} has no end, so what is added ` +
        'behind it would never be read: give it an end, or add it last',
    );
  }
}

function entryOf<T>(
  added: unknown,
  boundedness: Boundedness | undefined,
  place: number,
): SourceListEntry<T> {
  if (isSource(added)) {
    checkBoundedness(added.boundedness, `source ${place} of a hybrid source, "${added.name}",`);
    if (isHybrid(added)) {
      throw invalid(
        `source ${place} of a hybrid source, "${added.name}", is hybrid itself: add its sources ` +
          'one by one',
      );
    }
    if (boundedness !== undefined && boundedness !== added.boundedness) {
      throw invalid(
        `source ${place} of a hybrid source, "${added.name}", is ${added.boundedness} and was ` +
          `added as ${boundedness}: leave the second argument out`,
      );
    }
    return { source: added as AnySource<T>, boundedness: added.boundedness };
  }
  if (typeof added !== 'function') {
    throw invalid(
      `source ${place} of a hybrid source is neither a source nor a function that makes one: ` +
        `${added === null ? 'null' : typeof added}`,
    );
  }
  if (place === 1) {
    throw invalid(
      'the first of a hybrid source is a source: there is none before it to make it from',
    );
  }
  const where = `source ${place} of a hybrid source is made by a function, which`;
  checkBoundedness(boundedness, where);
  return {
    factory: added as HybridSourceFactory<T, SplitEnumerator<unknown, unknown>>,
    boundedness,
  };
}

function checkBoundedness(boundedness: unknown, where: string): asserts boundedness is Boundedness {
  if (boundedness === 'BOUNDED' || boundedness === 'CONTINUOUS_UNBOUNDED') return;
  throw invalid(
    `${where} must say whether it ends, 'BOUNDED' or 'CONTINUOUS_UNBOUNDED': ` +
      `boundedness=${String(boundedness)}`,
  );
}
