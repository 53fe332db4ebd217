import {
  checkMethods,
  checkText,
  type DataStream,
  invalid,
  KeyedStream,
  type SingleOutputStreamOperator,
  type StreamExecutionEnvironment,
  transform,
} from '../api/index.ts';
import type { FileSystem } from '../core/index.ts';
import { checkMaxParallelism } from '../graph/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { bootstrapOperator, type SavepointFrame } from './bootstrap-operator.ts';
import { carryOverSource, openBase } from './carry-over-source.ts';
import { stateProcessorError } from './errors.ts';
import { identifierOf, type OperatorIdentifier, type OperatorLike } from './operator-identifier.ts';
import { StateBootstrapTransformation } from './operator-transformation.ts';
import {
  maxParallelismOf,
  type OperatorRename,
  planSavepoint,
  renamedIdentifier,
} from './savepoint-plan.ts';
import { savepointSink } from './savepoint-sink.ts';

interface AddedOperator {
  readonly identifier: OperatorIdentifier;
  readonly transformation: StateBootstrapTransformation<unknown>;
}

/**
 * Writes a savepoint: a new one, or one that differs from another. What differs is said first;
 * {@link SavepointWriter.write} adds the writing to the job, and the job does it when it runs.
 */
export class SavepointWriter {
  readonly #env: StreamExecutionEnvironment;
  /** Undefined: there is none. */
  readonly #basePath: string | undefined;
  /** Undefined: that of the base. */
  readonly #maxParallelism: number | undefined;
  readonly #added: AddedOperator[] = [];
  readonly #removed: OperatorIdentifier[] = [];
  readonly #renames: OperatorRename[] = [];

  private constructor(
    env: StreamExecutionEnvironment,
    basePath: string | undefined,
    maxParallelism: number | undefined,
  ) {
    checkMethods(env, 'SavepointWriter', ['fromSource']);
    this.#env = env;
    this.#basePath = basePath;
    this.#maxParallelism = maxParallelism;
  }

  /**
   * @param maxParallelism the number of key groups, which jobs that start from it keep.
   * @throws {StreamError} `INVALID_MAX_PARALLELISM`.
   */
  static newSavepoint(env: StreamExecutionEnvironment, maxParallelism: number): SavepointWriter {
    checkMaxParallelism(maxParallelism, 'a savepoint');
    return new SavepointWriter(env, undefined, maxParallelism);
  }

  /**
   * All operators of a savepoint or kept checkpoint are carried over, but for those that are
   * removed. New ones have the largest max parallelism of those that are there.
   *
   * @param path its directory or `_metadata`; what is there is looked at when the job is run.
   */
  static fromExistingSavepoint(env: StreamExecutionEnvironment, path: string): SavepointWriter {
    checkText(path, 'the path of a savepoint');
    return new SavepointWriter(env, path, undefined);
  }

  /** @throws {StreamError} `OPERATOR_EXISTS` when it was added before. */
  withOperator<T>(operator: OperatorLike, transformation: StateBootstrapTransformation<T>): this {
    const identifier = identifierOf(operator);
    if (!(transformation instanceof StateBootstrapTransformation)) {
      const expected = 'withOperator expects what OperatorTransformation.bootstrapWith(…) makes';
      throw invalid('INVALID_ARGUMENT', expected, transformation);
    }
    if (this.#added.some((one) => isSame(one.identifier, identifier))) {
      const advice = 'an operator is added twice, give each its own uid';
      throw stateProcessorError('OPERATOR_EXISTS', advice, { uid: identifier.text });
    }
    const erased = transformation as unknown as StateBootstrapTransformation<unknown>;
    this.#added.push({ identifier, transformation: erased });
    return this;
  }

  /** Leaves an operator of the existing savepoint out. */
  removeOperator(operator: OperatorLike): this {
    const identifier = identifierOf(operator);
    if (this.#basePath === undefined) {
      const advice = 'a new savepoint has nothing to remove, begin with fromExistingSavepoint';
      throw stateProcessorError('OPERATOR_NOT_FOUND', advice, { uid: identifier.text });
    }
    if (this.#removed.some((one) => isSame(one, identifier))) {
      throw changedTwice('removed', identifier);
    }
    this.#removed.push(identifier);
    return this;
  }

  /** Takes effect after all else, and together with all other changes: operators may swap. */
  changeOperatorIdentifier(from: OperatorLike, to: OperatorLike): this {
    const rename = { from: identifierOf(from), to: identifierOf(to) };
    for (const other of this.#renames) {
      if (isSame(other.from, rename.from)) throw changedTwice('renamed', rename.from);
      if (isSame(other.to, rename.to)) throw changedTwice('the new name of two', rename.to);
    }
    this.#renames.push(rename);
    return this;
  }

  /**
   * Adds the writing to the job.
   *
   * @param path a directory that is new or empty; it holds a savepoint once the job has ended, and
   * none if it does not come to its end.
   * @throws {StreamError} `SAVEPOINT_INCOMPLETE`; when the job is run also
   * `SAVEPOINT_TARGET_NOT_EMPTY`, `OPERATOR_NOT_FOUND`, `OPERATOR_EXISTS`.
   */
  write(path: string): void {
    checkText(path, 'the path of a savepoint');
    const edits = this.#edits();
    const basePath = this.#basePath;
    if (basePath === undefined) planSavepoint(undefined, edits, path);
    const parts: SingleOutputStreamOperator<string>[] = this.#added.map((added) =>
      this.#bootstrap(added, path),
    );
    if (basePath !== undefined) {
      const source = carryOverSource({ basePath, targetPath: path, edits });
      const strategy = WatermarkStrategy.noWatermarks<string>();
      parts.push(this.#env.fromSource(source, strategy, source.name));
    }
    const [first, ...others] = parts as [SingleOutputStreamOperator<string>];
    const stream: DataStream<string> = others.length === 0 ? first : first.union(...others);
    const validate = async (files: FileSystem): Promise<void> => {
      if (basePath !== undefined) await openBase(files, { basePath, edits });
    };
    stream
      .sinkTo(savepointSink({ targetPath: path, validate, frame: this.#frameOf() }))
      .setParallelism(1)
      .name(`savepoint ${path}`);
  }

  #bootstrap(
    { identifier, transformation }: AddedOperator,
    targetPath: string,
  ): SingleOutputStreamOperator<string> {
    const { input, factory, maxParallelism } = transformation;
    const keyed = input instanceof KeyedStream;
    const frame = this.#frameOf();
    const operator = bootstrapOperator<unknown>({
      identifier: renamedIdentifier(identifier, this.#renames),
      ...{ targetPath, keyed, maxParallelism, factory },
      frame: ({ fileSystem }) => frame(fileSystem),
    });
    const extras = { name: identifier.text, ...(keyed ? { keyed: true } : { nonParallel: true }) };
    const { upstream } = input;
    const stream = transform<unknown, string>(upstream, 'StateBootstrap', operator, extras);
    const groups = maxParallelism ?? this.#maxParallelism;
    return keyed && groups !== undefined ? stream.setMaxParallelism(groups) : stream;
  }

  #frameOf(): (files: FileSystem) => Promise<SavepointFrame> {
    const basePath = this.#basePath;
    const maxParallelism = this.#maxParallelism;
    const edits = this.#edits();
    return async (files) => {
      if (basePath === undefined) return { maxParallelism: maxParallelism ?? 1, checkpointId: 1 };
      const { manifest } = (await openBase(files, { basePath, edits })).savepoint;
      const checkpointId = manifest.checkpointId + 1;
      return { maxParallelism: maxParallelismOf(manifest), checkpointId };
    };
  }

  #edits() {
    const added = this.#added.map(({ identifier }) => identifier);
    return { added, removed: [...this.#removed], renames: [...this.#renames] };
  }
}

function isSame(one: OperatorIdentifier, other: OperatorIdentifier): boolean {
  return one.operatorId === other.operatorId;
}

function changedTwice(what: string, { text }: OperatorIdentifier): Error {
  const advice = `an operator is ${what} twice, say each change once`;
  return stateProcessorError('OPERATOR_CHANGED_TWICE', advice, { uid: text });
}
