/**
 * Where a program starts: settings, sources, and `execute`.
 *
 * I1  `execute` takes what was built so far and begins a new, empty program.
 */
import {
  collectionSource,
  type Source,
  sequenceSource,
  sourceOperator,
} from '../connectors/index.ts';
import {
  type ConfigOption,
  ConfigOptions,
  Configuration,
  type ConfigValue,
  type Duration,
} from '../core/index.ts';
import {
  checkMaxParallelism,
  checkParallelism,
  executionPlanJson,
  generateJobGraph,
  type RuntimeExecutionMode,
  type StreamGraph,
  type StreamGraphSettings,
} from '../graph/index.ts';
import type { SourceFactory } from '../operators/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import {
  checkMethods,
  checkText,
  checkWatermarkStrategy,
  durationMs,
  invalid,
} from './arguments.ts';
import { CheckpointConfig, type CheckpointingMode } from './checkpoint-config.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import type { ExecuteOptions, JobExecutionResult, JobExecutor } from './job-executor.ts';
import { addSource, JobProgram, outputOf } from './job-program.ts';
import { inOperator } from './name-refusals.ts';
import type { RestartStrategy } from './restart-strategies.ts';
import { streamFactory } from './stream-factory.ts';

/** What an environment is made of. */
export interface EnvironmentContext {
  /** Settings from the command line and the configuration file. */
  readonly configuration?: Configuration;
  /** Of a job that says none. */
  readonly defaultJobName?: string;
  /** undefined: graphs can be built and shown, not run. */
  readonly executor?: JobExecutor;
}

const DEFAULT_JOB_NAME = 'Sluice Streaming Job';
let sharedContext: EnvironmentContext = {};

/**
 * The entry to the DataStream API.
 *
 * @example
 * ```ts
 * import type { StreamExecutionEnvironment } from 'sluice';
 *
 * export default function job(env: StreamExecutionEnvironment) {
 *   env
 *     .fromData('to be', 'or not to be')
 *     .flatMap((line) => line.split(' '))
 *     .map((word) => ({ word, count: 1 }))
 *     .keyBy('word')
 *     .sum('count')
 *     .print();
 * }
 * ```
 */
export class StreamExecutionEnvironment {
  readonly #executor: JobExecutor | undefined;
  readonly #defaultJobName: string;
  #configuration: Configuration;
  #program: JobProgram;

  constructor(context: EnvironmentContext = {}) {
    this.#executor = context.executor;
    this.#defaultJobName = context.defaultJobName ?? DEFAULT_JOB_NAME;
    this.#configuration = context.configuration ?? Configuration.EMPTY;
    this.#program = this.#newProgram();
  }

  /**
   * The environment of the place the program runs in. A job module is given its environment and
   * needs no other.
   */
  static getExecutionEnvironment(): StreamExecutionEnvironment {
    return new StreamExecutionEnvironment(sharedContext);
  }

  /**
   * Decides what {@link getExecutionEnvironment} answers from now on. For those who start
   * programs, not for programs.
   *
   * @returns puts the former context back.
   */
  static setContext(context: EnvironmentContext): () => void {
    const former = sharedContext;
    sharedContext = context;
    return () => {
      sharedContext = former;
    };
  }

  /**
   * The parallelism of every operator that sets none; wins over `parallelism.default` of the
   * configuration file and the command line.
   *
   * @throws {StreamError} `INVALID_PARALLELISM`.
   */
  setParallelism(parallelism: number): this {
    checkParallelism(parallelism, 'the environment');
    return this.#set(ConfigOptions.DEFAULT_PARALLELISM, parallelism, 'env.setParallelism');
  }

  getParallelism(): number {
    return this.#configuration.get(ConfigOptions.DEFAULT_PARALLELISM);
  }

  /**
   * The number of key groups, which is the most subtasks a keyed operator can ever have.
   *
   * @throws {StreamError} `INVALID_MAX_PARALLELISM`.
   * @defaultValue per operator: 1.5 times the parallelism, the next power of two, at least 128.
   */
  setMaxParallelism(maxParallelism: number): this {
    checkMaxParallelism(maxParallelism, 'the environment');
    return this.#set(ConfigOptions.MAX_PARALLELISM, maxParallelism, 'env.setMaxParallelism');
  }

  /** -1 when it is derived for each operator. */
  getMaxParallelism(): number {
    return this.#configuration.get(ConfigOptions.MAX_PARALLELISM);
  }

  /**
   * How the job runs: BATCH stage by stage, each over the whole of its input; AUTOMATIC as BATCH if
   * every source is bounded.
   *
   * @throws {StreamError} `INVALID_ARGUMENT`; later, when the graph is built, `UNBOUNDED_SOURCE`.
   * @defaultValue STREAMING
   */
  setRuntimeMode(mode: RuntimeExecutionMode): this {
    if (mode !== 'STREAMING' && mode !== 'BATCH' && mode !== 'AUTOMATIC') {
      const expected = 'setRuntimeMode expects STREAMING, BATCH or AUTOMATIC';
      throw invalid('INVALID_ARGUMENT', expected, mode);
    }
    return this.#set<RuntimeExecutionMode>(ConfigOptions.RUNTIME_MODE, mode, 'env.setRuntimeMode');
  }

  /** The longest a record waits in a buffer; 0 sends each at once, -1 only full buffers. */
  setBufferTimeout(timeout: Duration): this {
    if (timeout === -1) {
      return this.#set(ConfigOptions.BUFFER_TIMEOUT_ENABLED, false, 'env.setBufferTimeout');
    }
    const timeoutMs = durationMs(timeout, 'the buffer timeout', { positive: false });
    this.#set(ConfigOptions.BUFFER_TIMEOUT_ENABLED, true, 'env.setBufferTimeout');
    const interval: ConfigOption<number> = ConfigOptions.BUFFER_TIMEOUT_INTERVAL_MS;
    return this.#set(interval, timeoutMs, 'env.setBufferTimeout');
  }

  /** Every operator becomes a task of its own: slower, easier to observe. */
  disableOperatorChaining(): this {
    return this.#set(ConfigOptions.OPERATOR_CHAINING, false, 'env.disableOperatorChaining');
  }

  /**
   * Takes a checkpoint of all state every `interval`, from which the job goes on after a failure.
   *
   * @example `env.enableCheckpointing('10 s')`
   * @param mode @defaultValue `EXACTLY_ONCE`
   * @throws {StreamError} `INVALID_ARGUMENT` below 10 ms.
   */
  enableCheckpointing(interval: Duration, mode?: CheckpointingMode): this {
    const config = this.getCheckpointConfig().setCheckpointInterval(interval);
    if (mode !== undefined) config.setCheckpointingMode(mode);
    return this;
  }

  /** The other settings of checkpoints. */
  getCheckpointConfig(): CheckpointConfig {
    return new CheckpointConfig((settings, origin) => {
      this.configure(Configuration.fromRecord(settings, origin));
    });
  }

  /**
   * What happens when a job fails.
   *
   * @defaultValue with checkpoints: restarts with an exponentially growing delay; without: none.
   */
  setRestartStrategy(strategy: RestartStrategy): this {
    if (typeof strategy !== 'object' || strategy === null || !('settings' in strategy)) {
      const expected = 'setRestartStrategy expects one of RestartStrategies';
      throw invalid('INVALID_ARGUMENT', expected, strategy);
    }
    return this.configure(Configuration.fromRecord(strategy.settings, 'env.setRestartStrategy'));
  }

  /**
   * Settings by Flink's names; wins over the configuration file and the command line.
   *
   * @example `env.configure({ 'pipeline.auto-watermark-interval': '50 ms' })`
   * @throws {StreamError} `UNKNOWN_OPTION`, `UNSUPPORTED_OPTION`, `MALFORMED_OPTION`.
   */
  configure(settings: Configuration | Readonly<Record<string, ConfigValue>>): this {
    if (typeof settings !== 'object' || settings === null) {
      throw invalid('INVALID_ARGUMENT', 'configure expects an object of settings', settings);
    }
    const stronger =
      settings instanceof Configuration
        ? settings
        : Configuration.fromRecord(settings, 'env.configure');
    this.#configuration = this.#configuration.merge(stronger);
    return this;
  }

  getConfig(): Configuration {
    return this.#configuration;
  }

  /**
   * A bounded stream of integers, both ends included, split among the subtasks.
   *
   * @throws {StreamError} `BAD_SEQUENCE` unless both are integers and `from <= to`.
   */
  fromSequence(from: number, to: number): SingleOutputStreamOperator<number> {
    return this.#source(sequenceSource(from, to), WatermarkStrategy.noWatermarks(), 'Sequence');
  }

  /** A bounded stream of the given values, in order, read by one subtask. */
  fromData<T>(values: readonly T[]): SingleOutputStreamOperator<T>;
  fromData<T>(...values: readonly T[]): SingleOutputStreamOperator<T>;
  fromData<T>(...values: readonly (T | readonly T[])[]): SingleOutputStreamOperator<T> {
    const [first] = values;
    const isList = values.length === 1 && Array.isArray(first);
    const list = (isList ? first : values) as readonly T[];
    const missing = list.indexOf(undefined as T);
    if (missing !== -1) {
      throw invalid('INVALID_ARGUMENT', `fromData has an undefined value index=${missing}`);
    }
    return this.#source(collectionSource(list), WatermarkStrategy.noWatermarks(), 'Collection');
  }

  /**
   * A stream from a source, with timestamps and watermarks made where the records are read: per
   * split, so that splits read at different speed make no record late.
   *
   * @param sourceName shown in the plan, after `Source: `.
   */
  fromSource<T, SplitT, EnumeratorStateT>(
    source: Source<T, SplitT, EnumeratorStateT>,
    watermarkStrategy: WatermarkStrategy<NoInfer<T>>,
    sourceName: string = source?.name,
  ): SingleOutputStreamOperator<T> {
    inOperator(`Source: ${sourceName}`, [], () => {
      checkMethods(source, 'fromSource', ['createEnumerator', 'createReader']);
      checkWatermarkStrategy(watermarkStrategy, 'fromSource');
      checkText(sourceName, 'the name of a source');
    });
    return this.#source(source, watermarkStrategy, sourceName);
  }

  /**
   * Runs the job and waits for its end.
   *
   * @param jobName wins over `pipeline.name`.
   * @throws {StreamError} what is wrong with the graph, `NO_EXECUTOR`, or the job's failure.
   */
  execute(jobName?: string): Promise<JobExecutionResult> {
    return this.#execute(jobName, {});
  }

  /** The operators as JSON, for Flink's plan visualizer. */
  getExecutionPlan(): string {
    return JSON.stringify(executionPlanJson(this.getStreamGraph()), null, 2);
  }

  /**
   * What was built so far, parallelism and partitioners decided.
   *
   * @throws {StreamError} for what cannot be (see `resolveParallelism`).
   */
  getStreamGraph(jobName?: string): StreamGraph {
    if (jobName !== undefined) checkText(jobName, 'the name of a job');
    const configuration = this.#configuration;
    return this.#program.builder.build({
      jobName: jobName ?? configuration.get(ConfigOptions.PIPELINE_NAME) ?? this.#defaultJobName,
      defaultParallelism: configuration.get(ConfigOptions.DEFAULT_PARALLELISM),
      maxParallelism: configuration.get(ConfigOptions.MAX_PARALLELISM),
      chainingEnabled: configuration.get(ConfigOptions.OPERATOR_CHAINING),
      runtimeMode: configuration.get(ConfigOptions.RUNTIME_MODE),
      batchExchange:
        configuration.get(ConfigOptions.BATCH_SHUFFLE_MODE) === 'ALL_EXCHANGES_BLOCKING'
          ? 'BLOCKING'
          : 'PIPELINED',
      ...adaptiveParallelism(configuration),
    });
  }

  async #execute(
    jobName: string | undefined,
    options: Omit<ExecuteOptions, 'configuration'>,
  ): Promise<JobExecutionResult> {
    const graph = this.getStreamGraph(jobName);
    generateJobGraph(graph);
    if (this.#executor === undefined) {
      throw invalid(
        'NO_EXECUTOR',
        'this environment only builds graphs: run the job with `npx sluice run <file>`',
      );
    }
    this.#program.executed = true;
    this.#program = this.#newProgram();
    return this.#executor.execute(graph, { configuration: this.#configuration, ...options });
  }

  #newProgram(): JobProgram {
    const execute = this.#execute.bind(this);
    return new JobProgram({ execute }, streamFactory);
  }

  #source<T, SplitT, EnumeratorStateT>(
    source: Source<T, SplitT, EnumeratorStateT>,
    strategy: WatermarkStrategy<T>,
    name: string,
  ): SingleOutputStreamOperator<T> {
    const factory = sourceOperator(source, strategy) as SourceFactory<unknown>;
    const { alignment } = strategy;
    const node = addSource(this.#program, name, {
      source: source as Source<unknown, unknown, unknown>,
      factory,
      ...(alignment === undefined ? {} : { alignment }),
    });
    return this.#program.streams.single<T>(outputOf(this.#program, node), node);
  }

  #set<T extends ConfigValue>(
    option: ConfigOption<T>,
    value: Exclude<T, undefined>,
    origin: string,
  ): this {
    this.#configuration = this.#configuration.with(option, value, origin);
    return this;
  }
}

/** Where nobody says how parallel a job is. */
function adaptiveParallelism(configuration: Configuration): Pick<StreamGraphSettings, 'adaptive'> {
  const isSet = configuration.has(ConfigOptions.DEFAULT_PARALLELISM);
  if (isSet || !configuration.get(ConfigOptions.AUTO_PARALLELISM)) return {};
  const maxParallelism = configuration.get(ConfigOptions.AUTO_PARALLELISM_MAX);
  const sourceParallelism = configuration.get(ConfigOptions.AUTO_PARALLELISM_SOURCE);
  return { adaptive: { maxParallelism, sourceParallelism } };
}
