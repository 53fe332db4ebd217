import type { OperatorSettings } from './operator-settings.ts';

/** The end of a stream: settings of its sink. */
export class DataStreamSink<T> {
  readonly #settings: OperatorSettings;
  /** Never present at run time. */
  declare readonly _t?: T;

  /** @internal */
  constructor(settings: OperatorSettings) {
    this.#settings = settings;
  }

  /** Shown in the plan, after `Sink: `. */
  name(name: string): this {
    this.#settings.name(name);
    return this;
  }

  /** A stable identity across changes of the job, unique in it. */
  uid(uid: string): this {
    this.#settings.uid(uid);
    return this;
  }

  /** @throws {StreamError} `INVALID_PARALLELISM`. */
  setParallelism(parallelism: number): this {
    this.#settings.parallelism(parallelism);
    return this;
  }

  /** @throws {StreamError} `INVALID_MAX_PARALLELISM`. */
  setMaxParallelism(maxParallelism: number): this {
    this.#settings.maxParallelism(maxParallelism);
    return this;
  }

  /** The sink becomes a task of its own. */
  disableChaining(): this {
    this.#settings.chaining('NEVER');
    return this;
  }

  /** Runs in slots of this group only. */
  slotSharingGroup(group: string): this {
    this.#settings.slotSharingGroup(group);
    return this;
  }
}
