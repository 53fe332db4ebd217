/**
 * Hands records on and counts them by key, in a state that gains a field with release 2 of the job
 * and loses it with release 1.
 */
import { Types } from '../api/index.ts';
import type { FieldType, TypeInformation } from '../core/index.ts';
import type {
  Collector,
  KeyedProcessContext,
  KeyedProcessFunction,
  RuntimeContext,
} from '../operators/index.ts';
import { type ValueState, ValueStateDescriptor } from '../state/index.ts';
import type { SimRecord } from './job-spec.ts';

interface Passed {
  readonly count: number;
  /** Of the newest record; from release 2 on. */
  readonly lastId?: string;
}

const RELEASE_1 = Types.row({ count: Types.long });
const RELEASE_2 = Types.row({ count: Types.long, lastId: Types.string });

export class PassCounts implements KeyedProcessFunction<number, SimRecord, SimRecord> {
  readonly #release: number;
  readonly #violate: (what: string) => void;
  #passed: ValueState<Passed> | undefined;

  constructor(release: number, violate: (what: string) => void) {
    this.#release = release;
    this.#violate = violate;
  }

  open(ctx: RuntimeContext): void {
    const type: TypeInformation<Passed> | FieldType = this.#release === 2 ? RELEASE_2 : RELEASE_1;
    this.#passed = ctx.getState(new ValueStateDescriptor<Passed>('passed', undefined, { type }));
  }

  processElement(
    record: SimRecord,
    _ctx: KeyedProcessContext<number>,
    out: Collector<SimRecord>,
  ): void {
    const before = this.#passed?.value();
    this.#check(before);
    const count = (before?.count ?? 0) + 1;
    this.#passed?.update(this.#release === 2 ? { count, lastId: record.id } : { count });
    out.collect(record);
  }

  /** Every release sees its own fields and no others. */
  #check(passed: Passed | undefined): void {
    if (passed === undefined) return;
    const { count, lastId } = passed;
    const isWrong = !(count > 0) || (this.#release === 1 && 'lastId' in passed);
    if (isWrong || (lastId !== undefined && typeof lastId !== 'string')) {
      this.#violate(`a state of release ${this.#release} is ${JSON.stringify(passed)}`);
    }
  }
}
